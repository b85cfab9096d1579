package vault

import (
	"bytes"
	"maps"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// recordReplaced adds to the history what the edit from before to it replaced or removed: passwords, TOTP secrets, concealed
// fields. The label of a removed custom field goes with its value. Nothing trims the history.
func (it *Item) recordReplaced(before *Item, now int64, device id.ID) {
	old, current := before.fields(), it.fields()
	for _, f := range slices.Sorted(maps.Keys(old)) {
		if bytes.Equal(old[f], current[f]) || !before.keepsReplaced(it, f) {
			continue
		}
		it.History = append(it.History, Past{Field: f, Value: secret.New(bytes.Clone(old[f])), Time: now, Device: device})
	}
}

// keepsReplaced tells whether the value that field f had before the edit to after has to be kept.
func (it *Item) keepsReplaced(after *Item, f Field) bool {
	if custom, part, ok := f.Custom(); ok && part == labelPart {
		field := it.custom(custom)
		return field.Type.Secret() && !field.Value.IsZero() && after.custom(custom) == nil
	}
	return it.isSecret(f)
}
