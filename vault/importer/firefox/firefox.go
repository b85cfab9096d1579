// Package firefox reads the passwords that Firefox keeps in its profiles.
//
//	profiles.ini ──▶ profile: key4.db      the keys, under the primary password, which is empty unless the user chose one
//	                          logins.json  the logins; each value is DER under one of those keys
//	                          logins.db    the logins again, as JWE; used only if there is no logins.json
//
// Names and formats are those of NSS (sdb.c, sftkpwd.c, pk11sdr.c) and of Mozilla's application-services.
package firefox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

const (
	keysName   = "key4.db"
	loginsName = "logins.json"
	mirrorName = "logins.db"

	maxLoginsFile = 256 << 20
)

// Discover finds all profiles with saved logins. It decrypts nothing and asks the user nothing.
func Discover(ctx context.Context, env importer.Environment) []importer.Source {
	var profiles []*profile
	for _, root := range roots(env) {
		profiles = append(profiles, profilesIn(env, root)...)
	}
	return withLogins(ctx, profiles)
}

// Folder finds the profiles in one folder: a profile, or what holds profiles.ini. Nothing is found in any other.
func Folder(ctx context.Context, env importer.Environment, folder string) []importer.Source {
	return withLogins(ctx, append(profilesIn(env, folder), newProfile(env, folder, folder, "")))
}

// withLogins are the profiles that hold logins, each once.
func withLogins(ctx context.Context, profiles []*profile) (sources []importer.Source) {
	known, ids := map[string]bool{}, importer.IDs{}
	for _, p := range profiles {
		if known[p.folder] {
			continue
		}
		known[p.folder] = true
		if p.env.Exists(p.file(loginsName)) || p.env.Exists(p.file(mirrorName)) {
			p.info.ID, p.info.Count = ids.Unique(p.info.ID), p.count(ctx)
			sources = append(sources, p)
		}
	}
	return sources
}

// profile is an importer.Source.
type profile struct {
	env    importer.Environment
	folder string
	info   importer.Info
}

func (p *profile) Info() importer.Info { return p.info }

func (p *profile) file(name string) string { return importer.Join(p.folder, name) }

// login is a stored login of either file, still encrypted.
type login struct {
	guid, origin, realm        string
	created, lastUsed, changed int64 // ms since 1970
	deleted                    bool
	malformed                  bool // and nothing else is known
	open                       func(*keys) (username, password []byte, reason importer.Reason)
}

func (p *profile) count(ctx context.Context) int {
	logins, err := p.logins(ctx)
	if err != nil {
		return -1
	}
	return len(logins)
}

// logins reads the file that this version of Firefox trusts.
func (p *profile) logins(ctx context.Context) ([]login, error) {
	data, err := p.env.ReadFile(p.file(loginsName), maxLoginsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return p.mirrorLogins(ctx)
	}
	if err != nil {
		return nil, err
	}
	return parseLogins(data)
}

// Rows implements importer.Source.
func (p *profile) Rows(ctx context.Context, primaryPassword secret.Bytes) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		logins, err := p.logins(ctx)
		if err != nil {
			yield(importer.Row{}, fmt.Errorf("read logins: %w", err))
			return
		}
		if len(logins) == 0 {
			return // key4.db may not even exist then
		}
		keys, err := p.openKeys(ctx, primaryPassword)
		if err != nil {
			yield(importer.Row{}, fmt.Errorf("open keys: %w", err))
			return
		}
		defer keys.wipe()
		for _, l := range logins {
			if ctx.Err() != nil {
				yield(importer.Row{}, ctx.Err())
				return
			}
			if !yield(p.decode(l, keys), nil) {
				return
			}
		}
	}
}

func (p *profile) decode(l login, keys *keys) importer.Row {
	row := importer.Row{ID: l.guid, Site: importer.Site(l.origin)}
	switch {
	case l.malformed:
		row.Reason = importer.ReasonMalformed
		return row
	case l.deleted:
		row.Reason = importer.ReasonDeleted
		return row
	case l.origin == "chrome://FirefoxAccounts": // the keys of Firefox Sync
		row.Reason = importer.ReasonInternal
		return row
	}
	username, password, reason := l.open(keys)
	switch {
	case reason != "":
		row.Reason = reason
	case len(username)+len(password) == 0:
		row.Reason = importer.ReasonEmpty
	default:
		row.Record = &importer.Record{
			Kind: importer.Login, Title: row.Site, URLs: []string{l.origin}, Username: string(username), Password: secret.New(password), Realm: l.realm,
			Created: mozillaTime(l.created), LastUsed: mozillaTime(l.lastUsed), PasswordChanged: mozillaTime(l.changed),
			Source: "firefox", SourceID: l.guid, // Firefox Sync gives a login the same guid in every profile
		}
	}
	return row
}

// mozillaTime converts milliseconds since 1970; 0 and what no calendar shows are unknown.
func mozillaTime(millis int64) time.Time {
	t := time.UnixMilli(millis).UTC()
	if millis <= 0 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
