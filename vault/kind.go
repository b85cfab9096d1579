package vault

// Kind says what an item describes. A new kind is one file kind_<name>.go with its KindSpec, one in each layer above.
type Kind string

// aside tells whether objects of the kind are no items: no list shows them.
func (k Kind) aside() bool { return k == folderKind || k == markKind || k == attachmentKind }

// Key names a field within its kind. Names that people read come from the catalogs, by kind and key.
type Key string

// FieldType says how a value is typed and shown.
type FieldType string

// The types of fields. Concealed values are shown on demand only.
const (
	Text      FieldType = "text"
	Multiline FieldType = "multiline"
	Concealed FieldType = "concealed"
	Private   FieldType = "private" // concealed, of several lines: a private key
	TOTP      FieldType = "totp"    // otpauth:// URI or base32 secret
	Email     FieldType = "email"
	Phone     FieldType = "phone"
	URL       FieldType = "url"
	Date      FieldType = "date"  // 2006-01-02
	Month     FieldType = "month" // 2006-01
)

// Secret tells whether values of the type are hidden until the user asks, kept out of the index, and never dropped from the history.
func (t FieldType) Secret() bool { return t == Concealed || t == Private || t == TOTP }

// Lines tells whether values of the type may have several lines.
func (t FieldType) Lines() bool { return t == Multiline || t == Private }

// FieldSpec describes a field of a kind.
type FieldSpec struct {
	Key  Key
	Type FieldType
	// Searchable values are found by search and kept in memory while the vault is unlocked. No secret type may be.
	Searchable bool
}

// KindSpec describes the items of one kind.
type KindSpec struct {
	Kind   Kind
	Fields []FieldSpec // in the order in which an editor shows them; Notes last
	// Subtitle is the searchable field shown below the title in a list.
	Subtitle Key
	// Websites tells whether items of the kind have websites.
	Websites bool
}

// Field finds the description of a key.
func (s KindSpec) Field(key Key) (FieldSpec, bool) {
	for _, f := range s.Fields {
		if f.Key == key {
			return f, true
		}
	}
	return FieldSpec{}, false
}

// kinds lists the specs in the order in which a sidebar shows them.
var kinds = []KindSpec{
	loginSpec, noteSpec, cardSpec, identitySpec, documentSpec, bankAccountSpec, passkeySpec, sshKeySpec, apiCredentialSpec, wifiSpec, softwareLicenceSpec,
}

// Kinds returns the kinds that a user can make, in the order in which a sidebar shows them.
func Kinds() []KindSpec { return append([]KindSpec(nil), kinds...) }

// SpecOf returns the description of a kind; false for one that this version does not know.
func SpecOf(kind Kind) (KindSpec, bool) {
	for _, spec := range kinds {
		if spec.Kind == kind {
			return spec, true
		}
	}
	return KindSpec{}, false
}

// typeOf is how a kind's key is typed. What is unknown counts as a secret: it came from a newer version.
func typeOf(kind Kind, key Key) FieldType {
	spec, _ := SpecOf(kind)
	if f, ok := spec.Field(key); ok {
		return f.Type
	}
	if key == Notes {
		return Multiline
	}
	return Concealed
}
