package screen

import (
	"strings"
	"unicode"

	"github.com/coffer-vault/coffer/vault"
)

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
	Tag      string   // what is being typed of another one
	Folders  []Choice // the first one, with an empty ID, is "No folder"

	AddWebsite string   // label of the button; empty if the kind has no websites
	AddField   []Choice // types of fields that can be added

	Files Queue

	Dirty   bool
	CanSave bool
	Busy    bool
	Save    string // "Save", "Saving…"
	Refused int    // how often Save was refused for the error of a field
	Problem Message
	Ask     Question // whether to discard what was typed
}

// EditorField is one value to type. The value of a secret is not in it: ask Editor.Secret when the field is drawn, and again
// whenever Filled is another number than before.
type EditorField struct {
	ID          string
	Label       string
	LabelID     string // of a custom field: the id to give to SetText for its label; empty if it cannot be typed
	Placeholder string
	Value       string
	Secret      bool
	Multiline   bool
	Error       string // what is wrong with the value
	Meter       Meter
	Generate    bool // has a button for the generator
	Remove      bool // can be removed
	Filled      int
}

// addableTypes are the types of fields that a person can add.
var addableTypes = []vault.FieldType{
	vault.Text, vault.Concealed, vault.Multiline, vault.Private, vault.TOTP, vault.URL, vault.Email, vault.Phone, vault.Date, vault.Month,
}

func (e *Editor) view() EditorState {
	s := EditorState{
		Title: kindText(e.env.Words, e.item.Kind, "edit"), New: e.config.New, Name: e.nameField(), Tags: e.item.Tags, Tag: e.tag, Refused: e.refused,
		Folders: e.folders(), Dirty: e.dirty(), Busy: e.busy, Save: e.text("screen.editor.save"), Problem: e.problem, Files: e.filesQueue(),
	}
	if e.config.New {
		s.Title = kindText(e.env.Words, e.item.Kind, "new")
	}
	s.Fields, s.Notes = e.kindFields()
	for _, w := range e.websites {
		s.Websites = append(s.Websites, e.websiteField(w))
	}
	for i := range e.item.Custom {
		s.Custom = append(s.Custom, e.customView(&e.item.Custom[i]))
	}
	if e.hasWebsites() {
		s.AddWebsite = e.text("screen.editor.addWebsite")
	}
	for _, t := range addableTypes {
		s.AddField = append(s.AddField, Choice{ID: string(t), Label: e.text("screen.editor.add." + string(t))})
	}
	s.CanSave = !e.busy && (s.Dirty || s.New)
	if e.busy {
		s.Save = e.text("screen.editor.saving")
	}
	if e.ask {
		s.Ask = Question{Title: e.text("screen.editor.discardTitle"), Body: e.text("screen.editor.discardBody"),
			Confirm: e.text("screen.editor.discard"), Cancel: e.text("screen.editor.keepEditing"), Danger: true}
	}
	return s
}

func (e *Editor) nameField() EditorField {
	f := EditorField{ID: string(vault.FieldTitle), Label: e.text("screen.field.title"), Value: e.item.Title}
	if e.checked && e.nameMissing() {
		f.Error = e.text("screen.editor.nameMissing")
	}
	return f
}

// nameMissing reports whether there is no name and no website that gives one.
func (e *Editor) nameMissing() bool {
	if strings.TrimSpace(e.item.Title) != "" {
		return false
	}
	for _, text := range e.websiteTexts() {
		if _, ok := webAddress(text); ok {
			return false
		}
	}
	return true
}

// kindFields are the fields of the kind. What a newer version has added to it is kept and not shown.
func (e *Editor) kindFields() (fields []EditorField, notes EditorField) {
	spec, _ := vault.SpecOf(e.item.Kind)
	for _, f := range spec.Fields {
		field := e.valueField(vault.ValueField(f.Key), fieldLabel(e.env.Words, e.item.Kind, f.Key))
		if f.Key == vault.Notes {
			notes = field
		} else {
			fields = append(fields, field)
		}
	}
	return fields, notes
}

// valueField is a field without a label of its own to type.
func (e *Editor) valueField(field vault.Field, label string) EditorField {
	t := typeOf(&e.item, field)
	f := EditorField{ID: string(field), Label: label, Secret: t.Secret(), Multiline: t.Lines(), Filled: e.filled[field]}
	f.Placeholder = e.placeholder(t)
	f.Generate = t == vault.Concealed && e.item.Kind == vault.Login
	f.Meter = e.meters.of(string(field))
	f.Error = e.fieldError(field, t)
	if t.Secret() {
		return f
	}
	f.Value = string(e.bytes(field).Reveal())
	if t == vault.Month {
		f.Value = showMonth(f.Value)
	}
	if typed, ok := e.typed[field]; ok {
		f.Value = typed
	}
	return f
}

func (e *Editor) placeholder(t vault.FieldType) string {
	switch t {
	case vault.TOTP:
		return e.text("screen.editor.hintTOTP")
	case vault.Month:
		return e.text("screen.editor.hintMonth")
	case vault.Date:
		return e.text("screen.editor.hintDate")
	}
	return ""
}

func (e *Editor) customView(c *vault.CustomField) EditorField {
	field := vault.CustomValue(c.ID)
	f := e.valueField(field, c.Label)
	f.LabelID, f.Remove = string(vault.CustomLabel(c.ID)), true
	f.Generate = c.Type == vault.Concealed
	if e.checked && c.Label == "" && !c.Value.IsZero() {
		f.Error = e.text("screen.editor.labelMissing")
	}
	return f
}

func (e *Editor) websiteField(w website) EditorField {
	f := EditorField{ID: w.field(), Label: e.text("screen.field.website"), Value: w.text, Remove: len(e.websites) > 1}
	if e.checked && strings.ContainsFunc(strings.TrimSpace(w.text), unicode.IsSpace) {
		f.Error = e.text("screen.editor.websiteSpaces")
	}
	return f
}

// fieldError says what is wrong with a value that cannot be kept, or that could not be used.
func (e *Editor) fieldError(field vault.Field, t vault.FieldType) string {
	if !e.checked {
		return ""
	}
	_, half := e.typed[field]
	switch {
	case half && t == vault.Month:
		return e.text("screen.editor.badMonth")
	case half && t == vault.Date:
		return e.text("screen.editor.badDate")
	case t == vault.TOTP && !usableTOTP(e.bytes(field)):
		return e.text("screen.editor.badTOTP")
	}
	return ""
}

// valid reports whether no field has an error.
func (e *Editor) valid() bool {
	s := e.view()
	for _, fields := range [][]EditorField{{s.Name, s.Notes}, s.Fields, s.Websites, s.Custom} {
		for _, f := range fields {
			if f.Error != "" {
				return false
			}
		}
	}
	return true
}

// folders are the choices, with the one that the item is in.
func (e *Editor) folders() []Choice {
	choices := make([]Choice, 0, len(e.config.Folders)+1)
	choices = append(choices, Choice{Label: e.text("screen.editor.noFolder"), Selected: e.item.Folder.IsZero()})
	for _, c := range e.config.Folders {
		c.Selected = c.ID == e.item.Folder.String()
		choices = append(choices, c)
	}
	return choices
}
