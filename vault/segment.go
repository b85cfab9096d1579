package vault

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// A part of a segment of the sealed index. It is this device's own: another format only makes the next unlock open all objects.
//
//	format u8 | entries | strings | length of the summaries | summaries | folded texts of the entries, one after the other
//	summary   = id 16 | flags | folder 16 if it is in one | archived, trashed, created, updated
//	            | kind | title | subtitle | hosts | tags | lengths of the folded title, short texts and all texts
//
// Numbers are varints, times signed ones; a text is its length and its bytes, a list its length and its texts.
const segmentFormat = 1

// Sizes in bytes. maxEntry leaves room for a part to be over by one entry and still fit an envelope.
const (
	maxPart  = 256 << 10
	maxEntry = 256 << 10
)

// The flags of an entry, in the order of entry.flags.
const (
	flagFolder = 1 << iota
	flagFavorite
	flagConflict
	flagUnreadable
	flagReadOnly
	flagOTP
)

func (e *entry) flags() (flags uint64) {
	for n, set := range [...]bool{!e.Folder.IsZero(), e.Favorite, e.Conflict, e.Unreadable, e.ReadOnly, e.HasOTP} {
		if set {
			flags |= 1 << n
		}
	}
	return flags
}

// appendSummary writes all of an entry but its folded texts.
func appendSummary(b []byte, e *entry) []byte {
	b = append(b, e.ID[:]...)
	b = binary.AppendUvarint(b, e.flags())
	if !e.Folder.IsZero() {
		b = append(b, e.Folder[:]...)
	}
	for _, time := range []int64{e.ArchivedAt, e.TrashedAt, e.CreatedAt, e.UpdatedAt} {
		b = binary.AppendVarint(b, time)
	}
	for _, text := range []string{string(e.Kind), e.Title, e.Subtitle} {
		b = appendText(b, text)
	}
	for _, list := range [][]string{e.Hosts, e.Tags} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, text := range list {
			b = appendText(b, text)
		}
	}
	text, title, short := e.doc.Parts()
	for _, n := range []int{title, short, len(text)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// partWriter collects entries into parts.
type partWriter struct {
	parts            [][]byte
	summaries, docs  []byte
	entries, strings int
}

var errLargeEntry = errors.New("an entry of the index is too large for it")

func (w *partWriter) add(e *entry) error {
	before := len(w.summaries)
	w.summaries = appendSummary(w.summaries, e)
	text, _, _ := e.doc.Parts()
	w.docs = append(w.docs, text...)
	w.entries++
	w.strings += len(e.Hosts) + len(e.Tags)
	if len(w.summaries)-before > maxEntry {
		return errLargeEntry
	}
	if len(w.summaries)+len(w.docs) > maxPart {
		w.flush()
	}
	return nil
}

func (w *partWriter) flush() {
	part := make([]byte, 0, 32+len(w.summaries)+len(w.docs))
	part = append(part, segmentFormat)
	for _, n := range []int{w.entries, w.strings, len(w.summaries)} {
		part = binary.AppendUvarint(part, uint64(n))
	}
	w.parts = append(w.parts, append(append(part, w.summaries...), w.docs...))
	clear(w.summaries)
	clear(w.docs)
	*w = partWriter{parts: w.parts, summaries: w.summaries[:0], docs: w.docs[:0]}
}

// encodeSegment writes entries as parts, at least one. The caller clears them.
func encodeSegment(entries []*entry) ([][]byte, error) {
	var w partWriter
	for _, e := range entries {
		if err := w.add(e); err != nil {
			wipeParts(w.parts)
			return nil, err
		}
	}
	if w.entries > 0 || len(w.parts) == 0 {
		w.flush()
	}
	return w.parts, nil
}

func wipeParts(parts [][]byte) {
	for _, part := range parts {
		clear(part)
	}
}

// partReader reads a text from its beginning to its end. After a mistake in it, all that is read is empty.
type partReader struct {
	rest    string
	mistake bool
	strings []string // room for the lists
}

func (r *partReader) take(n uint64) string {
	if r.mistake || n > uint64(len(r.rest)) {
		r.mistake = true
		return ""
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *partReader) number() (n uint64) {
	for i := 0; !r.mistake && i < min(len(r.rest), binary.MaxVarintLen64); i++ {
		b := r.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.mistake = true
	return 0
}

// length is a number of things of which each takes a byte at least.
func (r *partReader) length() int {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.mistake = true
		return 0
	}
	return int(n)
}

func (r *partReader) time() int64 {
	n := r.number()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *partReader) text() string { return r.take(r.number()) }

func (r *partReader) id() (i id.ID) {
	copy(i[:], r.take(id.Size))
	return i
}

func (r *partReader) list() []string {
	n := r.length()
	if n == 0 || n > cap(r.strings)-len(r.strings) {
		r.mistake = r.mistake || n > 0
		return nil
	}
	from := len(r.strings)
	for range n {
		r.strings = append(r.strings, r.text())
	}
	return r.strings[from:len(r.strings):len(r.strings)]
}

// decodePart reads the entries of a part; false for anything that encodeSegment does not write.
func decodePart(part []byte) ([]entry, bool) {
	if len(part) == 0 || part[0] != segmentFormat {
		return nil, false
	}
	// One string for all summaries and one for all folded texts, which an index packs and lets go.
	head := partReader{rest: string(part[1:min(len(part), 1+3*binary.MaxVarintLen64)])}
	count, strings, size := head.number(), head.number(), head.number()
	body := part[1+min(len(part)-1, 3*binary.MaxVarintLen64)-len(head.rest):]
	if head.mistake || size > uint64(len(body)) || count > size || strings > size {
		return nil, false
	}
	summaries := partReader{rest: string(body[:size]), strings: make([]string, 0, strings)}
	docs := partReader{rest: string(body[size:])}
	entries := make([]entry, count)
	for i := range entries {
		if !readEntry(&entries[i], &summaries, &docs) {
			return nil, false
		}
	}
	return entries, summaries.rest == "" && docs.rest == ""
}

func readEntry(e *entry, r, docs *partReader) bool {
	e.ID, e.unproven = r.id(), true
	flags := r.number()
	if flags&flagFolder != 0 {
		e.Folder = r.id()
	}
	e.Favorite, e.Conflict, e.Unreadable = flags&flagFavorite != 0, flags&flagConflict != 0, flags&flagUnreadable != 0
	e.ReadOnly, e.HasOTP = flags&flagReadOnly != 0, flags&flagOTP != 0
	e.ArchivedAt, e.TrashedAt, e.CreatedAt, e.UpdatedAt = r.time(), r.time(), r.time(), r.time()
	e.Kind, e.Title, e.Subtitle = kindNamed(r.text()), r.text(), r.text()
	e.Hosts, e.Tags = r.list(), r.list()
	title, short, all := r.number(), r.number(), r.number()
	text := docs.take(all)
	if r.mistake || docs.mistake || title > short || short > all {
		return false
	}
	var ok bool
	e.doc, ok = search.RestoreDoc(text, int(title), int(short))
	return ok
}

// kindNames has one string for all items of a kind.
var kindNames = func() map[string]Kind {
	names := map[string]Kind{string(folderKind): folderKind, string(markKind): markKind, string(attachmentKind): attachmentKind}
	for _, spec := range kinds {
		names[string(spec.Kind)] = spec.Kind
	}
	return names
}()

func kindNamed(name string) Kind {
	if k, known := kindNames[name]; known {
		return k
	}
	return Kind(strings.Clone(name))
}
