package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// A part of a segment of the sealed index. It is this device's own: another format only makes the next unlock open all objects.
//
//	format u8 | entries | strings | length of the summaries | length of their texts
//	          | summaries | their texts, one after the other | folded texts of the entries, likewise
//	summary   = id 16 | flags | folder 16 if it is in one | archived, trashed, created, updated
//	            | kind, with its length | title | subtitle | hosts | tags | lengths of the folded title, short texts and all texts
//
// Numbers are varints, times signed ones; in a summary a text is its length, a list its length and its texts. So what stays in memory
// of a part that was read is texts alone.
const segmentFormat = 2

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

// summaryWriter writes summaries, and their texts beside them.
type summaryWriter struct{ numbers, texts []byte }

// add writes all of an entry but its folded texts.
func (w *summaryWriter) add(e *entry) {
	b := append(w.numbers, e.ID[:]...)
	b = binary.AppendUvarint(b, e.flags())
	if !e.Folder.IsZero() {
		b = append(b, e.Folder[:]...)
	}
	for _, time := range []int64{e.ArchivedAt, e.TrashedAt, e.CreatedAt, e.UpdatedAt} {
		b = binary.AppendVarint(b, time)
	}
	b = append(binary.AppendUvarint(b, uint64(len(e.Kind))), e.Kind...)
	for _, text := range []string{e.Title, e.Subtitle} {
		b = w.appendText(b, text)
	}
	for _, list := range [][]string{e.Hosts, e.Tags} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, text := range list {
			b = w.appendText(b, text)
		}
	}
	text, title, short := e.doc.Parts()
	for _, n := range []int{title, short, len(text)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	w.numbers = b
}

func (w *summaryWriter) appendText(b []byte, text string) []byte {
	w.texts = append(w.texts, text...)
	return binary.AppendUvarint(b, uint64(len(text)))
}

func (w *summaryWriter) len() int { return len(w.numbers) + len(w.texts) }

// reset forgets what was written, and keeps the room.
func (w *summaryWriter) reset() {
	clear(w.numbers)
	clear(w.texts)
	w.numbers, w.texts = w.numbers[:0], w.texts[:0]
}

// sameSummary tells whether two entries are the same but for their folded texts.
func sameSummary(a, b *entry) bool {
	var one, other summaryWriter
	one.add(a)
	other.add(b)
	return bytes.Equal(one.numbers, other.numbers) && bytes.Equal(one.texts, other.texts)
}

// partWriter collects entries into parts.
type partWriter struct {
	parts            [][]byte
	summaries        summaryWriter
	docs             []byte
	entries, strings int
}

var errLargeEntry = errors.New("an entry of the index is too large for it")

func (w *partWriter) add(e *entry) error {
	before := w.summaries.len()
	w.summaries.add(e)
	text, _, _ := e.doc.Parts()
	w.docs = append(w.docs, text...)
	w.entries++
	w.strings += len(e.Hosts) + len(e.Tags)
	if w.summaries.len()-before > maxEntry {
		return errLargeEntry
	}
	if w.summaries.len()+len(w.docs) > maxPart {
		w.flush()
	}
	return nil
}

func (w *partWriter) flush() {
	part := make([]byte, 0, 32+w.summaries.len()+len(w.docs))
	part = append(part, segmentFormat)
	for _, n := range []int{w.entries, w.strings, len(w.summaries.numbers), len(w.summaries.texts)} {
		part = binary.AppendUvarint(part, uint64(n))
	}
	part = append(append(part, w.summaries.numbers...), w.summaries.texts...)
	w.parts = append(w.parts, append(part, w.docs...))
	w.summaries.reset()
	clear(w.docs)
	w.docs, w.entries, w.strings = w.docs[:0], 0, 0
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
	texts   *partReader // of the summaries that it reads
	strings []string    // room for the lists
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

func (r *partReader) text() string { return r.texts.take(r.number()) }

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
	head := partReader{rest: string(part[1:min(len(part), 1+headNumbers*binary.MaxVarintLen64)])}
	count, strings, size, texts := head.number(), head.number(), head.number(), head.number()
	body := part[1+min(len(part)-1, headNumbers*binary.MaxVarintLen64)-len(head.rest):]
	if head.mistake || size > uint64(len(body)) || texts > uint64(len(body))-size || count > size || strings > size {
		return nil, false
	}
	// One string for all texts, and one for all folded ones: these stay in memory.
	all := partReader{rest: string(body[size:][:texts])}
	docs := partReader{rest: string(body[size+texts:])}
	summaries := partReader{rest: string(body[:size]), texts: &all, strings: make([]string, 0, strings)}
	entries := make([]entry, count)
	for i := range entries {
		if !readEntry(&entries[i], &summaries, &docs) {
			return nil, false
		}
	}
	return entries, summaries.rest == "" && all.rest == "" && docs.rest == ""
}

// headNumbers is how many numbers a part begins with.
const headNumbers = 4

func readEntry(e *entry, r, docs *partReader) bool {
	e.ID, e.unproven = r.id(), true
	flags := r.number()
	if flags&flagFolder != 0 {
		e.Folder = r.id()
	}
	e.Favorite, e.Conflict, e.Unreadable = flags&flagFavorite != 0, flags&flagConflict != 0, flags&flagUnreadable != 0
	e.ReadOnly, e.HasOTP = flags&flagReadOnly != 0, flags&flagOTP != 0
	e.ArchivedAt, e.TrashedAt, e.CreatedAt, e.UpdatedAt = r.time(), r.time(), r.time(), r.time()
	e.Kind, e.Title, e.Subtitle = kindNamed(r.take(r.number())), r.text(), r.text()
	e.Hosts, e.Tags = r.list(), r.list()
	title, short, all := r.number(), r.number(), r.number()
	text := docs.take(all)
	if r.mistake || r.texts.mistake || docs.mistake || title > short || short > all {
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
