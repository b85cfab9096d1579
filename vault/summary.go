package vault

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/vault/search"
)

// Summary is what a list shows of an item. It holds no secret, stays in memory while the vault is unlocked, and never changes: an
// edit makes a new one. Its texts lie in one with those of other items: who keeps one beyond a lock keeps them all, and copies it.
type Summary struct {
	ID       id.ID
	Kind     Kind
	Title    string
	Subtitle string   // the user name, or what KindSpec names
	Hosts    []string // of the websites, without "www."
	Tags     []string
	Folder   id.ID
	Favorite bool

	ArchivedAt, TrashedAt, CreatedAt, UpdatedAt int64

	Conflict   bool // two devices changed a field: the user has to choose
	Unreadable bool // it does not open, or is not loaded yet; all else but ID is empty
	ReadOnly   bool // a newer version of the program wrote it
	HasOTP     bool
}

// Format writes kind and id under every verb, as that of Item.
func (s Summary) Format(f fmt.State, _ rune) { io.WriteString(f, s.label()) }

// LogValue is the same for logs.
func (s Summary) LogValue() slog.Value { return slog.StringValue(s.label()) }

func (s *Summary) label() string { return string(s.Kind) + " " + s.ID.String() }

func summarize(it *Item) Summary {
	spec, known := SpecOf(it.Kind)
	kind := it.Kind
	if known {
		kind = spec.Kind // one string for all items
	}
	return Summary{
		ID: it.ID, Kind: kind, Title: it.Title, Subtitle: string(it.Value(spec.Subtitle).Reveal()),
		Hosts: hosts(it.Websites), Tags: it.Tags, Folder: it.Folder, Favorite: it.Favorite,
		ArchivedAt: it.ArchivedAt, TrashedAt: it.TrashedAt, CreatedAt: it.CreatedAt, UpdatedAt: it.UpdatedAt,
		Conflict: len(it.Conflicts()) > 0, ReadOnly: it.ReadOnly, HasOTP: !it.Value(OTP).IsZero(),
	}
}

// searchable prepares what search finds of an item: title, searchable fields, hosts, tags, labels of custom fields, notes. What is in
// custom fields is not in it: people keep secrets there under any type.
func searchable(it *Item, s *Summary) search.Doc {
	texts := search.Texts{Title: it.Title}
	spec, _ := SpecOf(it.Kind)
	for _, f := range spec.Fields {
		if f.Searchable && !f.Type.Secret() {
			texts.Short = append(texts.Short, string(it.Value(f.Key).Reveal()))
		}
	}
	texts.Short = append(append(texts.Short, s.Hosts...), s.Tags...)
	for _, c := range it.Custom {
		texts.Short = append(texts.Short, c.Label)
	}
	if notes := it.Value(Notes); !notes.IsZero() {
		texts.Long = []string{string(notes.Reveal())}
	}
	return search.NewDoc(texts)
}

func hosts(websites []string) []string {
	var list []string
	for _, w := range websites {
		if h := Host(w); h != "" {
			list = append(list, h)
		}
	}
	return list
}

// Host returns the host of a website as people write it, lower case and without "www.": of "https://www.Example.com/login" and of
// "example.com/login" it is "example.com". Empty if there is none.
func Host(website string) string {
	text := strings.TrimSpace(website)
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
}
