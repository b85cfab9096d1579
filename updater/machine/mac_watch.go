//go:build !windows

package machine

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/updater"
)

// identifier names the package for macOS, and begins the labels of its jobs.
const identifier = "io.github.coffer-vault.coffer"

// MacFolder is the daemon's own, which root alone can read.
const MacFolder = "/Library/Application Support/Coffer Updater"

// MacNotes is what the daemon lets everybody on the computer read; root alone writes in the folder. It goes when the daemon starts.
const MacNotes = "/Library/Application Support/Coffer Updater.json"

var (
	_ Computer = (*Mac)(nil)
	_ Watchman = (*MacWatch)(nil)
)

// MacWatch is the Watchman of macOS: a job of launchd that starts with the computer, until it is taken away. The package does not know
// it, and so does not stop it.
type MacWatch struct {
	dir       string // private, of the daemon
	program   string // the daemon's
	job       string // full path of the job's property list
	launchctl string // Apple's
}

// NewMacWatch names the daemon's private folder and its program.
func NewMacWatch(dir, program string) *MacWatch {
	return &MacWatch{dir: dir, program: program, job: "/Library/LaunchDaemons/" + identifier + ".watch.plist", launchctl: "/bin/launchctl"}
}

// Start copies the program, since the package replaces it.
func (w *MacWatch) Start() error {
	source, err := os.Open(w.program)
	if err != nil {
		return fmt.Errorf("copy the updater: %w", err)
	}
	defer source.Close()
	program := filepath.Join(w.dir, "watch")
	if err := atomicfile.WriteFrom(program, source, 0o700); err != nil {
		return fmt.Errorf("copy the updater: %w", err)
	}
	// launchd refuses a job that others than root can write.
	if err := atomicfile.WriteFile(w.job, watchJob(program), 0o644); err != nil {
		return fmt.Errorf("make the watcher: %w", err)
	}
	if err := w.control("bootstrap", "system", w.job); err != nil {
		return errors.Join(fmt.Errorf("start the watcher: %w", err), w.End())
	}
	return nil
}

// End takes the job away, and ends the process that calls it if it is the job's: so the file goes first.
func (w *MacWatch) End() error {
	if err := remove(w.job); err != nil {
		return fmt.Errorf("end the watcher: %w", err)
	}
	var exit *exec.ExitError
	// launchd fails where there is no such job.
	if err := w.control("bootout", "system/"+identifier+".watch"); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("end the watcher: %w", err)
	}
	return nil
}

func (w *MacWatch) control(args ...string) error {
	out, err := exec.Command(w.launchctl, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("launchctl %s: %w: %.200s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// watchJob is started again, also by the computer's start, until it says by exit code 0 that nothing is left to do. What it starts may
// outlive it (AbandonProcessGroup): the installer.
func watchJob(program string) []byte {
	var path strings.Builder
	xml.EscapeText(&path, []byte(program)) // a Builder does not fail
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>` + identifier + `.watch</string>
	<key>ProgramArguments</key>
	<array>
		<string>` + path.String() + `</string>
		<string>` + WatchFlag + `</string>
	</array>
	<key>AssociatedBundleIdentifiers</key>
	<string>` + identifier + `</string>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>60</integer>
	<key>AbandonProcessGroup</key>
	<true/>
	<key>ProcessType</key>
	<string>Background</string>
</dict>
</plist>
`)
}

// Installed is what the package's receipt says, which root alone writes.
func (m *Mac) Installed() (buildinfo.Number, bool) {
	out, err := exec.Command(m.pkgutil, "--pkg-info", identifier).Output()
	if err != nil {
		return buildinfo.Number{}, false
	}
	for line := range strings.Lines(string(out)) {
		if said, found := strings.CutPrefix(line, "version:"); found {
			v, err := buildinfo.ParseNumber(strings.TrimSpace(said))
			return v, err == nil
		}
	}
	return buildinfo.Number{}, false
}

// Busy looks for Apple's installer. What cannot be told counts as busy: a watcher that sees nothing judges nobody.
func (m *Mac) Busy() bool {
	busy, err := m.runs(m.installer)
	return busy || err != nil
}

// Answers starts the command line as nobody: administrators can write where it lies, and root runs nothing from there.
func (m *Mac) Answers(ctx context.Context, v buildinfo.Number) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(m.program), "cofferctl"), "version")
	cmd.Dir, cmd.Env, cmd.WaitDelay = "/", []string{"PATH=/usr/bin:/bin", "HOME=/var/empty"}, answerIn
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: m.nobody}
	said, err := cmd.Output()
	// ErrWaitDelay: it has ended well, and somebody else still holds its output open.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("cofferctl version: %w", err)
	}
	if !bytes.Contains(said, []byte(v.String())) {
		return fmt.Errorf("cofferctl version does not say %v", v)
	}
	return nil
}

// Return takes a newer version's place. The package's preinstall reads the word for it, and refuses an older package without.
func (m *Mac) Return(s updater.Staged) (Outcome, error) {
	word := filepath.Join(filepath.Dir(m.log), "downgrade")
	if err := atomicfile.WriteFile(word, []byte(s.Version.String()+"\n"), 0o600); err != nil {
		return Outcome{}, err
	}
	outcome, err := m.Install(context.Background(), s)
	return outcome, errors.Join(err, remove(word))
}

// notes is the file MacNotes.
type notes struct {
	TakenBack string `json:"taken_back"`
	Reason    string `json:"reason"`
}

// Tell implements Computer.
func (m *Mac) Tell(version buildinfo.Number, reason string) error {
	data, err := json.Marshal(notes{version.String(), reason})
	if err != nil {
		return fmt.Errorf("tell what was taken back: %w", err)
	}
	return atomicfile.WriteFile(m.notes, data, 0o644)
}

// Untell is for the start of the daemon.
func (m *Mac) Untell() error { return remove(m.notes) }

// takenBack is empty where nothing was told.
func takenBack(file string) (version, reason string) {
	var told notes
	data, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(data, &told) != nil {
		return "", ""
	}
	return told.TakenBack, told.Reason
}
