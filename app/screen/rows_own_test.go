package screen

import (
	"testing"
	"unsafe"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault"
)

// The toolkit keeps what it has drawn after a lock. A text of a summary would keep with it those of all items that were read with it.
func TestRowsHaveTextsOfTheirOwn(t *testing.T) {
	d, _, _ := openDesk(t)
	title, user, host := "Mail", "anna", "mail.example"
	for _, s := range []*vault.Summary{
		{ID: id.New(), Kind: vault.Login, Title: title, Subtitle: user},
		{ID: id.New(), Kind: vault.Login, Title: title, Hosts: []string{host}},
	} {
		row := Rows{words: d.shell.env.Words, summaries: []*vault.Summary{s}}.At(0)
		for _, text := range []string{row.Title, row.Subtitle} {
			for _, of := range []string{title, user, host} {
				if unsafe.StringData(text) == unsafe.StringData(of) {
					t.Errorf("%q of the row is that of the summary", text)
				}
			}
		}
	}
}
