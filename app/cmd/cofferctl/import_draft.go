package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/intake"
)

// draftReport is what an import into an empty vault would make: the report of every row, and the items with everything in them.
type draftReport struct {
	importReport
	Items []draftItem `json:"items"`
}

// draftItem is an item as it would be, its secrets included. Times are Unix milliseconds.
type draftItem struct {
	Kind       vault.Kind        `json:"kind"`
	Title      string            `json:"title"`
	Folder     string            `json:"folder,omitempty"`
	Tags       []string          `json:"tags,omitempty"`
	Favorite   bool              `json:"favorite,omitempty"`
	Archived   bool              `json:"archived,omitempty"`
	Websites   []string          `json:"websites,omitempty"`
	Values     map[string]string `json:"values"` // by the vault's names: "username", "password", "totp", "notes", "number", …
	Custom     []draftField      `json:"custom,omitempty"`
	History    []draftPast       `json:"history,omitempty"`
	Created    int64             `json:"created,omitempty"`
	Modified   int64             `json:"modified,omitempty"`
	PasswordAt int64             `json:"password_set,omitempty"`
	Conflict   bool              `json:"conflict,omitempty"` // another item has the same address and user name with another password
	Files      []draftFile       `json:"files,omitempty"`
	Rows       []draftRow        `json:"rows,omitempty"` // that it comes from, where the source names its rows
}

type draftField struct {
	Label string          `json:"label"`
	Type  vault.FieldType `json:"type"`
	Value string          `json:"value"`
}

type draftPast struct {
	Field string `json:"field"`
	Value string `json:"value"`
	Time  int64  `json:"time,omitempty"`
}

type draftFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Hash string `json:"sha256"`
}

type draftRow struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// draft prints what an import would make, without a vault. Only the JSON has the secrets: who asks for it wants to check them.
func (p *program) draft(ctx context.Context, sources []importer.Source, passwordFile string) error {
	password, err := p.filePassword(ctx, sources, passwordFile)
	if err != nil {
		return err
	}
	defer password.Wipe()
	d, err := intake.NewDraft(ctx, sources, password)
	if err != nil {
		return err
	}
	defer d.Wipe()
	r := draftReport{importReport: toReport(id.ID{}, d.Report), Items: []draftItem{}}
	for i := range d.Items {
		r.Items = append(r.Items, toDraft(&d.Items[i]))
	}
	slices.SortStableFunc(r.Items, func(a, b draftItem) int { return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.Kind, b.Kind)) })
	err = p.print(r, func() {
		for _, s := range r.Sources {
			p.printSource(s)
		}
		p.printFiles(r.importReport)
		for _, item := range r.Items {
			fmt.Fprintf(p.stdout, "  %-16s %s\n", item.Kind, item.Title)
		}
	})
	return cmp.Or(err, unread(d.Report))
}

func toDraft(d *intake.DraftItem) draftItem {
	it := &d.Item
	item := draftItem{
		Kind: it.Kind, Title: it.Title, Folder: d.Folder, Tags: it.Tags, Favorite: it.Favorite, Archived: it.ArchivedAt != 0,
		Websites: it.Websites, Values: map[string]string{}, Created: it.CreatedAt, Modified: it.UpdatedAt, PasswordAt: it.PasswordSetAt,
		Conflict: d.Conflict,
	}
	for key, value := range it.Values {
		item.Values[string(key)] = string(value.Reveal())
	}
	for _, c := range it.Custom {
		item.Custom = append(item.Custom, draftField{c.Label, c.Type, string(c.Value.Reveal())})
	}
	for _, h := range it.History {
		key, _ := h.Field.Key()
		item.History = append(item.History, draftPast{string(key), string(h.Value.Reveal()), h.Time})
	}
	for _, f := range d.Files {
		item.Files = append(item.Files, draftFile{f.Name, f.Size, fmt.Sprintf("%x", f.Sum())})
	}
	for _, ref := range d.Rows {
		item.Rows = append(item.Rows, draftRow{ref.Source, ref.ID})
	}
	return item
}
