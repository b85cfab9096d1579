package vault

import "context"

// markKind is the kind of the objects that are marks: the title is the name.
const markKind Kind = "mark"

// HasMark tells whether something was noted for the whole account, such as that the first import is done.
func (v *Vault) HasMark(name string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.index == nil {
		return false
	}
	for _, e := range v.index.aside {
		if e.Kind == markKind && e.Title == name {
			return true
		}
	}
	return false
}

// Mark notes something for the whole account, where nobody but its devices can read or change it. Errors as for Save.
func (v *Vault) Mark(ctx context.Context, name string) error {
	if v.HasMark(name) {
		return nil
	}
	_, err := v.Save(ctx, Item{Kind: markKind, Title: name})
	return wrap("mark", err)
}
