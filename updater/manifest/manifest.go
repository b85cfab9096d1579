// Package manifest is what a release says about itself: the signed custom metadata of its TUF target, and the target's name. The
// client reads it, the maintainers' tool writes it.
package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// ErrInvalid is matched by every error of this package.
var ErrInvalid = errors.New("invalid manifest")

// maxSize bounds a manifest in bytes, the others its lists: whoever signs can err, too.
const (
	maxSize    = 16 << 10
	maxSteps   = 32
	maxPatches = 16
)

// Manifest describes one release. The zero value of every field but Version is the usual release.
type Manifest struct {
	Version buildinfo.Number `json:"version"`
	Notes   string           `json:"notes,omitempty"` // what is new, plain text
	// Rollout says to which share of the installations the release goes and from when on. Empty means to all at once.
	Rollout []Step `json:"rollout,omitempty"`
	// Versions below MinSecureVersion have a known hole: they update at once, wherever the rollout stands.
	MinSecureVersion buildinfo.Number `json:"min_secure_version,omitzero"`
	Halt             bool             `json:"halt,omitempty"`   // nobody may install this release any more
	MinOS            string           `json:"min_os,omitempty"` // least version of the operating system, such as "10.0.17763"
	// Patches make the release out of earlier ones. Who finds none for his, or one that fails, takes the whole file.
	Patches []Patch `json:"patches,omitempty"`
}

// Patch is a file in the format of bsdiff 4 that changes one earlier file of the target into the release.
type Patch struct {
	From   string `json:"from"`   // SHA-256 of the earlier file, hex
	SHA256 string `json:"sha256"` // of the patch, hex
	Size   int64  `json:"size"`   // of the patch, bytes
}

// StoredName is the patch's file name, beside the whole files of the target.
func (p Patch) StoredName(t Target) string { return p.SHA256 + "." + t.File + ".patch" }

// Step is one point of the rollout curve: from At on, Percent of the installations.
type Step struct {
	At      time.Time `json:"at"`
	Percent int       `json:"percent"`
}

// Parse reads and checks the custom metadata of a target. Unknown fields are left for newer clients.
func Parse(data []byte) (Manifest, error) {
	if len(data) > maxSize {
		return Manifest{}, fmt.Errorf("%w: %d bytes", ErrInvalid, len(data))
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return m, m.Validate()
}

// FromTarget reads the manifest of a TUF target.
func FromTarget(info *metadata.TargetFiles) (Manifest, error) {
	if info == nil || info.Custom == nil {
		return Manifest{}, fmt.Errorf("%w: the target has none", ErrInvalid)
	}
	return Parse(*info.Custom)
}

// Validate reports the first thing that would confuse a client.
func (m Manifest) Validate() error {
	switch {
	case m.Version == buildinfo.Number{}:
		return fmt.Errorf("%w: no version", ErrInvalid)
	case m.Version.Less(m.MinSecureVersion):
		return fmt.Errorf("%w: version %v is below its own min_secure_version %v", ErrInvalid, m.Version, m.MinSecureVersion)
	case len(m.Notes) > maxSize/2 || !utf8.ValidString(m.Notes):
		return fmt.Errorf("%w: notes are too long or not UTF-8", ErrInvalid)
	case len(m.Rollout) > maxSteps:
		return fmt.Errorf("%w: %d rollout steps", ErrInvalid, len(m.Rollout))
	case len(m.Patches) > maxPatches:
		return fmt.Errorf("%w: %d patches", ErrInvalid, len(m.Patches))
	}
	for _, p := range m.Patches {
		if !digests.MatchString(p.From) || !digests.MatchString(p.SHA256) || p.Size <= 0 || p.Size > maxPatchSize {
			return fmt.Errorf("%w: a patch without hashes, or of %d bytes", ErrInvalid, p.Size)
		}
	}
	if m.MinOS != "" {
		if _, err := parseDotted(m.MinOS); err != nil {
			return err
		}
	}
	return validateRollout(m.Rollout)
}

// maxPatchSize bounds a patch in bytes.
const maxPatchSize = 512 << 20

var digests = regexp.MustCompile(`^[0-9a-f]{64}$`)

func validateRollout(steps []Step) error {
	for i, s := range steps {
		if s.Percent < 0 || s.Percent > 100 {
			return fmt.Errorf("%w: rollout to %d percent", ErrInvalid, s.Percent)
		}
		if i > 0 && (!s.At.After(steps[i-1].At) || s.Percent < steps[i-1].Percent) {
			return fmt.Errorf("%w: rollout step %d goes backwards", ErrInvalid, i+1)
		}
	}
	return nil
}

// Percent is the share of installations that may have the release at a time.
func (m Manifest) Percent(now time.Time) int {
	if len(m.Rollout) == 0 {
		return 100
	}
	percent := 0
	for _, s := range m.Rollout {
		if !now.Before(s.At) {
			percent = s.Percent
		}
	}
	return percent
}

// Urgent reports whether an installed version is known to be insecure.
func (m Manifest) Urgent(installed buildinfo.Number) bool { return installed.Less(m.MinSecureVersion) }

// RunsOn reports whether an operating system of that dotted version is new enough. An unreadable version counts as too old.
func (m Manifest) RunsOn(osVersion string) bool {
	if m.MinOS == "" {
		return true
	}
	have, err := parseDotted(osVersion)
	if err != nil {
		return false
	}
	want, err := parseDotted(m.MinOS)
	return err == nil && compareDotted(have, want) >= 0
}

// parseDotted reads one to six decimal parts, such as "14.2" or "10.0.17763".
func parseDotted(s string) ([]int, error) {
	parts := strings.Split(s, ".")
	if len(parts) > 6 {
		return nil, fmt.Errorf("%w: operating system version %.40q", ErrInvalid, s)
	}
	numbers := make([]int, len(parts))
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%w: operating system version %.40q", ErrInvalid, s)
		}
		numbers[i] = int(n)
	}
	return numbers, nil
}

// compareDotted treats missing parts as zero: "11" equals "11.0".
func compareDotted(a, b []int) int {
	for i := range max(len(a), len(b)) {
		var x, y int
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return x - y
		}
	}
	return 0
}

// Target names the artefact of one channel and platform. Its path stays the same from release to release, so a client asks for
// what it runs and learns the version from the signed manifest.
type Target struct {
	Channel  string // "stable" or "beta"
	Platform string // "<os>-<arch>" as Go names them, such as "windows-amd64"
	File     string // "coffer", "coffer.exe", "coffer.msi"
}

var (
	channels  = regexp.MustCompile(`^(stable|beta)$`)
	platforms = regexp.MustCompile(`^[a-z0-9]{2,16}-[a-z0-9]{2,16}$`)
	files     = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
)

// Validate reports a part that is not of the form documented on Target.
func (t Target) Validate() error {
	if !channels.MatchString(t.Channel) || !platforms.MatchString(t.Platform) || !files.MatchString(t.File) {
		return fmt.Errorf("%w: target %.100q", ErrInvalid, t.Path())
	}
	return nil
}

// Path is the name of the target in TUF metadata.
func (t Target) Path() string { return t.Channel + "/" + t.Platform + "/" + t.File }

// Role is the delegated role that signs for the target. It has dashes where a path has slashes: go-tuf v2.4.2 stores a role with a
// slash under its escaped name and looks for it under the plain one, so its cache never hits, and proxies rewrite "%2F".
func (t Target) Role() string { return t.Channel + "-" + t.Platform }

// Pattern is the path pattern delegated to Role.
func (t Target) Pattern() string { return t.Channel + "/" + t.Platform + "/*" }
