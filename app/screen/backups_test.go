package screen

import (
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// backupRows writes the rows of a page.
func backupRows(s SheetModel) string {
	var rows []string
	for _, row := range s.State().Rows {
		rows = append(rows, row.Title+": "+row.Detail)
	}
	return strings.Join(rows, ", ")
}

func TestItemsComeBackFromABackup(t *testing.T) {
	d, v, _ := openDesk(t)
	d.add("Mail", "anna", "old")
	d.add("Shop", "anna", "x")
	v.OpenSettings()
	v.Settings().Lead(SettingsBackups)
	sheet := v.Sheet()
	d.until("no backup", func() bool { return strings.HasPrefix(backupRows(sheet), "No backup yet") })
	if s := sheet.State(); s.Primary != "Back up now" || s.Secondary != "Close" {
		t.Errorf("%+v", s)
	}
	sheet.Submit()
	d.until("backup", func() bool {
		s := sheet.State() // the list that was asked for first may show it, too, before it is done
		return !s.Busy && len(s.Rows) == 1 && strings.HasSuffix(s.Rows[0].Detail, "KB")
	})

	sheet.Open(sheet.State().Rows[0].ID)
	d.until("the same", func() bool { return sheet.State().Title == "Nothing is missing" })
	sheet.Back()
	d.until("list", func() bool { return sheet.State().Primary == "Back up now" && sheet.State().Rows[0].ID != "" })

	mail, shop := d.item("Mail"), d.item("Shop")
	mail.Set(vault.Password, testpc.Typed("new"))
	testpc.Save(t, d.shell.unlocked, mail)
	if err := d.shell.unlocked.Vault().DeleteForever(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	sheet.Open(sheet.State().Rows[0].ID)
	d.until("found", func() bool {
		return backupRows(sheet) == "Mail: anna  ·  changed since, Shop: anna  ·  deleted since"
	})
	checkWords(t, "page", sheet.State().Title, sheet.State().Body, sheet.State().Primary)
	sheet.Act(sheet.State().Rows[1].ID, "restore")
	d.until("one is back", func() bool {
		return backupRows(sheet) == "Mail: anna  ·  changed since" && d.titles(v) == "Mail, Shop"
	})
	if got := v.State().Toast.Text; got != "One item is as it was." {
		t.Error(got)
	}
	sheet.Submit()
	d.until("closed", func() bool { return v.State().Dialog == DialogNone })
	if it := testpc.Get(t, d.shell.unlocked, mail.ID); string(it.Value(vault.Password).Reveal()) != "old" {
		t.Error("it was not brought back")
	}
}
