package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault"
)

// filesScene shows the files of items: added, in every state, and told by the history.
func (a *album) filesScene() {
	a.openVault()
	a.put("Insurance/policy 2026.pdf", strings.Repeat("policy ", 300_000))
	a.put("Insurance/garden.jpg", strings.Repeat("picture ", 20_000))
	a.put("Insurance/server.pem", "key")
	a.put("Insurance/old/claims.zip", "zip")
	v := a.shell.Vault()
	v.Select(0)
	a.waitForItem("GitHub")
	a.waitFor("Attach files…")
	a.take("files-none")
	a.ui.pickFrom = a.folder
	a.pickFiles()
	a.waitFor("Insurance")
	a.keys(fyne.KeyReturn)
	a.waitFor("server.pem")
	a.keys(fyne.KeyDown, fyne.KeySpace, fyne.KeyDown, fyne.KeySpace, fyne.KeyDown)
	a.take("files-pick")
	a.keys(fyne.KeySpace)
	a.do("Attach 3 files")
	a.untilFile("server.pem", "3 bytes")
	a.untilFile("policy 2026.pdf", "2 MB")
	a.take("files")
	a.do("More for garden.jpg")
	a.take("files-menu")
	a.keys(fyne.KeyUp, fyne.KeyReturn)
	a.waitFor("is removed from this item.")
	a.until("two files", func() bool { return len(v.Detail().State().Files.Rows) == 2 })
	v.Detail().ToggleHistory()
	a.waitFor("garden.jpg removed")
	a.take("files-history")
	a.fileStates()
	a.documents()
}

// fileStates draws rows that no test can hold still.
func (a *album) fileStates() {
	a.still() // what came late would draw the item itself over them
	model := a.shell.Vault().Detail()
	view := newDetailView(a.ui, a.shell.Vault(), model, nil)
	a.ui.view.(*vaultView).panes.SetDetail(view.box)
	s := model.State()
	s.History, s.HistoryOpen = nil, false
	action := func(ids ...string) (actions []screen.FileAction) {
		icons := map[string]assets.IconName{"save": assets.IconSave, "download": assets.IconDownload, "retry": assets.IconRotateCcw, "cancel": assets.IconX}
		for _, id := range ids {
			actions = append(actions, screen.FileAction{ID: id, Icon: icons[id], Label: id, Tip: id})
		}
		return actions
	}
	menu := action("save")
	s.Files.Rows = []screen.FileRow{
		{ID: "1", Icon: assets.IconFileText, Name: "policy 2026.pdf", Status: "2 MB", Actions: action("save"), Menu: menu},
		{ID: "2", Icon: assets.IconArchive, Name: "photos of the damage.zip", Status: "Uploading  ·  45% of 88 MB", Moving: true, Fraction: .45, Actions: action("save"), Menu: menu},
		{ID: "3", Icon: assets.IconImage, Name: "garden.jpg", Status: "14 MB  ·  In the cloud", Actions: action("download"), Menu: menu},
		{ID: "4", Icon: assets.IconFileKey, Name: "server.pem", Status: "2 KB  ·  Waits to be uploaded", Actions: action("save"), Menu: menu},
		{ID: "5", Icon: assets.IconFile, Name: "archive.iso", Status: "99 MB  ·  Your account has no room left. It stays on this PC.", Tone: screen.ToneError, Actions: action("retry", "save"), Menu: menu},
		{ID: "6", Icon: assets.IconDatabase, Name: "books.sqlite", Status: "21 MB  ·  Not complete at the server", Tone: screen.ToneError, Actions: action("retry"), Menu: menu},
		{ID: "7", Icon: assets.IconFile, Name: "a name that is much too long for the width of this pane and so has to be shortened.tar.gz", Status: "Attaching  ·  80% of 12 MB", Moving: true, Fraction: .8, Actions: action("cancel")},
	}
	view.render(s)
	state := a.shell.Vault().State()
	state.Sync = screen.SyncLine{Icon: assets.IconCloudUpload, Busy: true, Text: "Uploading 2 files, 34%"}
	a.ui.view.(*vaultView).sidebar.render(state)
	a.take("files-states")
}

func (a *album) documents() {
	v := a.shell.Vault()
	v.New(string(vault.Document))
	a.typeText("Passport")
	a.drop(a.put("passport.pdf", "scan"))
	a.take("files-editor")
	a.press(screen.ActionSave)
	a.waitForItem("Passport")
	a.untilFile("passport.pdf", "4 bytes")
	a.take("files-document")
	v.New(string(vault.Document))
	a.typeText("Birth certificate")
	a.press(screen.ActionSave)
	a.waitForItem("Birth certificate")
	a.waitFor("No files yet")
	a.take("files-document-none")
	a.drop(a.put("folder/x", "x"), a.folder+"/folder")
	a.waitFor("It is a folder")
	a.untilFile("x", "One byte")
	a.take("files-refused")
}
