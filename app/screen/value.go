package screen

import (
	"slices"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// valueOf lends the value of a field. Of a title or label, which are strings, it is a copy.
func valueOf(it *vault.Item, field vault.Field) secret.Bytes {
	if field == vault.FieldTitle {
		return secret.FromString(it.Title)
	}
	if key, ok := field.Key(); ok {
		return it.Value(key)
	}
	if c, label := customField(it, field); c != nil {
		if label {
			return secret.FromString(c.Label)
		}
		return c.Value
	}
	return secret.Bytes{}
}

// setValue gives a field a value and takes ownership of it. A field that is gone stays gone.
func setValue(it *vault.Item, field vault.Field, value secret.Bytes) {
	if field == vault.FieldTitle {
		it.Title = string(value.Reveal())
	} else if key, ok := field.Key(); ok {
		it.Set(key, value)
	} else if c, label := customField(it, field); c != nil {
		if label {
			c.Label = string(value.Reveal())
		} else {
			c.Value = value
		}
	}
}

// customField finds the custom field that a field name is about, and whether it is about its label.
func customField(it *vault.Item, field vault.Field) (c *vault.CustomField, label bool) {
	custom, part, ok := field.Custom()
	if !ok || part != "" && field != vault.CustomLabel(custom) {
		return nil, false
	}
	i := slices.IndexFunc(it.Custom, func(c vault.CustomField) bool { return c.ID == custom })
	if i < 0 {
		return nil, false
	}
	return &it.Custom[i], part != ""
}

// inputs are what somebody who guesses the password knows of an item.
func inputs(it *vault.Item) []string {
	return append([]string{it.Title, string(it.Value(vault.Username).Reveal())}, it.Websites...)
}
