package screen

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// exportPages are the addresses of the pages on which browsers export their passwords, by the ID of the browser.
var exportPages = map[string]string{
	"chrome": "chrome://password-manager/settings", "chromium": "chrome://password-manager/settings", "brave": "brave://password-manager/settings",
	"vivaldi": "vivaldi://password-manager/settings", "opera": "opera://password-manager/settings", "arc": "arc://password-manager/settings",
	"edge": "edge://wallet/passwords",
}

// edge has its export behind three dots.
const edge = "edge"

// browserID is the browser of a profile.
func browserID(profile importer.Info) string {
	id, _, _ := strings.Cut(profile.ID, "/")
	return id
}

// keptProfile is a browser profile whose browser lets no other program read some of its passwords, but exports them itself.
type keptProfile struct {
	info importer.Info
	rows int
}

// keptIn are the profiles of a report for which there is a guide.
func keptIn(report importer.Report) (kept []keptProfile) {
	for _, source := range report.Sources {
		if exportPages[browserID(source.Info)] == "" {
			continue
		}
		rows := 0
		for _, row := range source.Rows {
			if row.Reason.Exported() {
				rows++
			}
		}
		if rows > 0 {
			kept = append(kept, keptProfile{source.Info, rows})
		}
	}
	return kept
}

// guide leads a person through an export of a browser, and waits for the file.
type guide struct {
	profile keptProfile
	watch   downloads
	looking bool // a worker has watch
	seen    bool // there was a look
	blind   bool // the folder cannot be looked into
	unread  string
	copied  bool
	stop    func()
}

// lookEvery is how often a guide looks for the file. A file is taken at the second look that finds it the same.
const lookEvery = 2 * time.Second

// Guide shows how to bring along what a browser keeps to itself.
func (i *Import) Guide(profile string) {
	n := slices.IndexFunc(i.told.kept, func(k keptProfile) bool { return k.info.ID == profile })
	if n < 0 || i.page != ImportDone || i.busy || i.undone {
		return
	}
	g := &guide{profile: i.told.kept[n], watch: downloads{find: i.env.Downloads}}
	i.guide, i.page, i.problem = g, ImportGuide, Message{}
	g.stop = i.run.Every(lookEvery, i.watch)
	i.watch()
	i.changed()
}

// leaveGuide goes back to the report.
func (i *Import) leaveGuide() {
	i.guide.stop()
	i.guide, i.page, i.problem = nil, ImportDone, Message{}
}

// watch looks once whether the file is there, while its page is shown.
func (i *Import) watch() {
	g := i.guide
	if i.page != ImportGuide || i.busy || g.looking {
		return
	}
	g.looking = true
	RunOwned(i.run, g.watch.look, func(found sighting, err error) { i.watched(g, found, err) }, sighting.close)
}

func (i *Import) watched(g *guide, found sighting, err error) {
	g.looking = false
	switch {
	case found.file != nil && (i.guide != g || i.page != ImportGuide || i.busy): // another file was chosen meanwhile
		g.watch.forget(found.file)
		found.close()
	case found.file != nil:
		i.file, i.before = found.file, ImportGuide
		i.look()
	case i.guide == g && (!g.seen || g.blind != (err != nil) || g.unread != found.unread):
		g.seen, g.blind, g.unread = true, err != nil, found.unread
		i.changed()
	}
}

// addressStays is how long the address lies on the clipboard.
const addressStays = 5 * time.Minute

// CopyAddress copies the address of the page on which the browser exports. No program may open such an address but the browser itself.
func (i *Import) CopyAddress() {
	g := i.guide
	if g == nil || i.page != ImportGuide {
		return
	}
	address := secret.FromString(exportPages[browserID(g.profile.info)])
	Run(i.run, func(context.Context) (struct{}, error) {
		defer address.Wipe()
		return struct{}{}, i.env.Clipboard.Copy(address, addressStays)
	}, func(_ struct{}, err error) {
		g.copied, i.problem = err == nil, explain(i.env.Words, err)
		i.changed()
	})
}

// GuideOffer is a browser profile that keeps passwords to itself. Import.Guide takes its ID.
type GuideOffer struct {
	ID          string
	Title, Body string
	Button      string
}

// ExportGuide says how a browser exports its passwords.
type ExportGuide struct {
	Steps   []string // the first is about the address
	Address string
	Copy    string // label of the button that copies the address
	Waiting string // what is waited for
	Looked  bool   // there was a first look: what is saved from now on is found
	Blind   bool   // the folder, or a file in it, cannot be read: Waiting says what to do
}

func (i *Import) viewGuides(s *ImportState) {
	for _, kept := range i.told.kept {
		s.Guides = append(s.Guides, GuideOffer{
			ID: kept.info.ID, Button: i.text("screen.import.guide.open"), Body: i.text("screen.import.guide.offerBody"),
			Title: i.env.Words.Count("screen.import.guide.offer", kept.rows, "browser", sourceLabel(kept.info)),
		})
	}
}

func (i *Import) viewGuide(s *ImportState) {
	g := i.guide
	info := g.profile.info
	browser := browserID(info)
	s.Title = i.text("screen.import.guide.title", "browser", info.Browser)
	s.Body = i.env.Words.Count("screen.import.guide.body", g.profile.rows, "browser", info.Browser)
	s.Skip, s.File = i.text("screen.back"), i.text("screen.import.file.choose")
	address, export := "screen.import.guide.address", "screen.import.guide.export"
	if i.severalOf(browser) {
		address += ".profile"
	}
	if browser == edge {
		export += ".edge"
	}
	s.Guide = ExportGuide{
		Address: exportPages[browser], Copy: i.text("screen.import.guide.copy"),
		Steps: []string{i.text(address, "browser", info.Browser, "profile", info.Profile), i.text(export), i.text("screen.import.guide.then")},
	}
	if g.copied {
		s.Guide.Copy = i.text("screen.import.guide.copied")
	}
	s.Guide.Waiting, s.Guide.Looked, s.Guide.Blind = i.text("screen.import.guide.waiting"), g.seen, g.blind || g.unread != ""
	switch {
	case i.busy:
		s.Guide.Waiting = i.text("screen.import.file.reading")
	case g.blind:
		s.Guide.Waiting = i.text("screen.import.guide.blind")
	case g.unread != "":
		s.Guide.Waiting = i.text("screen.import.guide.unread", "name", nameOf(g.unread))
	}
}

// severalOf tells whether a browser has several profiles with passwords: then it matters which one exports.
func (i *Import) severalOf(browser string) bool {
	profiles := 0
	for _, b := range i.found {
		if browserID(b.info) == browser {
			profiles++
		}
	}
	return profiles > 1
}
