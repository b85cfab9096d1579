package attacks

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testsecret"
	"github.com/coffer-vault/coffer/vault"
)

// Row 29: a real process unlocks, works and locks. Its whole memory is read before and after, through /proc. With a window it
// is journey.TestMemoryAfterLock.
func init() {
	register("29", elsewhere, "the memory of a process without a window after lock", scanMemory)
}

// scannedProcess is the environment variable that makes this test binary the process whose memory is scanned.
const scannedProcess = "COFFER_TEST_SCANNED"

func init() {
	if os.Getenv(scannedProcess) == "" {
		return
	}
	testkit.LowerKDFCost()
	if err := beScanned(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// beScanned unlocks, uses the vault and locks, and says so. What it is told comes through standard input and is wiped after use.
func beScanned() error {
	frame := func() []byte {
		var n uint32
		if binary.Read(os.Stdin, binary.BigEndian, &n) != nil {
			return nil
		}
		data := make([]byte, n)
		io.ReadFull(os.Stdin, data)
		return data
	}
	paths, err := platform.PathsBelow(string(frame()))
	if err != nil {
		return err
	}
	m := session.New(session.Config{Paths: paths, Keyring: fileKeyring(string(frame())), DeviceName: "scanned", Platform: "linux"})
	password := secret.New(frame())
	u, err := m.Unlock(context.Background(), m.Accounts()[0].ID, password)
	if err != nil {
		return err
	}
	password.Wipe()
	if err := use(u); err != nil {
		return err
	}
	fmt.Println("unlocked")
	frame()
	u.Lock()
	secret.Scrub() // as the program does once the lock screen is there
	fmt.Println("locked")
	frame()
	return nil
}

// use does what people do: look for items, show some, change them, sync.
func use(u *session.Unlocked) error {
	ctx := context.Background()
	if err := u.Vault().Checked(ctx); err != nil {
		return err
	}
	var found []*vault.Summary
	for letters := range len("canary") {
		found = u.Vault().Query(vault.Filter{Text: "canary"[:letters+1]})
	}
	for _, s := range found[:min(len(found), 20)] {
		it, err := u.Vault().Get(ctx, s.ID)
		if err != nil {
			return err
		}
		it.Favorite = true
		if _, err := u.Vault().Save(ctx, it); err != nil {
			return err
		}
	}
	return u.Sync(ctx)
}

// fileKeyring stands for the system's keyring, which is another process: nothing of it stays in this one.
type fileKeyring string

func (k fileKeyring) Load(context.Context, string, id.ID) (platform.DeviceSecrets, error) {
	data, err := os.ReadFile(string(k))
	if err != nil || len(data) != 16+32+32+4 {
		return platform.DeviceSecrets{}, errors.Join(err, platform.ErrDamaged)
	}
	defer clear(data)
	part := func(from, to int) secret.Bytes { return secret.New(bytes.Clone(data[from:to])) }
	return platform.DeviceSecrets{SecretKey: part(0, 16), DeviceSeed: part(16, 48), Anchor: part(48, 80), KeyGeneration: binary.BigEndian.Uint32(data[80:])}, nil
}

func (fileKeyring) Save(context.Context, string, id.ID, platform.DeviceSecrets) error { return nil }

func (fileKeyring) Delete(context.Context, string, id.ID) error { return nil }

// scanned is the other process as the test sees it.
type scanned struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	said bytes.Buffer
}

func startScanned(t *testing.T, pc *testpc.PC, password []byte, env ...string) *scanned {
	t.Helper()
	keyring := filepath.Join(t.TempDir(), "keyring")
	for _, d := range pc.Keyring.Entries() {
		data := slices.Concat(d.SecretKey.Reveal(), d.DeviceSeed.Reveal(), d.Anchor.Reveal(), binary.BigEndian.AppendUint32(nil, d.KeyGeneration))
		if err := os.WriteFile(keyring, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &scanned{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(append(os.Environ(), scannedProcess+"=1"), env...)
	p.cmd.Stderr = &p.said
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewScanner(out)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	for _, frame := range [][]byte{[]byte(pc.Paths.Home), []byte(keyring), password} {
		p.tell(t, frame)
	}
	return p
}

// end may be called twice.
func (p *scanned) end() {
	p.in.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (p *scanned) tell(t *testing.T, frame []byte) {
	t.Helper()
	if _, err := p.in.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)); err != nil {
		t.Fatal(err)
	}
}

func (p *scanned) await(t *testing.T, word string) {
	t.Helper()
	if !p.out.Scan() || p.out.Text() != word {
		t.Fatalf("the process said %q: %s", p.out.Text(), &p.said)
	}
}

// find counts how often each secret is in the process's memory.
func (p *scanned) find(t *testing.T, all secrets) map[string]int {
	t.Helper()
	return testsecret.Set(all).InMemory(t, p.cmd.Process.Pid)
}

func scanMemory(t *testing.T) {
	server := cloud(t)
	pc := testpc.New(t, "scanned", nil)
	password := []byte(rand.Text())
	u := signUpWith(t, pc, server, password)
	texts := secrets{}
	for _, name := range []string{"title", "user name", "item password", "website", "notes"} {
		texts[name] = []byte("canary" + rand.Text())
	}
	it := testpc.Login(string(texts["title"]), string(texts["user name"]), string(texts["item password"]))
	it.Websites = []string{"https://" + strings.ToLower(string(texts["website"])) + ".example"}
	texts["website"] = bytes.ToLower(texts["website"])
	it.Set(vault.Notes, secret.New(bytes.Clone(texts["notes"])))
	testpc.Save(t, u, it)
	testpc.Sync(t, u)
	u.Lock()
	all := secretsUnder(t, pc, password)
	maps.Copy(all, texts)

	p := startScanned(t, pc, password)
	p.await(t, "unlocked")
	before := p.find(t, all)
	for _, name := range []string{"AK", "anchor", "title"} {
		if before[name] == 0 {
			t.Fatalf("the scan does not find %s in an unlocked process: it shows nothing", name)
		}
	}
	p.tell(t, nil)
	p.await(t, "locked")
	for name, n := range p.find(t, all) {
		t.Errorf("%s is %d times in the memory of a locked process", name, n)
	}
}

// signUpWith makes an account under another password than the tests' own, which is in the text of the program.
func signUpWith(t *testing.T, pc *testpc.PC, server *testkit.Server, password []byte) *session.Unlocked {
	t.Helper()
	s, err := pc.BeginSignUp(t.Context(), server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(t.Context(), secret.New(bytes.Clone(password)))
	if err != nil {
		t.Fatal(err)
	}
	return u
}
