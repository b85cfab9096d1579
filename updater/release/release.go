// Package release is the maintainers' side of updates: it makes the TUF repository whose files the update hosts serve.
//
//	root (3 of 5, offline) -> targets (2 of 3, offline) -> one delegated role for each channel and platform (the targets keys)
//	                       -> snapshot, timestamp (1 key each, online)
//
// A change is first a draft: metadata that lacks signatures, which may travel to the holders of the keys. Publish refuses drafts
// below their threshold, signs a new snapshot and timestamp, and writes the public folder so that a client finds a consistent
// repository at every moment. The private keys are never inside the repository's folder.
package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Decisions of this package.
var (
	ErrThreshold  = errors.New("too few valid signatures")      // Publish: a draft needs more holders
	ErrWrongKey   = errors.New("key has no say in this role")   // Sign, Publish, Refresh
	ErrNoDraft    = errors.New("nothing to sign in this role")  // Sign
	ErrDowngrade  = errors.New("version below the present one") // Add
	ErrTooFewKeys = errors.New("too few keys would be left")    // RevokeKey
)

// Rule is what a role needs: keys, valid signatures, and how long its metadata is good for.
type Rule struct {
	Keys, Threshold int
	Lifetime        time.Duration
}

const day = 24 * time.Hour

// Rules are those of the top-level roles. Delegated roles follow targets.
var Rules = map[string]Rule{
	metadata.ROOT:      {5, 3, 365 * day},
	metadata.TARGETS:   {3, 2, 90 * day},
	metadata.SNAPSHOT:  {1, 1, 7 * day},
	metadata.TIMESTAMP: {1, 1, 48 * time.Hour},
}

// Repository is a folder with draft/, changes under way, and public/, what the hosts serve.
type Repository struct {
	dir string
	now func() time.Time
}

// Open returns the repository in dir. Its folders are made when they are first needed.
func Open(dir string, now func() time.Time) *Repository { return &Repository{dir: dir, now: now} }

// Public is the folder to serve: metadata/ and targets/.
func (r *Repository) Public() string { return filepath.Join(r.dir, "public") }

func (r *Repository) draftPath(role string) string {
	return filepath.Join(r.dir, "draft", role+".json")
}

func (r *Repository) metadataPath(name string) string {
	return filepath.Join(r.Public(), "metadata", name)
}

func (r *Repository) expiry(role string) time.Time {
	rule, ok := Rules[role]
	if !ok {
		rule = Rules[metadata.TARGETS]
	}
	return r.now().Add(rule.Lifetime).UTC().Truncate(time.Second)
}

// Draft is metadata that is not public yet.
type Draft struct {
	Role     string `json:"role"`
	Version  int64  `json:"version"`
	SignedBy int    `json:"signed_by"`
	Required int    `json:"required"`
}

// Drafts lists what waits for signatures, in the order in which it must be signed.
func (r *Repository) Drafts() ([]Draft, error) {
	var drafts []Draft
	for _, role := range r.draftRoles() {
		d := Draft{Role: role, Required: Rules[metadata.TARGETS].Threshold}
		if role == metadata.ROOT {
			m, err := load[metadata.RootType](r.draftPath(role))
			if err != nil {
				return nil, err
			}
			d.Version, d.SignedBy, d.Required = m.Signed.Version, len(m.Signatures), Rules[role].Threshold
		} else {
			m, err := load[metadata.TargetsType](r.draftPath(role))
			if err != nil {
				return nil, err
			}
			d.Version, d.SignedBy = m.Signed.Version, len(m.Signatures)
		}
		drafts = append(drafts, d)
	}
	return drafts, nil
}

// draftRoles names the drafts: root, targets, then the delegated roles.
func (r *Repository) draftRoles() []string {
	names := jsonFiles(filepath.Join(r.dir, "draft"))
	rank := func(role string) int { return slices.Index([]string{metadata.TARGETS, metadata.ROOT}, role) }
	slices.SortStableFunc(names, func(a, b string) int { return rank(b) - rank(a) })
	return names
}

// jsonFiles returns the names of the JSON files of a folder without extension, sorted.
func jsonFiles(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // a folder that is not there holds nothing
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json"); ok && !strings.HasPrefix(name, ".") {
			names = append(names, name)
		}
	}
	return names
}

var versioned = regexp.MustCompile(`^([1-9][0-9]{0,9})\.([a-z0-9-]+)$`)

// newest returns the highest published version of a role, 0 if there is none.
func (r *Repository) newest(role string) int64 {
	var highest int64
	for _, name := range jsonFiles(r.metadataPath("")) {
		if m := versioned.FindStringSubmatch(name); m != nil && m[2] == role {
			version, _ := strconv.ParseInt(m[1], 10, 64) // at most ten digits, by the expression
			highest = max(highest, version)
		}
	}
	return highest
}

func (r *Repository) publishedPath(role string, version int64) string {
	return r.metadataPath(fmt.Sprintf("%d.%s.json", version, role))
}

// current loads a role's draft, or else its newest published version. fs.ErrNotExist if there is neither.
func current[T metadata.Roles](r *Repository, role string) (m *metadata.Metadata[T], isDraft bool, err error) {
	m, err = load[T](r.draftPath(role))
	if !errors.Is(err, fs.ErrNotExist) {
		return m, true, err
	}
	m, err = load[T](r.publishedPath(role, r.newest(role)))
	return m, false, err
}

func load[T metadata.Roles](path string) (*metadata.Metadata[T], error) {
	m, err := new(metadata.Metadata[T]).FromFile(path)
	if err != nil {
		return nil, fmt.Errorf("load metadata: %w", err)
	}
	return m, nil
}

func save[T metadata.Roles](path string, m *metadata.Metadata[T]) error {
	data, err := m.ToBytes(false)
	if err != nil {
		return fmt.Errorf("save metadata: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("save metadata: %w", err)
	}
	return atomicfile.WriteFile(path, data, 0o644)
}
