// Package updater keeps Coffer current. What it trusts, in the order of the arrows:
//
//	root on this computer (3 of 5 offline keys) -> targets (2 of 3) -> role of one channel and platform -> hash of one file
//
// The hosts are not trusted: with both of them in hand an attacker can withhold an update until the metadata expires, and no more.
// Client finds, verifies and stages releases; Program replaces the running executable by a staged one and takes it back if it
// proves unhealthy; Schedule decides when to look. Where a machine's administrator installed Coffer, package machine installs instead.
package updater

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/filelock"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater/manifest"
)

// State is what Check and Stage find: UpToDate, Available, Staged, Held or Refused.
type State interface{ state() }

// UpToDate means that there is nothing to install: the newest release runs, or its rollout has not reached this computer.
type UpToDate struct{ Version buildinfo.Number }

// Available means that a verified release can be staged.
type Available struct{ Release }

// Staged means that the verified file of a release is on this computer, ready to be applied.
type Staged struct {
	Release
	Path string // in the updater's folder
}

// Held means that there is a verified release, and that the administrator of this computer does not want it now.
type Held struct {
	Release
	By Hold
}

// Refused means that no release could be accepted. Err matches a sentinel of this package, unless this computer itself is at fault
// (a full disk).
type Refused struct{ Err error }

func (UpToDate) state()  {}
func (Available) state() {}
func (Staged) state()    {}
func (Held) state()      {}
func (Refused) state()   {}

// Release is a verified release.
type Release struct {
	Version buildinfo.Number
	Notes   string // what is new, plain text
	Urgent  bool   // the installed version is known to be insecure
	Size    int64  // of the file, in bytes
	SHA256  string // of the file, in hex
}

// How long ago the hosts last proved to be current, as the app shows it: a note in the settings, then a banner.
const (
	StaleNote   = 48 * time.Hour
	StaleBanner = 7 * 24 * time.Hour
)

// Config says what is installed and where releases come from. Fields without "optional" are required.
type Config struct {
	Mirrors   []string         // base URLs; https, except on this computer
	Dir       string           // the updater's own folder, which others cannot write
	Root      []byte           // root.json for the first run, see package trust
	Installed buildinfo.Number // version that runs
	Target    manifest.Target  // what is installed

	Program   string               // optional: the installed file, which patches start from
	Policy    func() policy.Policy // optional: what the administrator has decided, asked anew for every decision
	OSVersion string               // optional: dotted version of the operating system
	Now       func() time.Time     // optional
	Limits    Limits               // optional
	Log       *slog.Logger         // optional

	KeepPackages bool // the package of the version that runs stays when it is no update any more, see Kept
}

// Limits bound what a host can cost. Zero fields take the default in brackets.
type Limits struct {
	Metadata time.Duration // one metadata file [30 s]
	Stall    time.Duration // one pause in the download of a release [30 s]
	Download time.Duration // the whole release from one host [1 h]
}

// Client looks for releases. Its methods may be called from several goroutines; one process at a time uses a Dir.
type Client struct {
	cfg     Config
	http    *http.Client
	store   *store
	roots   roots
	id      []byte
	mu      sync.Mutex // one check or download at a time
	offered *offer     // what the last check found to be installable
	order   func(n int) []int
	at      func(step string) error // where tests crash
}

// New prepares the updater's folder, which it makes with access for this user alone. ErrUnsafeFolder if others can write it.
func New(cfg Config) (*Client, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("set up updates: %w", err)
	}
	for _, dir := range []string{cfg.Dir, filepath.Join(cfg.Dir, "metadata"), filepath.Join(cfg.Dir, "roots"), filepath.Join(cfg.Dir, "staged")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("set up updates: %w", err)
		}
	}
	// Whoever can write here decides what Apply finds.
	if err := checkOwn(cfg.Dir); err != nil {
		return nil, fmt.Errorf("set up updates: %w", err)
	}
	id, err := localID(filepath.Join(cfg.Dir, "rollout.id"))
	if err != nil {
		return nil, fmt.Errorf("set up updates: %w", err)
	}
	return &Client{
		cfg: cfg, http: newHTTPClient(), id: id, store: &store{dir: cfg.Dir, log: cfg.Log}, order: mathrand.Perm,
		at:    func(string) error { return nil },
		roots: roots{dir: filepath.Join(cfg.Dir, "roots"), bootstrap: cfg.Root},
	}, nil
}

// complete checks the configuration and fills in what is optional.
func (c *Config) complete() error {
	if len(c.Mirrors) == 0 || !filepath.IsAbs(c.Dir) || len(c.Root) == 0 {
		return errors.New("mirrors, absolute folder and root are required")
	}
	for _, m := range c.Mirrors {
		if err := checkMirror(m); err != nil {
			return err
		}
	}
	if err := c.Target.Validate(); err != nil {
		return err
	}
	if c.OSVersion == "" {
		c.OSVersion = osVersion()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Policy == nil {
		c.Policy = func() policy.Policy { return policy.Policy{} }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.Limits.Metadata, 30*time.Second)
	setDefault(&c.Limits.Stall, 30*time.Second)
	setDefault(&c.Limits.Download, time.Hour)
	return nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// checkMirror wants https: TUF does not need it, but who updates when is nobody else's business.
func checkMirror(base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	local := u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"
	if u.Host == "" || u.User != nil || u.RawQuery != "" || !(u.Scheme == "https" || u.Scheme == "http" && local) {
		return fmt.Errorf("mirror %q: want an https address", base)
	}
	return nil
}

// Mirrors are the two update hosts of a base domain.
func Mirrors(domain string) []string {
	return []string{"https://app-updates." + domain, "https://app-updates2." + domain}
}

// Platform is this computer's part of a target's name.
func Platform() string { return runtime.GOOS + "-" + runtime.GOARCH }

// Channel is the one that this build takes releases from.
func Channel() string {
	if buildinfo.Dev() {
		return "stable"
	}
	return buildinfo.Channel
}

// Check asks the mirrors, in random order, until one gives a verified answer.
func (c *Client) Check(ctx context.Context) State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remember(ctx, c.check(ctx))
}

// remember keeps why nothing could be installed for those who ask no host: cofferctl, hours later. Whoever asked now hears it anyway.
func (c *Client) remember(ctx context.Context, found State) State {
	var why *refusal
	if r, ok := found.(Refused); ok {
		if ctx.Err() != nil || errors.Is(r.Err, filelock.ErrLocked) {
			return found // the program ends, or another one is at it: that is no answer
		}
		why = &refusal{c.cfg.Now().UTC(), reason(r.Err)}
	}
	s, err := c.store.load()
	if err == nil && !sameReason(s.Refused, why) {
		err = c.store.update(func(s *state) { s.Refused = why })
	}
	if err != nil {
		c.cfg.Log.Error("cannot record what the check found", "err", err)
	}
	return found
}

func sameReason(a, b *refusal) bool {
	return a == b || a != nil && b != nil && a.Reason == b.Reason
}

func (c *Client) check(ctx context.Context) State {
	var found *offer
	err := c.eachMirror(ctx, func(m *mirror) (err error) {
		found, err = c.query(m)
		return err
	})
	if err != nil {
		c.cfg.Log.Warn("update check failed", "err", err)
		return Refused{err}
	}
	if err := c.store.update(func(s *state) { s.Verified = c.cfg.Now().UTC() }); err != nil {
		return Refused{err}
	}
	if err := c.keepInstalled(); err != nil {
		return Refused{err}
	}
	verdict := c.judge(found)
	if _, ok := verdict.(Staged); ok {
		return verdict
	}
	// What is staged is not, or no longer, what the maintainers offer to this computer: Apply must not find it.
	if err := c.store.unstage(c.offered.partNames()...); err != nil {
		return Refused{err}
	}
	return verdict
}

// eachMirror tries the mirrors until one succeeds. A host that lies is no reason to despair of the other one.
func (c *Client) eachMirror(ctx context.Context, try func(*mirror) error) error {
	var failures []error
	for _, i := range c.order(len(c.cfg.Mirrors)) {
		m := &mirror{base: c.cfg.Mirrors[i], client: c.http, ctx: ctx, limits: c.cfg.Limits}
		err := try(m)
		if err == nil {
			return nil
		}
		failures = append(failures, fmt.Errorf("update host %d: %w", i+1, err))
		if ctx.Err() != nil {
			break
		}
	}
	return mostTelling(failures)
}

// judge decides about a verified release. The order matters: what must never be installed comes before what may wait.
func (c *Client) judge(o *offer) State {
	c.offered = nil
	if o == nil || o.manifest.Version == c.cfg.Installed {
		return UpToDate{c.cfg.Installed}
	}
	s, err := c.store.load()
	if err != nil {
		return Refused{err}
	}
	rules, now := c.cfg.Policy(), c.cfg.Now()
	switch m := o.manifest; {
	case m.Version.Less(c.cfg.Installed):
		return Refused{fmt.Errorf("%w: %v is offered, %v is installed", ErrRollback, m.Version, c.cfg.Installed)}
	case m.Halt:
		return Refused{fmt.Errorf("%w: %v", ErrHalted, m.Version)}
	case s.hasFailed(m.Version):
		return Refused{fmt.Errorf("%w: %v", ErrFailedBefore, m.Version)}
	case !m.RunsOn(c.cfg.OSVersion):
		return Refused{fmt.Errorf("%w: %v needs %s", ErrUnsupportedOS, m.Version, m.MinOS)}
	case !m.Urgent(c.cfg.Installed) && c.place(rules.UpdateRing, m.Version) >= m.Percent(now):
		return UpToDate{c.cfg.Installed}
	}
	if hold := HeldBy(rules, o.manifest.Version, now); hold != "" {
		return Held{o.release(c.cfg.Installed), hold}
	}
	c.offered = o
	if s.Staged != nil && s.Staged.SHA256 == o.sha256 && c.store.hasStaged(*s.Staged) {
		return Staged{o.release(c.cfg.Installed), c.store.stagedPath(s.Staged.File)}
	}
	return Available{o.release(c.cfg.Installed)}
}

// BeginInstall counts that an installation of the staged release begins, and returns how often one did. It is on the disk when
// BeginInstall returns: whoever installs may not live to see how it ends. ErrNothingStaged if that release is not staged.
func (c *Client) BeginInstall(v buildinfo.Number) (tries int, err error) {
	return c.countTry(v, 1)
}

// PutOff takes the last BeginInstall back: the computer was busy, and nothing was tried.
func (c *Client) PutOff(v buildinfo.Number) error {
	_, err := c.countTry(v, -1)
	return err
}

func (c *Client) countTry(v buildinfo.Number, by int) (tries int, err error) {
	staged := false
	err = c.store.update(func(s *state) {
		if staged = s.Staged != nil && s.Staged.Version == v; staged {
			s.Staged.Tries = max(s.Staged.Tries+by, 0)
			// Older ones are of no use once this version is the one before.
			s.Kept = s.keptOf(func(v buildinfo.Number) bool { return v == c.cfg.Installed })
			tries = s.Staged.Tries
		}
	})
	if err == nil && !staged {
		err = fmt.Errorf("count installation: %w", ErrNothingStaged)
	}
	return tries, err
}

// MarkFailed remembers that a release could not be installed here; it is not tried again.
func (c *Client) MarkFailed(v buildinfo.Number) error {
	return c.store.update(func(s *state) { s.fail(v) })
}

// LastVerified is when a host last proved to be current, zero if never.
func (c *Client) LastVerified() (time.Time, error) {
	s, err := c.store.load()
	return s.Verified, err
}

// localID reads or makes the random id that places this computer in rollouts. It never leaves it.
func localID(path string) ([]byte, error) {
	id, err := os.ReadFile(path)
	if err == nil && len(id) == 32 {
		return id, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	id = make([]byte, 32)
	rand.Read(id)
	return id, atomicfile.WriteFile(path, id, 0o600)
}
