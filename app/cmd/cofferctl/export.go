package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// partNames say what a format has no place for, by their number.
var partNames = map[exporter.Part]string{
	exporter.PartUnreadable: "items that do not open on this PC",
	exporter.PartItems:      "items left out, of kinds that the format does not know",
	exporter.PartTrash:      "items in the trash",
	exporter.PartNewer:      "items with parts that only a newer version of Coffer knows",
	exporter.PartFiles:      "attached files",
	exporter.PartAbsent:     "attached files that are not on this PC; cofferctl attachment save fetches them",
	exporter.PartOTP:        "secrets of one-time codes",
	exporter.PartCustom:     "custom fields",
	exporter.PartKind:       "items of kinds that the format does not know, with all their fields",
	exporter.PartWebsites:   "websites",
	exporter.PartHistory:    "earlier values",
	exporter.PartBytes:      "values that are no text, written as base64",
	exporter.PartTags:       "tags",
	exporter.PartFolders:    "folders",
	exporter.PartFavorite:   "marks of a favorite",
	exporter.PartArchive:    "marks of the archive; the items are in the file",
	exporter.PartFindings:   "findings of the security check that were called no problem",
	exporter.PartDates:      "items without the dates of their making and changes",
}

// exportCommand writes the vault into a file that other programs read.
func (p *program) exportCommand(ctx context.Context, args []string) error {
	var a access
	format, force := "", false
	rest, err := p.flags("export", args, func(f *flag.FlagSet) {
		a.define(f)
		f.StringVar(&format, "format", "", "")
		f.BoolVar(&force, "force", false, "")
	})
	if err != nil {
		return err
	}
	spec, known := exporter.SpecOf(exporter.Format(format))
	if !known || len(rest) != 1 {
		return fmt.Errorf("%w: --format %s, and one file", errUsage, formatNames())
	}
	// Whether the file is there is said before passwords are typed; when it is made nobody can come between.
	if _, err := os.Lstat(rest[0]); err == nil && !force {
		return taken(rest[0])
	}
	if !spec.Sealed {
		fmt.Fprintf(p.stderr, "cofferctl export: whoever reads %s has every password in it. Keep it on no shared disk, and delete it when it has served.\n", rest[0])
	}
	return p.export(ctx, a, exporter.Options{Format: spec.Format, Replace: force}, spec.Sealed, rest[0])
}

func (p *program) export(ctx context.Context, a access, o exporter.Options, sealed bool, path string) error {
	u, err := p.unlock(ctx, a)
	if err != nil {
		return err
	}
	defer u.Lock()
	if sealed {
		if o.Password, err = p.newPassword(); err != nil {
			return err
		}
		defer o.Password.Wipe()
	}
	report, err := u.Export(ctx, path, o, nil)
	if errors.Is(err, fs.ErrExist) {
		return taken(path)
	}
	if err != nil {
		return err
	}
	return p.printExport(path, report)
}

func formatNames() string {
	var names []string
	for _, s := range exporter.Specs() {
		names = append(names, string(s.Format))
	}
	return strings.Join(names, "|")
}

func taken(path string) error { return fmt.Errorf("%s: %w; --force replaces it", path, fs.ErrExist) }

// newPassword asks for the password of a file, at a terminal twice: nobody can mend a slip of the fingers later.
func (p *program) newPassword() (secret.Bytes, error) {
	password, err := p.question("Password of the file", true)
	if err != nil {
		return secret.Bytes{}, err
	}
	if file, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		again, err := p.question("The same again", true)
		if err == nil && !again.Equal(password) {
			err = errors.New("the two passwords differ. Nothing was written")
		}
		again.Wipe()
		if err != nil {
			password.Wipe()
			return secret.Bytes{}, err
		}
	}
	return password, nil
}

// exportReport says what is in a file and what is not. Scripts read it: what is there stays.
type exportReport struct {
	File   string          `json:"file"`
	Format exporter.Format `json:"format"`
	Items  int             `json:"items"`
	Files  int             `json:"files"` // attached ones
	Lost   []lostPart      `json:"lost"`
}

type lostPart struct {
	Part   exporter.Part `json:"part"`
	Count  int           `json:"count"`
	Titles []string      `json:"titles,omitempty"` // of the items
}

func (p *program) printExport(path string, report exporter.Report) error {
	r := exportReport{File: path, Format: report.Format, Items: report.Items, Files: report.Files, Lost: []lostPart{}}
	for _, l := range report.Lost {
		r.Lost = append(r.Lost, lostPart{l.Part, l.Count, l.Titles})
	}
	return p.print(r, func() {
		fmt.Fprintf(p.stdout, "%s has %d items and %d attached files.\n", path, r.Items, r.Files)
		for _, l := range r.Lost {
			fmt.Fprintf(p.stdout, "not in it, or not as it was: %d %s%s\n", l.Count, partNames[l.Part], among(l.Titles))
		}
	})
}

// among names the first few; --json names all.
func among(titles []string) string {
	const few = 5
	switch n := len(titles); {
	case n == 0:
		return ""
	case n > few:
		return fmt.Sprintf(" (%s and %d more)", strings.Join(titles[:few], ", "), n-few)
	}
	return " (" + strings.Join(titles, ", ") + ")"
}
