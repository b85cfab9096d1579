package ui

import (
	"context"
	"iter"
	"os"
	"path/filepath"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault/importer"
)

func init() { scenes["guide"] = (*album).guideScene }

// chromeProfile is a profile of Chrome as Windows has it: what is older than Chrome 127 can be read.
type chromeProfile struct{}

func (chromeProfile) Info() importer.Info {
	return importer.Info{ID: "chrome/Default", Browser: "Google Chrome", Profile: "Anna", Count: 4}
}

func (chromeProfile) Rows(context.Context, secret.Bytes) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		old := &importer.Record{
			Kind: importer.Login, Title: "garden.example", URLs: []string{"https://garden.example"}, Username: "anna", Password: testpc.Typed("roses-11"),
			Source: "chrome", SourceID: "garden",
		}
		for _, row := range []importer.Row{
			{ID: "1", Site: "garden.example", Record: old},
			{ID: "2", Site: "shop.example", Username: "anna", Reason: importer.ReasonAppBound},
			{ID: "3", Site: "news.example", Username: "anna", Reason: importer.ReasonAppBound},
			{ID: "4", Site: "gitea.example", Username: "anna", Reason: importer.ReasonAppBound},
		} {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// exportedByChrome is what Chrome exports of the profile.
const exportedByChrome = "name,url,username,password,note\ngarden.example,https://garden.example,anna,roses-11,\nshop.example,https://shop.example,anna,bought42,\n" +
	"news.example,https://news.example,anna,daily-77,\ngitea.example,https://gitea.example,anna,other,\n"

// guideScene imports a browser that keeps some passwords to itself: the report that says so, the way out, the file that was found, and
// the report with what was in it.
func (a *album) guideScene() {
	a.sit(openDeskOn(a.TB, newPC(a.TB, "Anna's PC", func(c *session.Config) {
		c.Browsers = func(context.Context) []importer.Source { return []importer.Source{chromeProfile{}} }
	})))
	a.shell.Vault().OpenImport()
	imports := a.shell.Vault().Import()
	a.stage(imports, screen.ImportChoose)
	imports.Continue()
	a.stage(imports, screen.ImportDone)
	a.take("guide-offer")
	imports.Guide("chrome/Default")
	a.until("the first look", func() bool { return imports.State().Guide.Looked })
	a.take("guide-steps")
	path := filepath.Join(a.folder, "Chrome Passwords.csv")
	if err := os.WriteFile(path, []byte(exportedByChrome), 0o600); err != nil {
		a.Fatal(err)
	}
	imports.Drop([]string{path})
	a.stage(imports, screen.ImportPreview)
	a.take("guide-preview")
	imports.Continue()
	a.stage(imports, screen.ImportDone)
	a.take("guide-report")
}
