package screen

// EditorState is an item as it is written.
type EditorState struct {
	Title    string // "Edit login"
	New      bool
	Name     EditorField
	Fields   []EditorField
	Websites []EditorField
	Custom   []EditorField
	Notes    EditorField
	Tags     []string
	Folders  []Choice

	AddWebsite string // labels of the buttons; empty if the kind has no such thing
	AddField   []Choice

	Dirty   bool
	CanSave bool
	Busy    bool
	Save    string // "Save", "Saving…"
	Problem Message
	Ask     Question // whether to discard what was typed
}

// EditorField is one value to type. The value of a secret is not in it: ask Editor.Secret once, when the field is drawn.
type EditorField struct {
	ID          string
	Label       string
	Placeholder string
	Value       string
	Secret      bool
	Multiline   bool
	Choices     []Choice // not empty: a select instead of a text field
	Error       string   // what is wrong with the value
	Meter       Meter
	Generate    bool // has a button for the generator
	Rename      bool // a custom field, whose label can be typed too
	Remove      bool
}
