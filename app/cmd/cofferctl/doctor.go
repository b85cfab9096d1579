package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
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

// doctor looks at everything that Coffer needs, and needs no password. It repairs nothing; like every start it makes the profile's
// folders and brings vault files to the present schema.
func (p *program) doctor(ctx context.Context, args []string) error {
	if _, err := p.flags("doctor", args, nil); err != nil {
		return err
	}
	findings := []finding{{"version", true, buildinfo.Version + " (" + buildinfo.Channel + ")"}}
	findings = append(findings, p.checkFolders()...)
	findings = append(findings, p.checkKeyring(ctx), p.checkUpdates())
	accounts := p.manager.Accounts()
	for _, a := range accounts {
		findings = append(findings, p.checkFile(ctx, a))
	}
	findings = append(findings, checkHosts(ctx, hosts(accounts))...)
	return p.report(findings)
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

// checkKeyring asks for an entry that cannot exist: a keyring that works says so.
func (p *program) checkKeyring(ctx context.Context) finding {
	ctx, cancel := context.WithTimeout(ctx, hostPatience)
	defer cancel()
	_, err := platform.NewKeyring(p.paths).Load(ctx, "https://doctor.invalid", id.New())
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
	kept, err := platform.NewKeyring(p.paths).Load(ctx, a.Origin, a.ID)
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
	if service := updateService(); service != "" {
		return finding{"updates", true, service}
	}
	verified, err := updater.LastVerified(filepath.Join(p.paths.Cache, "updates"))
	switch {
	case err != nil:
		return finding{"updates", false, err.Error()}
	case verified.IsZero():
		return finding{"updates", true, "no check on record yet"}
	}
	return lastCheck(time.Since(verified).Round(time.Minute))
}

// lastCheck judges how long ago the updater was last sure to be current.
func lastCheck(age time.Duration) finding {
	if age < -clockLimit {
		return finding{"updates", false, fmt.Sprintf("last check %s ahead of this PC's clock, which is wrong or was", -age)}
	}
	return finding{"updates", age < updater.StaleBanner, fmt.Sprintf("last check %s ago", age)}
}

// hosts are the addresses that this PC needs: the five of the base domain, or the one address of a development server.
func hosts(accounts []session.Account) []string {
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
	if buildinfo.Domain != "" {
		for _, name := range []string{"api", "portal", "app", "app-updates", "app-updates2"} {
			add("https://" + name + "." + buildinfo.Domain)
		}
	}
	return all
}

func checkHosts(ctx context.Context, origins []string) []finding {
	findings := make([]finding, len(origins))
	done := make(chan struct{})
	for i, origin := range origins {
		go func() {
			findings[i] = checkHost(ctx, origin)
			done <- struct{}{}
		}()
	}
	for range origins {
		<-done
	}
	return findings
}

// checkHost asks a host for anything and compares clocks by the answer's Date (RFC 9110 §6.6.1).
func checkHost(ctx context.Context, origin string) finding {
	ctx, cancel := context.WithTimeout(ctx, hostPatience)
	defer cancel()
	u, err := url.Parse(origin)
	if err != nil {
		return finding{"host " + origin, false, "no address"}
	}
	f := finding{"host " + u.Host, false, ""}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/healthz", nil)
	if err != nil {
		f.Detail = err.Error()
		return f
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Detail = "not reachable: " + err.Error()
		return f
	}
	resp.Body.Close()
	f.OK, f.Detail = true, "reachable"
	if issuer := issuerOf(resp); issuer != "" {
		f.Detail += ", certificate by " + issuer
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if off := time.Since(date).Abs(); off > clockLimit {
			f.OK, f.Detail = false, fmt.Sprintf("this PC's clock and the server's differ by %s", off.Round(time.Second))
		}
	}
	return f
}

// issuerOf names who signed the host's certificate: a proxy that looks into TLS shows here.
func issuerOf(resp *http.Response) string {
	if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 {
		return ""
	}
	return resp.TLS.PeerCertificates[0].Issuer.CommonName
}
