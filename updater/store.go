package updater

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
)

// state is the updater's memory, state.json in its folder.
type state struct {
	Verified time.Time          `json:"verified,omitzero"` // when a host last proved to be current
	Refused  *refusal           `json:"refused,omitempty"` // why the last look ended without an answer that counts
	Staged   *stagedFile        `json:"staged,omitempty"`
	Swap     *swap              `json:"swap,omitempty"`
	Failed   []buildinfo.Number `json:"failed,omitempty"` // never tried again
	Kept     []stagedFile       `json:"kept,omitempty"`   // packages that were installed: of this version and of the one before, see Config.KeepPackages
}

// refusal is why nothing could be installed, for whoever asks when nobody is looking.
type refusal struct {
	Since  time.Time `json:"since"` // when it was first the same reason
	Reason string    `json:"reason"`
}

// stagedFile is a verified file in the folder staged/.
type stagedFile struct {
	Version buildinfo.Number `json:"version"`
	File    string           `json:"file"`
	Size    int64            `json:"size"`
	SHA256  string           `json:"sha256"`
	Tries   int              `json:"tries,omitempty"` // installations of it that were begun, see BeginInstall
}

// swap is the journal of one replacement of the program: written before it begins, removed when the new version proved healthy.
type swap struct {
	To      buildinfo.Number `json:"to"`
	SHA256  string           `json:"sha256"`            // of the new program
	Done    bool             `json:"done,omitempty"`    // the new program is in place
	Started bool             `json:"started,omitempty"` // and was started once
}

// maxFailed bounds the list of failed releases; the oldest fall out.
const maxFailed = 50

func (s *state) fail(v buildinfo.Number) {
	if !s.hasFailed(v) {
		s.Failed = append(s.Failed, v)
	}
	s.Failed = s.Failed[max(0, len(s.Failed)-maxFailed):]
}

func (s *state) hasFailed(v buildinfo.Number) bool { return slices.Contains(s.Failed, v) }

// store keeps the state. Client and Program of one process share the file.
type store struct {
	dir string
	log *slog.Logger
}

// storeMutex serialises changes within the process. Between processes there is an order already: a program quits before the one
// that replaces it starts.
var storeMutex sync.Mutex

func (s *store) path() string { return filepath.Join(s.dir, "state.json") }

func (s *store) load() (state, error) {
	storeMutex.Lock()
	defer storeMutex.Unlock()
	return s.read()
}

// update changes the state durably.
func (s *store) update(change func(*state)) error {
	storeMutex.Lock()
	defer storeMutex.Unlock()
	st, err := s.read()
	if err != nil {
		return err
	}
	change(&st)
	data, err := json.MarshalIndent(st, "", "\t")
	if err != nil {
		return fmt.Errorf("write update state: %w", err)
	}
	return atomicfile.WriteFile(s.path(), data, 0o600)
}

// read starts over from a state that only a failing disk can produce, and keeps the damaged file: no updates would be worse.
func (s *store) read() (st state, err error) {
	data, err := os.ReadFile(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	} else if err != nil {
		return state{}, fmt.Errorf("read update state: %w", err)
	}
	if err := json.Unmarshal(data, &st); err != nil {
		s.log.Error("update state is damaged, starting over", "err", err)
		return state{}, atomicfile.Rename(s.path(), s.path()+".damaged")
	}
	return st, nil
}

func (s *store) stagedDir() string { return filepath.Join(s.dir, "staged") }
func (s *store) stagedPath(file string) string {
	return filepath.Join(s.stagedDir(), filepath.Base(file))
}

// hasStaged is a cheap look; the hash is checked again over the very bytes that are installed.
func (s *store) hasStaged(f stagedFile) bool {
	info, err := os.Lstat(s.stagedPath(f.File))
	return err == nil && info.Mode().IsRegular() && info.Size() == f.Size
}

// setStaged records a file and removes every other one.
func (s *store) setStaged(f stagedFile) error {
	if err := s.update(func(st *state) { st.Staged = &f }); err != nil {
		return err
	}
	return s.clearStaged(f.File)
}

// unstage forgets the staged file and removes everything from its folder but some names.
func (s *store) unstage(except ...string) error {
	st, err := s.load()
	if err != nil {
		return err
	}
	if st.Staged != nil {
		if err := s.update(func(st *state) { st.Staged = nil }); err != nil {
			return err
		}
	}
	return s.clearStaged(except...)
}

// clearStaged leaves what is kept alone.
func (s *store) clearStaged(except ...string) error {
	st, err := s.load()
	if err != nil {
		return err
	}
	for _, f := range st.Kept {
		except = append(except, f.File)
	}
	entries, err := os.ReadDir(s.stagedDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if !slices.Contains(except, e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.stagedDir(), e.Name())))
		}
	}
	return err
}
