package screen

import (
	"context"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// taken is a value of an item on its way to the clipboard; a website, on its way to the browser, is one too.
type taken struct {
	kind  vault.Kind
	key   vault.Key
	value secret.Bytes // zero where the item lacks what was asked for
}

func (t taken) wipe() { t.value.Wipe() }

// address is a website that was taken.
func (t taken) address() string {
	defer t.wipe()
	return string(t.value.Reveal())
}

// lacksText is the key of the words for an item that has nothing for an action.
func lacksText(action Action) string { return "screen.lacks." + string(action) }

// take gets from an item, which need not be shown, what copying or opening is about. done takes ownership of it.
func take(r *Runner, store *vault.Vault, item id.ID, action Action, now time.Time, done func(taken, error)) {
	RunOwned(r, func(ctx context.Context) (taken, error) {
		it, err := store.Get(ctx, item)
		if err != nil {
			return taken{}, err
		}
		defer it.Wipe()
		return takeFrom(&it, action, now)
	}, done, taken.wipe)
}

// takeFrom copies from an item what an action is about; nothing where the item lacks it.
func takeFrom(it *vault.Item, action Action, now time.Time) (taken, error) {
	t := taken{kind: it.Kind}
	switch action {
	case ActionCopyUser:
		spec, _ := vault.SpecOf(it.Kind)
		t.key, t.value = spec.Subtitle, it.Value(spec.Subtitle).Clone()
	case ActionCopyCode:
		if it.Value(vault.OTP).IsZero() {
			break
		}
		code, err := codeAt(it.Value(vault.OTP), now)
		if err != nil {
			return taken{}, err
		}
		t.key, t.value = vault.OTP, secret.FromString(code.text)
	case ActionOpenSite:
		for _, website := range it.Websites {
			if address, ok := webAddress(website); ok {
				t.value = secret.FromString(address)
				break
			}
		}
	default:
		t.key = mainSecret(it)
		t.value = it.Value(t.key).Clone()
	}
	return t, nil
}

// mainSecret is what people want of an item most: its password, else the first of its secrets in the order in which they are shown. Empty
// if it has none.
func mainSecret(it *vault.Item) vault.Key {
	if !it.Value(vault.Password).IsZero() {
		return vault.Password
	}
	for _, key := range shownKeys(it) {
		if t := keyType(it.Kind, key); t.Secret() && t != vault.TOTP {
			return key
		}
	}
	return ""
}
