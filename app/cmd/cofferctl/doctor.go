package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater"
	"github.com/coffer-vault/coffer/updater/machine"
	"github.com/coffer-vault/coffer/vault/sqlite"
)

// finding is one thing that doctor looked at.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

const (
	hostPatience = 10 * time.Second
	clockLimit   = 2 * time.Minute // what the server accepts (docs/protocol.md §8)
)

// errNetwork ends doctor where this PC is in order and a server, or what is between, is not.
var errNetwork = fmt.Errorf("%w: the network", errTrouble)

// doctor looks at everything that Coffer needs, and needs no password. It repairs nothing; like every start it makes the profile's
// folders and brings vault files to the present schema.
func (p *program) doctor(ctx context.Context, args []string) error {
	bundle := ""
	if err := p.onlyFlags("doctor", args, func(f *flag.FlagSet) { f.StringVar(&bundle, "bundle", "", "") }); err != nil {
		return err
	}
	accounts := p.manager.Accounts()
	here := p.checkHere(ctx, accounts)
	n := p.network
	if n == nil {
		n = usualNetwork()
	}
	outside := n.check(ctx, p.hosts(accounts))
	all := slices.Concat(here, outside)
	if bundle != "" {
		if err := p.writeBundle(bundle, all, accounts); err != nil {
			return err
		}
	}
	err := p.report(all)
	if errors.Is(err, errTrouble) && !slices.ContainsFunc(here, func(f finding) bool { return !f.OK }) {
		return errNetwork
	}
	return err
}

// checkHere looks at this PC.
func (p *program) checkHere(ctx context.Context, accounts []session.Account) []finding {
	findings := []finding{p.checkVersion()}
	findings = append(findings, p.checkFolders()...)
	findings = append(findings, p.checkKeyring(ctx), checkGraphics(), p.checkUpdates())
	findings = append(findings, checkPolicy(p.manager.Policy())...)
	findings = append(findings, p.checkEnrolment()...)
	for _, a := range accounts {
		findings = append(findings, p.checkFile(ctx, a))
	}
	return findings
}

// checkVersion compares this program with what Windows lists as installed: an inventory reads that.
func (p *program) checkVersion() finding {
	f := finding{"version", true, buildinfo.Version + " (" + buildinfo.Channel + ")"}
	if listed := installedVersion(); listed != "" && listed != buildinfo.Version {
		f.OK, f.Detail = false, f.Detail+"; "+listed+" is what this PC lists as installed. Install it again"
	}
	return f
}

// checkPolicy lists what the administrator has decided, and what of it was not understood.
func checkPolicy(p policy.Policy) []finding {
	var held []string
	for _, s := range p.InForce() {
		held = append(held, s.Name+" "+s.Value)
	}
	if held == nil {
		held = []string{"none"}
	}
	findings := []finding{{"policy", true, strings.Join(held, ", ")}}
	for _, bad := range p.Problems {
		findings = append(findings, finding{"policy " + bad.Name, false, bad.Reason})
	}
	return findings
}

func (p *program) printFindings(findings []finding) {
	for _, f := range findings {
		mark := "ok  "
		if !f.OK {
			mark = "LOOK"
		}
		fmt.Fprintf(p.stdout, "%s  %-28s %s\n", mark, f.Check, f.Detail)
	}
}

func (p *program) checkFolders() []finding {
	f := finding{"profile folder", true, p.paths.Home}
	if err := p.paths.Create(); err != nil {
		f.OK, f.Detail = false, err.Error()
		return []finding{f}
	}
	probe, err := os.CreateTemp(p.paths.Home, ".doctor")
	if err != nil {
		f.OK, f.Detail = false, "cannot be written: "+err.Error()
		return []finding{f}
	}
	probe.Close()
	os.Remove(probe.Name())
	space := finding{"disk space", true, "enough"}
	if low, err := platform.LowDiskSpace(p.paths.Home); err != nil {
		space.OK, space.Detail = false, err.Error()
	} else if low {
		space.OK, space.Detail = false, "nearly full: edits may soon fail to be saved"
	}
	return []finding{f, space}
}

func (p *program) usedKeyring() session.Keyring {
	if p.keyring != nil {
		return p.keyring
	}
	return platform.NewKeyring(p.paths)
}

// checkKeyring asks for an entry that cannot exist: a keyring that works says so.
func (p *program) checkKeyring(ctx context.Context) finding {
	ctx, cancel := context.WithTimeout(ctx, hostPatience)
	defer cancel()
	_, err := p.usedKeyring().Load(ctx, "https://doctor.invalid", id.New())
	if errors.Is(err, platform.ErrNotFound) {
		return finding{"keyring", true, "answers"}
	}
	return finding{"keyring", false, "does not answer: the Secret Key has to be typed at each unlock. " + err.Error()}
}

func (p *program) checkFile(ctx context.Context, a session.Account) finding {
	f := finding{"vault file of " + a.Email, true, "opens"}
	store, err := sqlite.Open(ctx, p.paths.Account(a.ID))
	if err != nil {
		f.OK, f.Detail = false, sentence(err)
		return f
	}
	defer store.Close()
	kept, err := p.usedKeyring().Load(ctx, a.Origin, a.ID)
	if err != nil {
		f.Detail = "opens; not verified, since the keyring has no entry for it"
		return f
	}
	if err := store.Anchor(ctx, session.MAC(kept.Anchor), kept.Generation); err != nil {
		f.OK, f.Detail = false, sentence(err)
		return f
	}
	f.Detail = "opens, and nobody changed it outside Coffer"
	return f
}

// checkUpdates reads what the updater last wrote; it asks no host. Where a service updates, its record is for administrators alone.
func (p *program) checkUpdates() finding {
	service := updateService()
	if version, reason := machine.TakenBack(); service != "" && version != "" {
		return finding{"updates", false, version + " was taken back and is not tried again: " + reason + ". The next release is; " + service}
	}
	found, err := p.updateRecord(service)
	if service != "" && errors.Is(err, fs.ErrPermission) {
		return finding{"updates", true, service + "; when it last looked is for administrators: run doctor as one"}
	}
	if err != nil {
		return finding{"updates", false, err.Error()}
	}
	f := judgeUpdates(found, time.Now())
	if service != "" {
		f.Detail += "; " + service
	}
	return f
}

// judgeUpdates has patience with hosts that do not answer, and with a clock, for as long as the app has before its banner.
func judgeUpdates(found updater.Status, now time.Time) finding {
	f := finding{"updates", true, "no check on record yet"}
	if !found.Verified.IsZero() {
		f = lastCheck(now.Sub(found.Verified).Round(time.Minute))
	}
	if found.Refused == "" {
		return f
	}
	since := now.Sub(found.Since).Round(time.Minute)
	if found.Verified.IsZero() {
		f.OK = since < updater.StaleBanner
	}
	f.Detail += fmt.Sprintf("; no update for %s: %s", max(since, 0), found.Refused)
	return f
}

// lastCheck judges how long ago the updater was last sure to be current.
func lastCheck(age time.Duration) finding {
	if age < -clockLimit {
		return finding{"updates", false, fmt.Sprintf("last check %s ahead of this PC's clock, which is wrong or was", -age)}
	}
	return finding{"updates", age < updater.StaleBanner, fmt.Sprintf("last check %s ago", age)}
}

// hosts are the addresses that this PC needs: the five of the base domain, or the one address of a development server.
func (p *program) hosts(accounts []session.Account) []string {
	seen := map[string]bool{}
	var all []string
	add := func(origin string) {
		if !seen[origin] {
			seen[origin] = true
			all = append(all, origin)
		}
	}
	for _, a := range accounts {
		add(a.Origin)
	}
	if domain := machine.Domain(p.manager.Policy()); domain != "" {
		for _, name := range []string{"api", "portal", "app", "app-updates", "app-updates2"} {
			add("https://" + name + "." + domain)
		}
	}
	return all
}
