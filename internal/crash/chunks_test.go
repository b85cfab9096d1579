//go:build cgo && unix

package crash

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testdisk"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// chunkCuts is at how many points the power is cut while files are attached.
const chunkCuts = 80

// attaching is a person who attaches files offline: what is on this PC is all there is of them.
type attaching struct {
	t    *testing.T
	disk *testdisk.Recorder
	home string
	u    *session.Unlocked

	items []id.ID

	// While the record is played: by name what was acknowledged, and the keyring, which has a disk of its own.
	has     map[string]string
	keyring []byte
}

// named is the mark that a file was acknowledged.
type named struct{ name, content string }

func newAttaching(t *testing.T) *attaching {
	t.Helper()
	if _, err := testdisk.Watch(func(testdisk.Step) error { return nil }); err != nil {
		t.Fatal(err)
	}
	a := &attaching{t: t, home: filepath.Join(t.TempDir(), "profile"), has: map[string]string{}}
	m, err := manager(a.home, nil, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	a.u = (&testpc.PC{Manager: m}).SignUp(t, testkit.Cloud(t), "anna@coffer.test")
	for n := range 2 {
		a.items = append(a.items, testpc.Save(t, a.u, testpc.Login(fmt.Sprint("Site ", n), "anna", "x")).ID)
	}
	a.u.Lock() // so that the log is in the file
	if a.disk, err = testdisk.NewRecorder(a.home); err != nil {
		t.Fatal(err)
	}
	if a.keyring, err = os.ReadFile(filepath.Join(a.home, "keyring")); err != nil {
		t.Fatal(err)
	}
	onKeyring = func(data []byte) { a.disk.Mark(remembers{data}) }
	stop, err := testdisk.Watch(a.disk.Watch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); onKeyring = nil })
	a.u, err = m.Unlock(t.Context(), a.u.Account().ID, typed(testpc.Password))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestPowerCutOfChunks records what attaching files does to the disk, and looks at many points at what a power cut may leave: a file whose
// Attach has returned is there with all its chunks; one that was being attached is whole, or not there; and nothing else is left.
func TestPowerCutOfChunks(t *testing.T) {
	a := newAttaching(t)
	for n := range 6 {
		name := fmt.Sprintf("file %d", n)
		content := bytes.Repeat([]byte(name), 1+n*80_000)
		if _, err := a.u.Attach(t.Context(), a.items[n%2], name, bytes.NewReader(content), int64(len(content))); err != nil {
			t.Fatal(err)
		}
		a.disk.Mark(named{name, string(content)})
	}
	a.u.Lock()
	account := a.u.Account()
	random := rand.New(rand.NewPCG(*seed, 8))
	chosen := a.disk.Points(random, chunkCuts)
	a.disk.Replay(a.noteMark, func(n int, next testdisk.Step, d *testdisk.Disk) {
		for range chosen[n] {
			how := testdisk.Cut(random.IntN(int(testdisk.Cuts)))
			if err := a.cut(account, d, how, random); err != nil {
				t.Fatalf("-crash.seed=%d, cut of kind %d before step %d, %s: %v", *seed, how, n, next.Label(), err)
			}
		}
	})
}

func (a *attaching) noteMark(mark any) {
	switch m := mark.(type) {
	case remembers:
		a.keyring = m.keyring
	case named:
		a.has[m.name] = m.content
	}
}

// cut opens what a power cut leaves.
func (a *attaching) cut(account session.Account, d *testdisk.Disk, how testdisk.Cut, random *rand.Rand) error {
	home := a.t.TempDir()
	defer os.RemoveAll(home)
	if err := errors.Join(d.Leave(home, how, random), os.WriteFile(filepath.Join(home, "keyring"), a.keyring, 0o600)); err != nil {
		return err
	}
	m, err := manager(home, nil, nil, true)
	if err != nil {
		return err
	}
	defer m.Close()
	u, err := m.Unlock(a.t.Context(), account.ID, typed(testpc.Password))
	if err != nil {
		return err
	}
	defer u.Lock()
	return a.compare(u)
}

// compare reads every file that an item names.
func (a *attaching) compare(u *session.Unlocked) error {
	ctx := a.t.Context()
	found := map[string]string{}
	for _, item := range a.items {
		files, err := u.Attachments(ctx, item)
		if err != nil {
			return err
		}
		for _, file := range files {
			var content bytes.Buffer
			if err := u.Vault().ReadAttachment(ctx, file.ID, &content, nil); err != nil {
				return fmt.Errorf("%s: %w", file.Name, err)
			}
			found[file.Name] = content.String()
		}
	}
	for name, content := range a.has {
		if found[name] != content {
			return fmt.Errorf("%s has %d bytes of %d", name, len(found[name]), len(content))
		}
	}
	if len(found) > len(a.has)+1 {
		return fmt.Errorf("%d files, %d were acknowledged", len(found), len(a.has))
	}
	return nil
}

// A chunk that the disk cannot read is said to be just that: it is not taken for one that is damaged, and stays where it is. Once the disk
// is well again the file is whole.
func TestChunkThatCannotBeRead(t *testing.T) {
	const broken = "/proc/self/mem" // reading its beginning ends with EIO
	if _, err := os.ReadFile(broken); err == nil {
		t.Skip("this system has no file that cannot be read")
	}
	a := newAttaching(t)
	content := bytes.Repeat([]byte("content"), 250_000)
	file, err := a.u.Attach(t.Context(), a.items[0], "file", bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	chunks, err := filepath.Glob(filepath.Join(a.home, "vaults", "*.files", file.ID.String(), "*"))
	if err != nil || len(chunks) < 2 {
		t.Fatalf("%d chunks, %v", len(chunks), err)
	}
	for _, chunk := range chunks {
		if err := errors.Join(os.Rename(chunk, chunk+".well"), os.Symlink(broken, chunk)); err != nil {
			t.Fatal(err)
		}
		var read bytes.Buffer
		if err := a.u.Vault().ReadAttachment(t.Context(), file.ID, &read, nil); !errors.Is(err, vault.ErrDisk) {
			t.Errorf("%s: %v, want ErrDisk", filepath.Base(chunk), err)
		}
		if _, err := os.Lstat(chunk); err != nil {
			t.Errorf("it was moved: %v", err)
		}
		if err := os.Rename(chunk+".well", chunk); err != nil {
			t.Fatal(err)
		}
	}
	var read bytes.Buffer
	if err := a.u.Vault().ReadAttachment(t.Context(), file.ID, &read, nil); err != nil || !bytes.Equal(read.Bytes(), content) {
		t.Errorf("%d bytes, %v", read.Len(), err)
	}
	a.u.Lock()
}
