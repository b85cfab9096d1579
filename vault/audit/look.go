package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/generate"
)

// WeakScore is the highest score of package generate that counts as weak.
const WeakScore = 1

// oldAfter is the age from which a password counts as old.
const oldAfter = 2 * 365 * 24 * time.Hour

// expiries are the fields that say until when something is valid, by the kind of the item.
var expiries = map[vault.Kind]vault.Key{vault.Card: vault.Expires, vault.Document: vault.ValidUntil, vault.SoftwareLicence: vault.ValidUntil, vault.APICredential: vault.ValidUntil}

// examined tells whether there is something to find about items of a kind.
func examined(kind vault.Kind) bool { return kind == vault.Login || expiries[kind] != "" }

// look examines an open item; false for one that does not count.
func (a *Auditor) look(it *vault.Item) (record, bool) {
	if !examined(it.Kind) || it.TrashedAt != 0 || it.ArchivedAt != 0 {
		return record{}, false
	}
	r := record{ignored: setOf(it.Ignored...)}
	if expired(it, a.now()) {
		r.found |= setOf(vault.FindingExpired)
	}
	if it.Kind == vault.Login {
		a.lookAtLogin(it, &r)
	}
	return r, true
}

func (a *Auditor) lookAtLogin(it *vault.Item, r *record) {
	if slices.ContainsFunc(it.Websites, insecure) {
		r.found |= setOf(vault.FindingInsecure)
	}
	password := it.Value(vault.Password)
	if password.IsZero() {
		return
	}
	r.mark, r.site, r.since = a.mark("password", password.Reveal()), a.mark("site", []byte(siteOf(it))), it.PasswordSince()
	if generate.Estimate(password, known(it)...).Score <= WeakScore {
		r.found |= setOf(vault.FindingWeak)
	}
	if r.times = uint32(a.leaks.Times(it)); r.times > 0 {
		r.found |= setOf(vault.FindingBreached)
	}
	if a.now().Sub(time.UnixMilli(r.since)) > oldAfter {
		r.found |= setOf(vault.FindingOld)
	}
	if len(it.Websites) > 0 && it.Value(vault.OTP).IsZero() {
		r.found |= setOf(vault.FindingNoCode)
	}
}

// known is what an attacker knows of a login.
func known(it *vault.Item) []string {
	return append([]string{it.Title, string(it.Value(vault.Username).Reveal())}, it.Websites...)
}

// mark stands for a text as long as the Auditor lives.
type mark uint64

func (a *Auditor) mark(purpose string, text []byte) mark {
	mac := hmac.New(sha256.New, a.key.Reveal())
	mac.Write([]byte(purpose + "\x00"))
	mac.Write(text)
	return mark(max(1, binary.BigEndian.Uint64(mac.Sum(nil)))) // 0 is none
}

// siteOf is the site of a login: that of its first website, or its title where it has none.
func siteOf(it *vault.Item) string {
	for _, website := range it.Websites {
		if host := vault.Host(website); host != "" {
			return domain(host)
		}
	}
	return "/" + strings.ToLower(strings.TrimSpace(it.Title)) // in no host is a slash
}

// domain is the part of a host that one owner has: of "login.example.com" it is "example.com", of "shop.example.co.uk"
// "example.co.uk". It is a guess by length: a list of all public suffixes would only tell it better for hosting sites, where different
// owners count as one.
func domain(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	labels := strings.Split(host, ".")
	n := len(labels)
	keep := 2
	if n > 2 && len(labels[n-1]) == 2 && len(labels[n-2]) <= 3 {
		keep = 3
	}
	return strings.Join(labels[max(0, n-keep):], ".")
}

// insecure tells whether a website sends passwords without TLS, over a network that others may listen to.
func insecure(website string) bool {
	u, err := url.Parse(strings.TrimSpace(website))
	if err != nil || !strings.EqualFold(u.Scheme, "http") {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if address, err := netip.ParseAddr(host); err == nil {
		return !address.IsLoopback() && !address.IsPrivate() && !address.IsLinkLocalUnicast()
	}
	return strings.Contains(host, ".") && !strings.HasSuffix(host, ".local") && !strings.HasSuffix(host, ".internal")
}

// expired tells whether the last month or day on which something was valid is over.
func expired(it *vault.Item, now time.Time) bool {
	until := it.Value(expiries[it.Kind])
	for _, form := range []string{"2006-01", "2006-01-02"} {
		if _, err := time.Parse(form, string(until.Reveal())); err == nil {
			return string(until.Reveal()) < now.Local().Format(form)
		}
	}
	return false
}
