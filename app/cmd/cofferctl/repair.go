package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// vault looks after the vault file of an account.
func (p *program) vault(ctx context.Context, args []string) error {
	actions := map[string]func(context.Context, access) error{"verify": p.verify, "repair": p.repair, "backups": p.backups}
	if len(args) == 0 || actions[args[0]] == nil {
		return fmt.Errorf("%w: verify, repair or backups", errUsage)
	}
	var a access
	rest, err := p.flags("vault "+args[0], args[1:], func(f *flag.FlagSet) { a.define(f) })
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %q", errUsage, rest[0])
	}
	p.manager.Drive() // verify asks no server, and repair counts what it does
	return actions[args[0]](ctx, a)
}

// verify reads every page, checks every synced row against the signed state, opens every item, and looks at what waits for the server. It asks
// no server, and changes nothing but what every unlock does: what was damaged is set aside.
func (p *program) verify(ctx context.Context, a access) error {
	findings := []finding{p.checkPages(ctx, a)}
	if findings[0].OK {
		findings = append(findings, p.checkContents(ctx, a)...)
	}
	return p.report(findings)
}

// report prints findings and ends with errTrouble if one of them is not as it should be.
func (p *program) report(findings []finding) error {
	trouble := false
	for _, f := range findings {
		trouble = trouble || !f.OK
	}
	err := p.print(map[string]any{"ok": !trouble, "findings": findings}, func() { p.printFindings(findings) })
	if err == nil && trouble {
		return errTrouble
	}
	return err
}

func (p *program) checkPages(ctx context.Context, a access) finding {
	f := finding{"pages of the file", true, "can all be read"}
	account, err := p.account(ctx, a.email)
	if err == nil {
		err = checkWhole(ctx, p.paths.Account(account.ID))
	}
	if err != nil {
		f.OK, f.Detail = false, sentence(err)
	}
	return f
}

func checkWhole(ctx context.Context, path string) error {
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer store.Close()
	return store.Check(ctx)
}

func (p *program) checkContents(ctx context.Context, a access) []finding {
	opened := finding{"seal of the file", true, "is whole: nobody changed it outside Coffer"}
	u, err := p.unlock(ctx, a)
	if err != nil {
		opened.OK, opened.Detail = false, sentence(err)
		return []finding{opened}
	}
	defer u.Lock()
	rows := finding{"synced rows", true, "are what the last commit says"}
	if err := u.Verify(ctx); err != nil {
		rows.OK, rows.Detail = false, sentence(err)
	}
	counts := u.Vault().Counts()
	items := finding{"items", counts.Unreadable == 0, fmt.Sprintf("%d, all of them open", counts.All+counts.Archive+counts.Trash)}
	if counts.Unreadable > 0 {
		items.Detail = fmt.Sprintf("%d do not open; cofferctl vault repair fetches them again", counts.Unreadable)
	}
	return append([]finding{opened, rows, items}, p.checkOwn(ctx, u)...)
}

// checkOwn looks at what this PC alone has.
func (p *program) checkOwn(ctx context.Context, u *session.Unlocked) []finding {
	edits := finding{"edits that wait for the server", true, "all of them open"}
	files := finding{"files that wait for the server", true, "are whole"}
	damage, err := u.Damage(ctx)
	switch {
	case err != nil:
		edits.OK, edits.Detail = false, sentence(err)
	case damage.Edits > 0:
		edits.OK = false
		edits.Detail = fmt.Sprintf("%d do not open; cofferctl vault repair takes them from a backup, or sets them aside", damage.Edits)
	}
	if len(damage.Files) > 0 {
		var names []string
		for _, f := range damage.Files {
			names = append(names, fmt.Sprintf("%q", f.Name))
		}
		files.OK = false
		files.Detail = "not whole on this PC, and nowhere else: " + strings.Join(names, ", ") + "; attach them again"
	}
	return []finding{edits, files}
}

// repaired is what repair did.
type repaired struct {
	Reloaded  bool   `json:"reloaded"` // the server's state was taken over
	Kept      int    `json:"kept"`     // edits of this PC that stay and wait for the server
	Conflicts int    `json:"conflicts"`
	SetAside  int    `json:"set_aside"` // what did not open
	Restored  int    `json:"restored"`  // edits that were damaged, and that a backup or the push in flight had
	Salvaged  int    `json:"salvaged"`  // edits that were read out of the damaged file
	Fetched   int    `json:"fetched"`   // items that were damaged, and that the server had
	Copy      string `json:"copy,omitempty"`
	Items     int    `json:"items"`
}

// repair saves what opens, sets the rest aside and fetches it from the server. A vault that is whole stays as it is.
func (p *program) repair(ctx context.Context, a access) error {
	account, err := p.account(ctx, a.email)
	if err != nil {
		return err
	}
	password, err := p.password(a.passwordFile)
	if err != nil {
		return err
	}
	defer password.Wipe()
	key, err := p.secretKey(a)
	if err != nil {
		return err
	}
	u, done, err := p.mend(ctx, account, password, key)
	if err != nil {
		return err
	}
	defer u.Lock()
	mended, err := u.Mend(ctx)
	if err != nil {
		return err
	}
	done.Restored, done.SetAside = mended.Restored, done.SetAside+mended.SetAside
	before := u.Vault().Counts().Unreadable
	if err := u.Sync(ctx); err != nil { // fetches what was set aside
		return err
	}
	counts := u.Vault().Counts()
	done.Items, done.Fetched = counts.All, max(0, before-counts.Unreadable)
	return p.print(done, func() { p.printRepaired(done) })
}

func (p *program) mend(ctx context.Context, account session.Account, password secret.Bytes, key string) (*session.Unlocked, repaired, error) {
	damage := checkWhole(ctx, p.paths.Account(account.ID))
	if !errors.Is(damage, vault.ErrCorrupt) {
		u, err := p.unlockWith(ctx, account, password, key)
		switch {
		case err == nil:
			return p.mendRows(ctx, u)
		case !errors.Is(err, vault.ErrOlderCopy) && !errors.Is(err, vault.ErrTampered) && !errors.Is(err, vault.ErrCorrupt):
			return nil, repaired{}, err
		}
	}
	u, done, err := p.manager.Reload(ctx, account.ID, password, key, nil)
	return u, fromReloaded(done), err
}

// mendRows loads the server's state if synced rows are not what the signed state says.
func (p *program) mendRows(ctx context.Context, u *session.Unlocked) (*session.Unlocked, repaired, error) {
	err := u.Verify(ctx)
	if err == nil {
		return u, repaired{}, nil
	}
	if !errors.Is(err, engine.ErrLocalState) {
		u.Lock()
		return nil, repaired{}, err
	}
	done, err := u.Reload(ctx, nil)
	if err != nil {
		u.Lock()
		return nil, repaired{}, err
	}
	return u, fromReloaded(done), nil
}

func fromReloaded(r session.Reloaded) repaired {
	return repaired{Reloaded: true, Kept: r.Kept + r.NewItems, Conflicts: r.Conflicts, SetAside: r.SetAside, Salvaged: r.Salvaged, Copy: r.Copy}
}

func (p *program) printRepaired(done repaired) {
	switch {
	case done.Reloaded:
		fmt.Fprintf(p.stdout, "Mended from the server: %d items. Edits of this PC that were kept: %d, read out of the damaged file: %d, to be decided: %d. What did not open: %d.\n",
			done.Items, done.Kept, done.Salvaged, done.Conflicts, done.SetAside)
	case done.Fetched+done.Restored+done.SetAside > 0:
		fmt.Fprintf(p.stdout, "Mended: %d items. Fetched again: %d. Edits of this PC that a backup had: %d, that did not open and were set aside: %d.\n",
			done.Items, done.Fetched, done.Restored, done.SetAside)
	default:
		fmt.Fprintf(p.stdout, "The vault is whole: %d items.\n", done.Items)
	}
}

// backups lists the copies of the vault on this PC. Items come back from them in the app.
func (p *program) backups(ctx context.Context, a access) error {
	u, err := p.unlock(ctx, a)
	if err != nil {
		return err
	}
	defer u.Lock()
	all, err := u.Backups()
	if err != nil {
		return err
	}
	type row struct {
		Time time.Time `json:"time"`
		Size int64     `json:"size"`
	}
	rows := []row{}
	for _, b := range all {
		rows = append(rows, row{b.Time, b.Size})
	}
	return p.print(rows, func() {
		for _, r := range rows {
			fmt.Fprintf(p.stdout, "%s  %d KB\n", r.Time.Local().Format(time.DateTime), r.Size>>10)
		}
	})
}
