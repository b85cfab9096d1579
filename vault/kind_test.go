package vault

import (
	"slices"
	"testing"
)

func TestKindsAreWellFormed(t *testing.T) {
	types := []FieldType{Text, Multiline, Concealed, Private, TOTP, Email, Phone, URL, Date, Month}
	seen := map[Kind]bool{folderKind: true, markKind: true}
	for _, spec := range Kinds() {
		if seen[spec.Kind] {
			t.Errorf("%s is there twice", spec.Kind)
		}
		seen[spec.Kind] = true
		keys := map[Key]bool{}
		for _, f := range spec.Fields {
			if keys[f.Key] {
				t.Errorf("%s has %s twice", spec.Kind, f.Key)
			}
			keys[f.Key] = true
			if f.Type.Secret() && f.Searchable {
				t.Errorf("%s: the secret %s would be in the index", spec.Kind, f.Key)
			}
			if !slices.Contains(types, f.Type) {
				t.Errorf("%s: %s has the type %q", spec.Kind, f.Key, f.Type)
			}
		}
		if last := spec.Fields[len(spec.Fields)-1]; last.Key != Notes {
			t.Errorf("%s ends with %s", spec.Kind, last.Key)
		}
		if f, ok := spec.Field(spec.Subtitle); spec.Subtitle != "" && (!ok || !f.Searchable) {
			t.Errorf("%s: %q, its subtitle, is not searchable", spec.Kind, spec.Subtitle)
		}
	}
}
