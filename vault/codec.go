package vault

import (
	"errors"
	"fmt"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// itemSchema is the newest object schema that this version writes and edits.
const itemSchema = 1

// errMalformed is returned for a plaintext that is no object. Such an object is shown as unreadable and kept.
var errMalformed = errors.New("malformed object")

// itemWire is the plaintext of every object: canonical CBOR with these keys. Folders and marks are items of their own kinds.
// Values are byte strings, since imported passwords need not be UTF-8. Empty fields are left out. Keys that are not here survive
// an edit byte for byte, at the top and in the nested maps.
type itemWire struct {
	Schema    uint64            `cbor:"1,keyasint"`
	Kind      string            `cbor:"2,keyasint"`
	Title     string            `cbor:"3,keyasint,omitempty"`
	Values    map[string][]byte `cbor:"4,keyasint,omitempty"`
	Websites  []string          `cbor:"5,keyasint,omitempty"`
	Tags      []string          `cbor:"6,keyasint,omitempty"`
	Custom    []customWire      `cbor:"7,keyasint,omitempty"`
	Folder    []byte            `cbor:"8,keyasint,omitempty"`
	Favorite  bool              `cbor:"9,keyasint,omitempty"`
	TrashedAt int64             `cbor:"10,keyasint,omitempty"`
	CreatedAt int64             `cbor:"11,keyasint,omitempty"`
	UpdatedAt int64             `cbor:"12,keyasint,omitempty"`
	History   []pastWire        `cbor:"13,keyasint,omitempty"`
	Source    string            `cbor:"14,keyasint,omitempty"`
	SourceID  string            `cbor:"15,keyasint,omitempty"`
	Batch     []byte            `cbor:"16,keyasint,omitempty"`
	// PasswordSetAt came later: an item without it has a password of unknown date.
	PasswordSetAt int64 `cbor:"17,keyasint,omitempty"`
	ArchivedAt    int64 `cbor:"18,keyasint,omitempty"`
	// Attachments came later: an older version keeps them, as it does what it does not know.
	Attachments []id.ID `cbor:"19,keyasint,omitempty"`
	// Ignored came later too.
	Ignored []Finding `cbor:"20,keyasint,omitempty"`
}

// lastKey is the last of the keys that this version knows.
const lastKey = 20

type customWire struct {
	ID    id.ID  `cbor:"1,keyasint"`
	Label string `cbor:"2,keyasint,omitempty"`
	Type  string `cbor:"3,keyasint"`
	Value []byte `cbor:"4,keyasint,omitempty"`

	unknown canonical.Unknown
}

type pastWire struct {
	Field    string `cbor:"1,keyasint"`
	Value    []byte `cbor:"2,keyasint,omitempty"`
	Time     int64  `cbor:"3,keyasint"`
	Device   id.ID  `cbor:"4,keyasint"`
	Conflict bool   `cbor:"5,keyasint,omitempty"`

	unknown canonical.Unknown
}

// The nested maps have no methods of their own, so that their codec does not call itself.
type (
	plainCustom customWire
	plainPast   pastWire
)

func (c customWire) MarshalCBOR() ([]byte, error) {
	return canonical.MarshalWith(plainCustom(c), c.unknown)
}

func (c *customWire) UnmarshalCBOR(data []byte) (err error) {
	c.unknown, err = canonical.UnmarshalKeeping(data, (*plainCustom)(c))
	return err
}

func (p pastWire) MarshalCBOR() ([]byte, error) {
	return canonical.MarshalWith(plainPast(p), p.unknown)
}

func (p *pastWire) UnmarshalCBOR(data []byte) (err error) {
	p.unknown, err = canonical.UnmarshalKeeping(data, (*plainPast)(p))
	return err
}

// encode returns the plaintext of an item. The wire structs borrow the item's secrets; only the result holds copies.
// It fails for text that is not UTF-8, and for an item of a newer schema: this version would write it as one of its own.
func encode(it *Item) ([]byte, error) {
	if it.ReadOnly {
		return nil, ErrNewerItem
	}
	w := itemWire{
		Schema: itemSchema, Kind: string(it.Kind), Title: it.Title, Values: make(map[string][]byte, len(it.Values)),
		Websites: it.Websites, Tags: it.Tags, Folder: optionalID(it.Folder), Favorite: it.Favorite,
		TrashedAt: it.TrashedAt, CreatedAt: it.CreatedAt, UpdatedAt: it.UpdatedAt,
		Source: it.Origin.Source, SourceID: it.Origin.SourceID, Batch: optionalID(it.Origin.Batch),
		PasswordSetAt: it.PasswordSetAt, ArchivedAt: it.ArchivedAt, Attachments: it.Attachments, Ignored: it.Ignored,
	}
	for key, value := range it.Values {
		if !value.IsZero() {
			w.Values[string(key)] = value.Reveal()
		}
	}
	for _, c := range it.Custom {
		w.Custom = append(w.Custom, customWire{c.ID, c.Label, string(c.Type), c.Value.Reveal(), c.unknown})
	}
	for _, p := range it.History {
		w.History = append(w.History, pastWire{string(p.Field), p.Value.Reveal(), p.Time, p.Device, p.Conflict, p.unknown})
	}
	return canonical.MarshalWith(w, it.unknown)
}

// decode reads the plaintext of the object with this id. Every failure is errMalformed.
func decode(object id.ID, plaintext []byte) (Item, error) {
	var w itemWire
	unknown, err := canonical.UnmarshalKeeping(plaintext, &w)
	if err != nil {
		return Item{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if w.Schema == 0 || w.Kind == "" {
		return Item{}, fmt.Errorf("%w: no schema or kind", errMalformed)
	}
	it := Item{
		ID: object, Kind: Kind(w.Kind), Title: w.Title, Values: make(map[Key]secret.Bytes, len(w.Values)),
		Websites: w.Websites, Tags: w.Tags, Favorite: w.Favorite,
		TrashedAt: w.TrashedAt, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt, PasswordSetAt: w.PasswordSetAt,
		ArchivedAt: w.ArchivedAt, Attachments: w.Attachments, Ignored: w.Ignored,
		Origin:   Origin{Source: w.Source, SourceID: w.SourceID},
		ReadOnly: w.Schema > itemSchema, unknown: unknown,
	}
	for key, value := range w.Values {
		it.Values[Key(key)] = secret.New(value)
	}
	if err := it.decodeNested(&w); err != nil {
		return Item{}, err
	}
	return it, nil
}

func (it *Item) decodeNested(w *itemWire) (err error) {
	if it.Folder, err = parseOptionalID(w.Folder); err != nil {
		return err
	}
	if it.Origin.Batch, err = parseOptionalID(w.Batch); err != nil {
		return err
	}
	ids := make(map[id.ID]bool, len(w.Custom))
	for _, c := range w.Custom {
		// Merging goes by id: of two fields with one id it would lose one.
		if ids[c.ID] {
			return fmt.Errorf("%w: two custom fields with one id", errMalformed)
		}
		ids[c.ID] = true
		it.Custom = append(it.Custom, CustomField{c.ID, c.Label, FieldType(c.Type), secret.New(c.Value), c.unknown})
	}
	for _, p := range w.History {
		it.History = append(it.History, Past{Field(p.Field), secret.New(p.Value), p.Time, p.Device, p.Conflict, p.unknown})
	}
	return nil
}

// optionalID writes the zero id as nothing.
func optionalID(i id.ID) []byte {
	if i.IsZero() {
		return nil
	}
	return i[:]
}

func parseOptionalID(b []byte) (id.ID, error) {
	if len(b) == 0 {
		return id.ID{}, nil
	}
	i, err := id.FromBytes(b)
	if err != nil {
		return id.ID{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return i, nil
}
