package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// access is what every command that opens a vault takes.
type access struct {
	email, passwordFile string
	secretKey           bool
}

func (a *access) define(f *flag.FlagSet) {
	f.StringVar(&a.email, "account", "", "")
	f.StringVar(&a.passwordFile, "password-file", "", "")
	f.BoolVar(&a.secretKey, "secret-key", false, "")
}

// unlock opens the account that is meant; the caller locks it.
func (p *program) unlock(ctx context.Context, a access) (*session.Unlocked, error) {
	account, err := p.account(ctx, a.email)
	if err != nil {
		return nil, err
	}
	password, err := p.password(a.passwordFile)
	if err != nil {
		return nil, err
	}
	defer password.Wipe()
	key, err := p.secretKey(a)
	if err != nil {
		return nil, err
	}
	return p.unlockWith(ctx, account, password, key)
}

// secretKey asks for the Secret Key where it is to be typed; empty where the keyring has it.
func (p *program) secretKey(a access) (string, error) {
	if !a.secretKey {
		return "", nil
	}
	key, err := p.question("Secret Key", true)
	if err != nil {
		return "", err
	}
	defer key.Wipe()
	return string(key.Reveal()), nil
}

func (p *program) unlockWith(ctx context.Context, account session.Account, password secret.Bytes, key string) (*session.Unlocked, error) {
	if key == "" {
		return p.manager.Unlock(ctx, account.ID, password)
	}
	return p.manager.UnlockWithSecretKey(ctx, account.ID, password, key)
}

type accountStatus struct {
	Email    string    `json:"email"`
	Server   string    `json:"server"`
	ID       string    `json:"id"`
	LastUsed time.Time `json:"last_used"`
	Unsynced int       `json:"unsynced"` // edits that the server does not have; -1 if the vault file cannot be read
}

// unsynced counts what waits for the server. It needs no password.
func (p *program) unsynced(ctx context.Context, a session.Account) int {
	store, err := sqlite.Open(ctx, p.paths.Account(a.ID))
	if err != nil {
		return -1
	}
	defer store.Close()
	keys, err := store.Vaults(ctx)
	if err != nil {
		return -1
	}
	n := 0
	err = store.View(ctx, func(r vault.Reader) error {
		for _, k := range keys {
			if err := r.PendingObjects(k.Vault, func(vault.Object) error { n++; return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return -1
	}
	return n
}

func (p *program) status(ctx context.Context, args []string) error {
	if err := p.onlyFlags("status", args, nil); err != nil {
		return err
	}
	report := struct {
		Version      string          `json:"version"`
		Channel      string          `json:"channel"`
		Home         string          `json:"home"`
		Organization string          `json:"organization,omitempty"` // that this PC belongs to
		Accounts     []accountStatus `json:"accounts"`
		Updates      updateStatus    `json:"updates"`
	}{buildinfo.Version, buildinfo.Channel, p.paths.Home, p.organization(), []accountStatus{}, p.updateStatus()}
	for _, a := range p.manager.Accounts() {
		report.Accounts = append(report.Accounts, accountStatus{a.Email, a.Origin, a.ID.String(), a.LastUsed, p.unsynced(ctx, a)})
	}
	return p.print(report, func() {
		fmt.Fprintf(p.stdout, "Coffer %s (%s)\n", report.Version, report.Channel)
		if report.Organization != "" {
			fmt.Fprintf(p.stdout, "PC of %s\n", report.Organization)
		}
		if len(report.Accounts) == 0 {
			fmt.Fprintln(p.stdout, "No account on this PC. cofferctl enrol makes one.")
		}
		for _, a := range report.Accounts {
			fmt.Fprintf(p.stdout, "%s at %s, last used %s, %s\n", a.Email, a.Server, a.LastUsed.Format("2006-01-02 15:04"), a.waiting())
		}
		for _, line := range report.Updates.lines() {
			fmt.Fprintln(p.stdout, line)
		}
	})
}

func (a accountStatus) waiting() string {
	switch a.Unsynced {
	case -1:
		return "vault file not readable: see cofferctl doctor"
	case 0:
		return "all edits are on the server"
	}
	return fmt.Sprintf("edits that wait for the server: %d", a.Unsynced)
}

func (p *program) version(_ context.Context, args []string) error {
	if err := p.onlyFlags("version", args, nil); err != nil {
		return err
	}
	return p.print(map[string]string{"version": buildinfo.Version, "commit": buildinfo.Commit, "channel": buildinfo.Channel}, func() {
		fmt.Fprintln(p.stdout, buildinfo.Version)
	})
}

type listed struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Title    string   `json:"title"`
	Username string   `json:"username,omitempty"`
	Hosts    []string `json:"hosts,omitempty"`
	Conflict bool     `json:"conflict,omitempty"`
	Trashed  bool     `json:"trashed,omitempty"`
}

func toListed(s *vault.Summary) listed {
	return listed{s.ID.String(), string(s.Kind), s.Title, s.Subtitle, s.Hosts, s.Conflict, s.TrashedAt != 0}
}

func (p *program) list(ctx context.Context, args []string) error {
	var a access
	trash := false
	rest, err := p.flags("list", args, func(f *flag.FlagSet) { a.define(f); f.BoolVar(&trash, "trash", false, "") })
	if err != nil {
		return err
	}
	collectLess()
	filter := vault.Filter{Trash: trash}
	if len(rest) > 0 {
		filter.Text = rest[0]
	}
	u, err := p.unlock(ctx, a)
	if err != nil {
		return err
	}
	defer u.Lock()
	found := u.Vault().Query(filter)
	if !p.json {
		return p.printList(found)
	}
	items := make([]listed, len(found))
	for i, s := range found {
		items[i] = toListed(s)
	}
	return p.print(items, nil)
}

// collectLess is for commands that end when the vault is open: until then there is less garbage than the key derivation took of memory.
func collectLess() { debug.SetGCPercent(400) }

// printList writes a line for each item, of which there may be 100,000: a call of the system, or a new text, for each would take longer
// than the search.
func (p *program) printList(items []*vault.Summary) error {
	out := bufio.NewWriterSize(p.stdout, pipeSize)
	for _, s := range items {
		line := hex.AppendEncode(out.AvailableBuffer(), s.ID[:])
		line = append(append(line, "  "...), s.Kind...)
		for range kindWidth - len(s.Kind) {
			line = append(line, ' ')
		}
		line = append(append(line, "  "...), s.Title...)
		line = append(append(line, "  "...), s.Subtitle...)
		out.Write(append(line, '\n'))
	}
	return out.Flush()
}

// pipeSize is what a pipe holds on Linux (pipe(7)): the reader is woken once for as much.
const pipeSize = 64 << 10

// kindWidth is the column of the kinds.
const kindWidth = 8

// get prints one field of each item. Secrets go to standard output alone, and nowhere else.
func (p *program) get(ctx context.Context, args []string) error {
	var a access
	field := ""
	names, err := p.flags("get", args, func(f *flag.FlagSet) { a.define(f); f.StringVar(&field, "field", "password", "") })
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: name items, by title or id", errUsage)
	}
	collectLess()
	u, err := p.unlock(ctx, a)
	if err != nil {
		return err
	}
	defer u.Lock()
	var found []details
	for _, name := range names {
		d, err := describe(ctx, u.Vault(), name)
		if err != nil {
			return err
		}
		if _, ok := d.Values[field]; !ok && !p.json {
			return fmt.Errorf("%q has no %s", name, field)
		}
		found = append(found, d)
	}
	return p.print(found, func() {
		for _, d := range found {
			fmt.Fprintln(p.stdout, d.Values[field])
		}
	})
}

// details is an item with its secrets.
type details struct {
	listed
	Values   map[string]string `json:"values"`
	Websites []string          `json:"websites,omitempty"`
	History  []past            `json:"history,omitempty"`
}

type past struct {
	Field    string `json:"field"`
	Value    string `json:"value"`
	Time     int64  `json:"time"`
	Conflict bool   `json:"conflict,omitempty"`
}

func describe(ctx context.Context, v *vault.Vault, name string) (details, error) {
	summary, err := find(v, name)
	if err != nil {
		return details{}, err
	}
	item, err := v.Get(ctx, summary.ID)
	if err != nil {
		return details{}, err
	}
	defer item.Wipe()
	d := details{listed: toListed(summary), Values: map[string]string{}, Websites: item.Websites}
	for key, value := range item.Values {
		d.Values[string(key)] = string(value.Reveal())
	}
	for _, h := range item.History {
		d.History = append(d.History, past{string(h.Field), string(h.Value.Reveal()), h.Time, h.Conflict})
	}
	return d, nil
}

// find takes an id, or a title that one item alone has.
func find(v *vault.Vault, name string) (*vault.Summary, error) {
	var matches []*vault.Summary
	for _, s := range v.Query(vault.Filter{}) {
		if s.ID.String() == name {
			return s, nil
		}
		if s.Title == name {
			matches = append(matches, s)
		}
	}
	switch len(matches) {
	case 0:
		return nil, fmt.Errorf("no item is called %q; cofferctl list shows them", name)
	case 1:
		return matches[0], nil
	}
	return nil, fmt.Errorf("%d items are called %q; use the id that cofferctl list shows", len(matches), name)
}

func (p *program) sync(ctx context.Context, args []string) error {
	var a access
	if err := p.onlyFlags("sync", args, a.define); err != nil {
		return err
	}
	u, err := p.unlock(ctx, a)
	if err != nil {
		return err
	}
	defer u.Lock()
	if err := u.Sync(ctx); err != nil {
		return err
	}
	return p.print(map[string]any{"pending": u.Status().Pending, "items": u.Vault().Counts().All}, func() {
		fmt.Fprintf(p.stdout, "In step with the server: %d items.\n", u.Vault().Counts().All)
	})
}

// enrol creates an account, or signs in on this PC. Codes are asked for like passwords.
func (p *program) enrol(ctx context.Context, args []string) error {
	if len(args) == 0 || (args[0] != "create" && args[0] != "signin") {
		return fmt.Errorf("%w: create or signin", errUsage)
	}
	var server, email, passwordFile string
	_, err := p.flags("enrol", args[1:], func(f *flag.FlagSet) {
		f.StringVar(&server, "server", "", "")
		f.StringVar(&email, "email", "", "")
		f.StringVar(&passwordFile, "password-file", "", "")
	})
	if err != nil {
		return err
	}
	if server == "" || email == "" {
		return fmt.Errorf("%w: --server and --email are needed", errUsage)
	}
	var u *session.Unlocked
	if args[0] == "create" {
		u, err = p.create(ctx, server, email, passwordFile)
	} else {
		u, err = p.signIn(ctx, server, email, passwordFile)
	}
	if err != nil {
		return err
	}
	defer u.Lock()
	if args[0] == "signin" {
		if err := p.confirm(ctx, u); err != nil {
			return err
		}
	}
	return p.printEnrolled(ctx, u, args[0] == "create")
}

// confirm shows the state that the server gave to this new device, and asks whether it is the newest: only a person can tell. Without a
// yes the vault stays read-only here.
func (p *program) confirm(ctx context.Context, u *session.Unlocked) error {
	e, err := u.Enrolment(ctx)
	if err != nil {
		return err
	}
	if !e.Changed.IsZero() {
		fmt.Fprintf(p.stderr, "Last change: %s, on %s.\n", e.Changed.Local().Format(time.DateTime), e.ChangedBy)
	}
	for _, d := range e.Devices {
		fmt.Fprintf(p.stderr, "Device: %s (%s), added %s.\n", d.Name, d.Platform, d.Added.Local().Format(time.DateTime))
	}
	answer, err := p.question("Is this the newest state of the vault? Type yes", false)
	if err != nil || string(answer.Reveal()) != "yes" {
		fmt.Fprintln(p.stderr, "Not confirmed: the vault can only be read on this PC until it is, in the app.")
		return nil
	}
	return u.ConfirmEnrolment(ctx)
}

func (p *program) create(ctx context.Context, server, email, passwordFile string) (*session.Unlocked, error) {
	s, err := p.manager.BeginSignUp(ctx, server, email)
	if err != nil {
		return nil, err
	}
	code, err := p.question("Code from the mail", false)
	if err != nil {
		return nil, err
	}
	if err := s.Verify(ctx, string(code.Reveal())); err != nil {
		return nil, err
	}
	password, err := p.password(passwordFile)
	if err != nil {
		return nil, err
	}
	defer password.Wipe()
	return s.Finish(ctx, password)
}

func (p *program) signIn(ctx context.Context, server, email, passwordFile string) (*session.Unlocked, error) {
	password, err := p.password(passwordFile)
	if err != nil {
		return nil, err
	}
	defer password.Wipe()
	key, err := p.question("Secret Key", true)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	s, err := p.manager.BeginSignIn(ctx, server, email, password, string(key.Reveal()))
	if err != nil {
		return nil, err
	}
	if s.CodeNeeded() {
		var code secret.Bytes
		if code, err = p.question("Code from the mail", false); err != nil {
			return nil, err
		}
		if err := s.Verify(ctx, string(code.Reveal())); err != nil {
			return nil, err
		}
	}
	return s.Finish(ctx, nil)
}

// printEnrolled shows Secret Key and recovery code of a new account, once: nobody else has them.
func (p *program) printEnrolled(ctx context.Context, u *session.Unlocked, created bool) error {
	report := map[string]any{"account": u.Account().ID.String(), "email": u.Account().Email, "items": u.Vault().Counts().All}
	if created {
		code, err := u.RecoveryCode(ctx)
		if err != nil {
			return err
		}
		report["secret_key"], report["recovery_code"] = u.SecretKey(), code
	}
	return p.print(report, func() {
		fmt.Fprintf(p.stdout, "%s is on this PC, with %d items.\n", u.Account().Email, u.Vault().Counts().All)
		if created {
			fmt.Fprintf(p.stdout, "Write this Secret Key down; every new device needs it, and nobody can restore it:\n%s\n", u.SecretKey())
			fmt.Fprintf(p.stdout, "And this recovery code, for the day on which it or the master password is lost:\n%s\n", report["recovery_code"])
		}
	})
}
