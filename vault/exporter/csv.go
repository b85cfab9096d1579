package exporter

import (
	"context"
	"encoding/csv"

	"github.com/coffer-vault/coffer/vault"
)

// CSV has the columns of Chrome's own export, which every browser and every password manager reads: logins alone, a row for each
// website.
const CSV Format = "csv"

var csvSpec = Spec{
	Format: CSV, Extension: ".csv",
	Omits: []Part{
		PartTrash, PartFiles, PartOTP, PartCustom, PartHistory, PartTags, PartFolders, PartFavorite, PartArchive, PartFindings, PartDates,
	},
	open: func(x *export) (encoder, error) {
		w := csv.NewWriter(x.out)
		return &csvEncoder{w}, w.Write([]string{"name", "url", "username", "password", "note"})
	},
}

type csvEncoder struct{ w *csv.Writer }

func (c *csvEncoder) add(_ context.Context, e *entry) error {
	if e.Kind != vault.Login {
		e.leave()
		return nil
	}
	websites := e.Websites
	if len(websites) == 0 {
		websites = []string{""}
	}
	username, password, notes := e.field(vault.Username), e.field(vault.Password), e.field(vault.Notes)
	for _, website := range websites {
		if err := c.w.Write([]string{e.Title, website, username, password, notes}); err != nil {
			return err
		}
	}
	// A newer version may know more fields of a login.
	e.lose(PartCustom, len(e.others(vault.Username, vault.Password, vault.OTP))-len(e.Custom))
	return nil
}

func (c *csvEncoder) finish() error {
	c.w.Flush()
	return c.w.Error()
}

func (c *csvEncoder) wipe() {} // nothing waits but the last lines, in a buffer of the standard library
