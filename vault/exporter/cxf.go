package exporter

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// CXF is the FIDO Alliance's Credential Exchange Format 1.0. What the standard has no place for is in an extension of every item: who
// reads that, too, has the item exactly as it was.
const CXF Format = "cxf"

var cxfSpec = Spec{
	Format: CXF, Extension: ".cxf.json", Omits: []Part{PartFiles},
	open: func(x *export) (encoder, error) {
		c := newCXF(x, x.out)
		return c, c.begin()
	},
}

// The names under which the exports of Coffer are known.
const (
	cxfExporter  = "coffer-vault.github.io"
	cxfExtension = cxfExporter + "/item"
)

// cxfEncoder writes the document item by item; the collections, which name the items, come after them.
type cxfEncoder struct {
	export  *export
	w       io.Writer
	any     bool
	members map[id.ID][]cxfLink // of folders
}

func newCXF(x *export, w io.Writer) *cxfEncoder {
	return &cxfEncoder{export: x, w: w, members: map[id.ID][]cxfLink{}}
}

type cxfHeader struct {
	Version struct {
		Major int `json:"major"`
		Minor int `json:"minor"`
	} `json:"version"`
	RPID     string `json:"exporterRpId"`
	Name     string `json:"exporterDisplayName"`
	At       int64  `json:"timestamp"` // seconds, as all times of the standard
	Accounts []any  `json:"accounts"`
}

type cxfItem struct {
	ID          string       `json:"id"`
	Created     int64        `json:"creationAt,omitempty"`
	Modified    int64        `json:"modifiedAt,omitempty"`
	Title       string       `json:"title"`
	Favorite    bool         `json:"favorite,omitempty"`
	Scope       *cxfScope    `json:"scope,omitempty"`
	Credentials []any        `json:"credentials"`
	Tags        []string     `json:"tags,omitempty"`
	Extensions  []cxfDetails `json:"extensions"`
}

type cxfScope struct {
	URLs []string `json:"urls"`
	Apps []string `json:"androidApps"`
}

type cxfLink struct {
	Item string `json:"item"`
}

type cxfCollection struct {
	ID    string          `json:"id"`
	Title string          `json:"title"`
	Items []cxfLink       `json:"items"`
	Sub   []cxfCollection `json:"subCollections,omitempty"`
}

// cxfDetails is our extension. Times are Unix milliseconds.
type cxfDetails struct {
	Name     string                  `json:"name"` // cxfExtension
	Kind     vault.Kind              `json:"kind"`
	Created  int64                   `json:"createdAt,omitempty"`
	Updated  int64                   `json:"updatedAt,omitempty"`
	Password int64                   `json:"passwordSetAt,omitempty"`
	Archived int64                   `json:"archivedAt,omitempty"`
	Trashed  int64                   `json:"trashedAt,omitempty"`
	Ignored  []vault.Finding         `json:"ignored,omitempty"`
	Source   string                  `json:"source,omitempty"` // of an import, as SourceID and Batch
	SourceID string                  `json:"sourceId,omitempty"`
	Batch    string                  `json:"batch,omitempty"`
	Values   map[vault.Key]cxfBytes  `json:"values,omitempty"` // those that stand in no editable field exactly
	Custom   []cxfCustom             `json:"custom,omitempty"`
	History  []cxfPast               `json:"history,omitempty"`
	Files    []cxfFile               `json:"files,omitempty"`
	Fields   map[vault.Key]cxfB64Url `json:"fields,omitempty"` // ids of the editable fields with the other values
}

// cxfBytes is a value: text, or bytes that are none as base64url.
type cxfBytes struct {
	Text  string    `json:"text,omitempty"`
	Bytes cxfB64Url `json:"bytes,omitempty"`
}

// cxfB64Url is base64url without padding.
type cxfB64Url = string

// cxfCustom is what a custom field is beside the editable field with its id.
type cxfCustom struct {
	ID    cxfB64Url       `json:"id"`
	Type  vault.FieldType `json:"type"`
	Value *cxfBytes       `json:"value,omitempty"` // where that cannot be an editable field
}

type cxfPast struct {
	Field    vault.Field `json:"field"`
	Value    cxfBytes    `json:"value"`
	Time     int64       `json:"time"`
	Device   string      `json:"device,omitempty"`
	Conflict bool        `json:"conflict,omitempty"`
}

type cxfFile struct {
	ID   cxfB64Url `json:"id"`
	Name string    `json:"name"`
	Size int64     `json:"size"`
}

func b64(raw []byte) cxfB64Url { return base64.RawURLEncoding.EncodeToString(raw) }

func cxfID(i id.ID) cxfB64Url { return b64(i[:]) }

func cxfValue(v secret.Bytes) cxfBytes {
	if b := v.Reveal(); !utf8.Valid(b) {
		return cxfBytes{Bytes: b64(b)}
	}
	return cxfBytes{Text: string(v.Reveal())}
}

// begin writes all that comes before the first item: the header, cut off within its list of accounts.
func (c *cxfEncoder) begin() error {
	h := cxfHeader{RPID: cxfExporter, Name: "Coffer", At: c.export.options.Now.Unix(), Accounts: []any{}}
	h.Version.Major = 1
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	account := id.ID{}
	if v := c.export.vault; v != nil {
		account = v.ID()
	}
	start, err := json.Marshal(map[string]any{"id": cxfID(account), "username": "", "email": c.export.options.Email})
	if err != nil {
		return err
	}
	// `…"accounts":[` + `{…` without the ends of the list and the objects, which finish writes.
	_, err = io.WriteString(c.w, string(head[:len(head)-len("]}")])+string(start[:len(start)-len("}")])+`,"items":[`)
	return err
}

func (c *cxfEncoder) add(_ context.Context, e *entry) error { return c.addWith(e, nil) }

// addWith writes an item with what else it has.
func (c *cxfEncoder) addWith(e *entry, more []any) error {
	if c.any {
		if _, err := io.WriteString(c.w, ","); err != nil {
			return err
		}
	}
	c.any = true
	c.members[e.Folder] = append(c.members[e.Folder], cxfLink{cxfID(e.ID)})
	it := newCXFItem(e)
	it.Credentials = append(it.Credentials, more...)
	return writeJSON(c.w, it)
}

func (c *cxfEncoder) finish() error {
	if _, err := io.WriteString(c.w, `],"collections":`); err != nil {
		return err
	}
	rest := c.export.folders
	if err := writeJSON(c.w, c.collections(&rest, 0)); err != nil {
		return err
	}
	_, err := io.WriteString(c.w, "}]}\n")
	return err
}

func (c *cxfEncoder) wipe() {} // nothing waits but ids

// collections takes the folders of a depth and below from the list, which is a tree as it is read.
func (c *cxfEncoder) collections(rest *[]vault.Folder, depth int) []cxfCollection {
	all := []cxfCollection{}
	for len(*rest) > 0 && (*rest)[0].Depth >= depth {
		f := (*rest)[0]
		*rest = (*rest)[1:]
		items := c.members[f.ID]
		if items == nil {
			items = []cxfLink{}
		}
		all = append(all, cxfCollection{ID: cxfID(f.ID), Title: f.Name, Items: items, Sub: c.collections(rest, f.Depth+1)})
	}
	return all
}

func newCXFItem(e *entry) *cxfItem {
	it := &cxfItem{
		ID: cxfID(e.ID), Created: e.CreatedAt / 1000, Modified: e.UpdatedAt / 1000, Title: e.Title, Favorite: e.Favorite, Tags: e.Tags,
		Credentials: []any{},
	}
	if len(e.Websites) > 0 {
		it.Scope = &cxfScope{URLs: e.Websites, Apps: []string{}}
	}
	d := newCXFDetails(e)
	b := &cxfBuilder{e: e, details: &d}
	it.Credentials = b.credentials()
	it.Extensions = []cxfDetails{d}
	return it
}

func newCXFDetails(e *entry) cxfDetails {
	d := cxfDetails{
		Name: cxfExtension, Kind: e.Kind, Created: e.CreatedAt, Updated: e.UpdatedAt, Password: e.PasswordSetAt, Archived: e.ArchivedAt, Trashed: e.TrashedAt,
		Ignored: e.Ignored, Source: e.Origin.Source, SourceID: e.Origin.SourceID, Values: map[vault.Key]cxfBytes{}, Fields: map[vault.Key]cxfB64Url{},
	}
	if !e.Origin.Batch.IsZero() {
		d.Batch = e.Origin.Batch.String()
	}
	for _, p := range e.History {
		past := cxfPast{Field: p.Field, Value: cxfValue(p.Value), Time: p.Time, Conflict: p.Conflict}
		if !p.Device.IsZero() {
			past.Device = p.Device.String()
		}
		d.History = append(d.History, past)
	}
	for _, f := range e.files {
		d.Files = append(d.Files, cxfFile{cxfID(f.ID), f.Name, f.Size})
	}
	return d
}
