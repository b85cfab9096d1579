package intake

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

// kinds are the vault's names for those of records.
var kinds = map[importer.Kind]vault.Kind{
	importer.Login: vault.Login, importer.Note: vault.Note, importer.Card: vault.Card, importer.Identity: vault.Identity,
	importer.Document: vault.Document, importer.BankAccount: vault.BankAccount, importer.SSHKey: vault.SSHKey, importer.Passkey: vault.Passkey,
	importer.APICredential: vault.APICredential, importer.WiFi: vault.WiFi, importer.SoftwareLicence: vault.SoftwareLicence,
}

// create makes the item of a record. Nothing that the record holds is dropped: what has no place of its own becomes a custom field.
// now is when an archived item is archived.
func create(c *importer.Creation, folders *folders, now int64) vault.Item {
	r := &c.Record
	it := vault.Item{
		Kind: kinds[r.Kind], Title: r.Title, Favorite: r.Favorite, Folder: folders.of(r.Folder), Tags: slices.Clone(r.Tags),
		CreatedAt: millis(r.Created), UpdatedAt: millis(r.Modified), PasswordSetAt: millis(r.PasswordChanged),
	}
	if r.Archived {
		it.ArchivedAt = now
	}
	addWebsites(&it, r.URLs)
	it.Set(vault.Username, secret.FromString(r.Username))
	it.Set(vault.Password, r.Password.Clone())
	it.Set(vault.OTP, r.TOTP.Clone())
	it.Set(vault.Notes, secret.FromString(r.Notes))
	if r.Realm != "" {
		addCustom(&it, importer.Field{Name: importer.RealmField, Value: secret.FromString(r.Realm)})
	}
	for _, f := range r.Fields {
		f.Value = f.Value.Clone()
		put(&it, f)
	}
	addHistory(&it, r.History)
	addOrigin(&it, c.Refs)
	return it
}

// edit opens an item and adds what the plan adds to it. Who imports into an item of the trash wants to see it again.
func edit(ctx context.Context, v *vault.Vault, change *importer.Update) (vault.Item, error) {
	item, err := id.Parse(change.ItemID)
	if err != nil {
		return vault.Item{}, err
	}
	it, err := v.Get(ctx, item)
	if err != nil {
		return vault.Item{}, err
	}
	it.TrashedAt = 0
	addWebsites(&it, change.URLs)
	if change.Notes != "" {
		notes := importer.JoinNotes(string(it.Value(vault.Notes).Reveal()), change.Notes)
		it.Set(vault.Notes, secret.FromString(notes))
	}
	if !change.TOTP.IsZero() {
		it.Set(vault.OTP, change.TOTP.Clone())
	}
	if !change.Password.IsZero() {
		// The one before goes into the history when the item is saved. Its date does not hold for the new one.
		it.Set(vault.Password, change.Password.Clone())
		it.PasswordSetAt = 0
	}
	if !change.PasswordChanged.IsZero() {
		it.PasswordSetAt = millis(change.PasswordChanged)
	}
	for _, f := range change.Fields {
		f.Value = f.Value.Clone()
		addCustom(&it, f)
	}
	addHistory(&it, change.History)
	if it.Origin.SourceID == "" {
		addOrigin(&it, change.Refs)
	}
	return it, nil
}

// own are the fields that a record has a place for: a field that only has their name is another one.
var own = []vault.Key{vault.Username, vault.Password, vault.OTP, vault.Notes}

// put gives a value the field of its name in the item's kind, or a custom one where the kind has none or the value does not suit it.
func put(it *vault.Item, f importer.Field) {
	spec, _ := vault.SpecOf(it.Kind)
	field, known := spec.Field(vault.Key(f.Name))
	if known && !f.Custom && !slices.Contains(own, field.Key) && it.Value(field.Key).IsZero() && suits(field.Type, f.Value) {
		it.Set(field.Key, f.Value)
		return
	}
	addCustom(it, f)
}

// suits tells whether a value is of the form that its field shows.
func suits(t vault.FieldType, value secret.Bytes) bool {
	switch t {
	case vault.Date:
		return isTime(time.DateOnly, value)
	case vault.Month:
		return isTime("2006-01", value)
	case vault.Multiline, vault.Concealed, vault.Private, vault.TOTP:
		return true
	}
	return !bytes.ContainsAny(value.Reveal(), "\r\n")
}

func isTime(layout string, value secret.Bytes) bool {
	_, err := time.Parse(layout, string(value.Reveal()))
	return err == nil
}

func addCustom(it *vault.Item, f importer.Field) {
	if f.Value.IsZero() {
		return
	}
	it.Custom = append(it.Custom, vault.CustomField{ID: id.New(), Label: f.Name, Type: typeOf(f), Value: f.Value})
}

// types that a custom field can have.
var types = []vault.FieldType{
	vault.Text, vault.Multiline, vault.Concealed, vault.Private, vault.TOTP, vault.Email, vault.Phone, vault.URL, vault.Date, vault.Month,
}

// typeOf is how a value of no known field is shown.
func typeOf(f importer.Field) vault.FieldType {
	value := f.Value.Reveal()
	lines := bytes.ContainsAny(value, "\r\n")
	switch {
	case slices.Contains(types, vault.FieldType(f.Type)):
		return vault.FieldType(f.Type)
	case bytes.HasPrefix(value, []byte("otpauth://")):
		return vault.TOTP
	case f.Hidden && lines:
		return vault.Private
	case f.Hidden:
		return vault.Concealed
	case lines:
		return vault.Multiline
	case bytes.HasPrefix(value, []byte("https://")) || bytes.HasPrefix(value, []byte("http://")):
		return vault.URL
	case isTime(time.DateOnly, f.Value):
		return vault.Date
	}
	return vault.Text
}

// addWebsites gives addresses to an item whose kind has websites, and else keeps them in custom fields.
func addWebsites(it *vault.Item, addresses []string) {
	if spec, _ := vault.SpecOf(it.Kind); spec.Websites {
		it.Websites = append(it.Websites, addresses...)
		return
	}
	for _, address := range addresses {
		addCustom(it, importer.Field{Name: "Website", Value: secret.FromString(address)})
	}
}

// addHistory keeps earlier passwords. Where nobody knows when they were replaced, when they were set is the closest there is.
func addHistory(it *vault.Item, old []importer.OldPassword) {
	for _, o := range old {
		at := o.Replaced
		if at.IsZero() {
			at = o.Changed
		}
		it.History = append(it.History, vault.Past{Field: vault.ValueField(vault.Password), Value: o.Password.Clone(), Time: millis(at)})
	}
}

func addOrigin(it *vault.Item, refs []importer.Ref) {
	if len(refs) > 0 {
		it.Origin.Source, it.Origin.SourceID = refs[0].Source, refs[0].ID
	}
}

// describe is an item as the planner sees it. folders are the paths of the vault's folders.
func describe(it *vault.Item, folders map[id.ID]string, d *importer.Digester) importer.Existing {
	e := importer.Existing{
		ID: it.ID.String(), Kind: recordKind(it.Kind), Title: it.Title, URLs: slices.Clone(it.Websites),
		Folder: folders[it.Folder], Tags: slices.Clone(it.Tags),
		Username: string(it.Value(vault.Username).Reveal()), Notes: string(it.Value(vault.Notes).Reveal()),
		Password: d.Secret(it.Value(vault.Password)), TOTP: d.Secret(it.Value(vault.OTP)), PasswordChanged: date(it.PasswordSetAt),
	}
	for _, past := range it.History {
		if past.Field == vault.ValueField(vault.Password) {
			e.History = append(e.History, d.Secret(past.Value))
		}
	}
	for key, value := range it.Values {
		if !slices.Contains(own, key) {
			e.Fields = append(e.Fields, d.Field(importer.Field{Name: string(key), Value: value}))
		}
	}
	for _, c := range it.Custom {
		e.Fields = append(e.Fields, d.Field(importer.Field{Name: c.Label, Value: c.Value}))
	}
	if it.Origin.SourceID != "" {
		e.Refs = []importer.Ref{{Source: it.Origin.Source, ID: it.Origin.SourceID}}
	}
	return e
}

// recordKind is the inverse of kinds. What has no record of its kind is compared with none.
func recordKind(kind vault.Kind) importer.Kind {
	for theirs, ours := range kinds {
		if ours == kind {
			return theirs
		}
	}
	return importer.Kind(kind)
}

// millis is a date in Unix milliseconds, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// date is the inverse of millis.
func date(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}
