package screen

import (
	"context"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

// OpenGenerator shows the generator: for the password of the item that is edited, or else on its own, and what it makes goes to the
// clipboard.
func (v *Vault) OpenGenerator() {
	if v.editor != nil && v.editor.item.Kind == vault.Login {
		v.editor.Generate(string(passwordField))
		return
	}
	v.openGenerator(v.text("screen.generator.copy"), func(value secret.Bytes, _ id.ID) {
		v.closeGenerator()
		v.copyGenerated(value)
	})
}

// OpenGeneratorFor shows the generator; use gets what the person chooses, and its ownership.
func (v *Vault) OpenGeneratorFor(use func(secret.Bytes)) {
	v.openGenerator(v.text("screen.generator.use"), func(value secret.Bytes, kept id.ID) {
		v.closeGenerator()
		v.fillings = append(v.fillings, kept)
		use(value)
	})
}

func (v *Vault) openGenerator(label string, use func(secret.Bytes, id.ID)) {
	if v.generator != nil {
		return
	}
	v.generator = NewGenerator(v.env, GeneratorConfig{
		Store: v.config.Unlocked, Recipe: v.recipe, Label: label, Use: use, Copied: v.copyGenerated, Cancel: v.closeGenerator, NameOf: v.titleOf,
	})
	v.changed()
}

func (v *Vault) closeGenerator() {
	v.generator.Leave()
	v.generator = nil
	v.changed()
}

func (v *Vault) copyGenerated(value secret.Bytes) {
	v.copyText(value, v.text("screen.generator.password"))
}

// titleOf is "" for an item that is not there any more.
func (v *Vault) titleOf(item id.ID) string {
	if s, ok := v.vault.Summary(item); ok {
		return s.Title
	}
	return ""
}

// nameFillings notes in the generator's history what an item's passwords are for, now that the item is saved.
func (v *Vault) nameFillings(item id.ID) {
	fillings := v.fillings
	if v.fillings = nil; len(fillings) == 0 {
		return
	}
	Run(v.run, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, v.config.Unlocked.GeneratedFor(ctx, item, fillings...)
	}, func(_ struct{}, err error) {
		if err != nil { // the item is saved, and has the password
			v.env.Log.Warn("generated password not named", "error", err)
		}
	})
}
