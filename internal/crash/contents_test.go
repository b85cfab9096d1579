//go:build cgo && unix

package crash

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/vault"
)

// contents is all that a person put into a profile, in one spelling: by id the items and folders, and the settings.
type contents map[string]string

// settingsKey is where contents has the settings.
const settingsKey = "settings"

// readContents reads everything that an open account shows.
func readContents(ctx context.Context, m *session.Manager, u *session.Unlocked) (contents, error) {
	found := contents{settingsKey: spellSettings(m.Settings())}
	v := u.Vault()
	err := v.Each(ctx, func(it *vault.Item) error {
		found[it.ID.String()] = spell(it)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read items: %w", err)
	}
	for _, f := range v.Folders() {
		it, err := v.Get(ctx, f.ID)
		if err != nil {
			return nil, fmt.Errorf("read folder: %w", err)
		}
		found[f.ID.String()] = spell(&it)
	}
	return found, nil
}

func spellSettings(s session.Settings) string { return s.LockAfter.String() }

// spell writes an item down, but for its times and its history.
func spell(it *vault.Item) string {
	lines := []string{fmt.Sprintf("%s %q in %s, favorite %t, archived %t, trashed %t, sites %q, tags %q",
		it.Kind, it.Title, it.Folder, it.Favorite, it.ArchivedAt != 0, it.TrashedAt != 0, it.Websites, it.Tags)}
	for _, key := range slices.Sorted(maps.Keys(it.Values)) {
		lines = append(lines, fmt.Sprintf("%s=%s", key, it.Values[key].Reveal()))
	}
	for _, f := range it.Custom {
		lines = append(lines, fmt.Sprintf("%s %s %s=%s", f.ID, f.Type, f.Label, f.Value.Reveal()))
	}
	return strings.Join(lines, "\n")
}

// after is c with changes made: "" removes.
func (c contents) after(changes contents) contents {
	next := maps.Clone(c)
	for key, text := range changes {
		if next[key] = text; text == "" {
			delete(next, key)
		}
	}
	return next
}

// difference tells where two contents differ, "" for nowhere.
func (c contents) difference(other contents) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(c.after(other))) {
		if c[key] != other[key] {
			lines = append(lines, fmt.Sprintf("%s: %q, want %q", key, c[key], other[key]))
		}
	}
	return strings.Join(lines, "\n")
}
