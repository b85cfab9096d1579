package vault

// Note is a secure note: title and Notes.
const Note Kind = "note"

var noteSpec = KindSpec{
	Kind:   Note,
	Fields: []FieldSpec{{Key: Notes, Type: Multiline}},
}
