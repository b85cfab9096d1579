package session

import (
	"context"
	"fmt"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
)

// browserImportMark is the object that says, to every device of the account, that the browsers were imported once.
const browserImportMark = "browser-import-done"

// BrowserImportDone tells whether any device of the account has imported its browsers, or its user has declined.
func (u *Unlocked) BrowserImportDone() bool { return u.vault.HasMark(browserImportMark) }

// SkipBrowserImport notes that the user was asked and declined.
func (u *Unlocked) SkipBrowserImport(ctx context.Context) error {
	return u.vault.Mark(ctx, browserImportMark)
}

// FindBrowsers lists the browser profiles on this PC that hold passwords. It decrypts nothing.
func (u *Unlocked) FindBrowsers(ctx context.Context) ([]importer.Source, error) {
	var found []importer.Source
	for _, source := range u.m.cfg.Browsers(ctx) {
		if source.Info().Count != 0 {
			found = append(found, source)
		}
	}
	return found, ctx.Err()
}

// ImportResult accounts for every row that was read. Batch is zero if nothing was changed.
type ImportResult struct {
	Batch  id.ID
	Report importer.Report
}

// Import reads the sources, plans, and writes everything in one transaction: all or nothing. progress counts rows. What cannot be
// read is in the report with its reason and does not hold up the rest. primaryPassword is borrowed and may be zero.
func (u *Unlocked) Import(ctx context.Context, sources []importer.Source, primaryPassword secret.Bytes, progress func(done, total int)) (ImportResult, error) {
	if !u.begin() {
		return ImportResult{}, ErrLocked
	}
	defer u.work.Done()
	var readouts []importer.Readout
	var records []*importer.Record
	for _, source := range sources {
		readout := importer.Read(ctx, source, primaryPassword)
		readouts = append(readouts, readout)
		records = append(records, readout.Records()...)
	}
	defer func() {
		for _, r := range records {
			r.Wipe()
		}
	}()
	if err := ctx.Err(); err != nil {
		return ImportResult{}, err
	}
	plan, err := u.plan(ctx, records)
	if err != nil {
		return ImportResult{}, fmt.Errorf("plan import: %w", err)
	}
	batch, err := u.apply(ctx, plan, progress)
	if err != nil {
		return ImportResult{}, fmt.Errorf("import: %w", err)
	}
	return ImportResult{Batch: batch, Report: plan.Report(readouts)}, nil
}

// ImportBrowsers is Import for the first sign-in: afterwards the account counts as imported, on every device.
func (u *Unlocked) ImportBrowsers(ctx context.Context, sources []importer.Source, progress func(done, total int)) (ImportResult, error) {
	result, err := u.Import(ctx, sources, secret.Bytes{}, progress)
	if err != nil {
		return result, err
	}
	return result, u.vault.Mark(ctx, browserImportMark)
}

// UndoImport takes a whole import back; items that were changed since stay.
func (u *Unlocked) UndoImport(ctx context.Context, batch id.ID) (vault.Undone, error) {
	return u.vault.UndoBatch(ctx, batch)
}

// plan compares the records with what the vault holds. The vault's secrets are compared by digest.
func (u *Unlocked) plan(ctx context.Context, records []*importer.Record) (importer.Plan, error) {
	digester := importer.NewDigester()
	var existing []importer.Existing
	for _, trash := range []bool{false, true} {
		for _, summary := range u.vault.Query(vault.Filter{Kind: vault.Login, Trash: trash}) {
			item, err := u.vault.Get(ctx, summary.ID)
			if err != nil {
				continue // it does not open: nothing can be compared with it
			}
			existing = append(existing, toExisting(&item, digester))
			item.Wipe()
		}
	}
	return importer.NewPlan("", records, existing, digester), ctx.Err()
}

func toExisting(it *vault.Item, d *importer.Digester) importer.Existing {
	e := importer.Existing{
		ID: it.ID.String(), Kind: importer.Login, Title: it.Title, URLs: it.Websites,
		Username: string(it.Value(vault.Username).Reveal()), Notes: string(it.Value(vault.Notes).Reveal()),
		Password: d.Secret(it.Value(vault.Password)), TOTP: d.Secret(it.Value(vault.OTP)),
		PasswordChanged: time.UnixMilli(it.UpdatedAt),
	}
	for _, past := range it.History {
		if past.Field == vault.ValueField(vault.Password) {
			e.History = append(e.History, d.Secret(past.Value))
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

// apply writes the plan in one transaction.
func (u *Unlocked) apply(ctx context.Context, plan importer.Plan, progress func(done, total int)) (id.ID, error) {
	items := make([]vault.Item, 0, len(plan.Creations)+len(plan.Updates))
	defer func() {
		for i := range items {
			items[i].Wipe()
		}
	}()
	for i := range plan.Creations {
		items = append(items, u.create(&plan.Creations[i]))
	}
	for i := range plan.Updates {
		item, err := u.edit(ctx, &plan.Updates[i])
		if err != nil {
			return id.ID{}, err
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		return id.ID{}, nil
	}
	return u.vault.Batch(ctx, items, progress)
}

// create makes the item of a record. Nothing that the record holds is dropped: what has no field of its own becomes a custom one.
func (u *Unlocked) create(c *importer.Creation) vault.Item {
	r := &c.Record
	it := vault.Item{Kind: vault.Login, Title: r.Title, Websites: r.URLs, Favorite: r.Favorite}
	if !r.Created.IsZero() {
		it.CreatedAt = r.Created.UnixMilli()
	}
	it.Set(vault.Username, secret.FromString(r.Username))
	it.Set(vault.Password, r.Password.Clone())
	it.Set(vault.OTP, r.TOTP.Clone())
	it.Set(vault.Notes, secret.FromString(r.Notes))
	if r.Realm != "" {
		addField(&it, importer.Field{Name: "Realm", Value: secret.FromString(r.Realm)})
	}
	for _, f := range r.Fields {
		addField(&it, f)
	}
	u.addHistory(&it, r.History)
	if len(c.Refs) > 0 {
		it.Origin = vault.Origin{Source: c.Refs[0].Source, SourceID: c.Refs[0].ID}
	}
	return it
}

// edit opens an item and adds what the plan adds to it.
func (u *Unlocked) edit(ctx context.Context, change *importer.Update) (vault.Item, error) {
	item, err := id.Parse(change.ItemID)
	if err != nil {
		return vault.Item{}, err
	}
	it, err := u.vault.Get(ctx, item)
	if err != nil {
		return vault.Item{}, err
	}
	it.Websites = append(it.Websites, change.URLs...)
	if change.Notes != "" {
		notes := importer.JoinNotes(string(it.Value(vault.Notes).Reveal()), change.Notes)
		it.Set(vault.Notes, secret.FromString(notes))
	}
	if !change.TOTP.IsZero() {
		it.Set(vault.OTP, change.TOTP.Clone())
	}
	if !change.Password.IsZero() {
		it.Set(vault.Password, change.Password.Clone()) // the one before goes into the history when the item is saved
	}
	for _, f := range change.Fields {
		addField(&it, f)
	}
	u.addHistory(&it, change.History)
	if it.Origin.SourceID == "" && len(change.Refs) > 0 {
		it.Origin = vault.Origin{Source: change.Refs[0].Source, SourceID: change.Refs[0].ID}
	}
	return it, nil
}

func addField(it *vault.Item, f importer.Field) {
	kind := vault.Text
	if f.Hidden {
		kind = vault.Concealed
	}
	it.Custom = append(it.Custom, vault.CustomField{ID: id.New(), Label: f.Name, Type: kind, Value: f.Value.Clone()})
}

func (u *Unlocked) addHistory(it *vault.Item, old []importer.OldPassword) {
	for _, o := range old {
		past := vault.Past{Field: vault.ValueField(vault.Password), Value: o.Password.Clone(), Device: u.own.device.ID}
		if !o.Changed.IsZero() {
			past.Time = o.Changed.UnixMilli()
		}
		it.History = append(it.History, past)
	}
}
