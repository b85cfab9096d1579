package platform

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testbus"
)

func newKeyring(t *testing.T) *Keyring {
	t.Helper()
	p, err := PathsBelow(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return NewKeyring(p)
}

// TestSecretService runs against gnome-keyring. It is one test, because go-keyring keeps one connection per process.
func TestSecretService(t *testing.T) {
	session := testbus.Start(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", session.Address)
	k, account, d := newKeyring(t), id.New(), someSecrets()

	if _, err := k.Load(t.Context(), testOrigin, account); !errors.Is(err, ErrNotFound) {
		t.Fatalf("Load of nothing: %v, want %v", err, ErrNotFound)
	}
	if err := k.Save(t.Context(), testOrigin, account, d); err != nil {
		t.Fatal(err)
	}
	d.Generation++
	if err := k.Save(t.Context(), testOrigin, account, d); err != nil {
		t.Fatalf("replacing: %v", err)
	}
	if got, err := k.Load(t.Context(), testOrigin, account); err != nil || !got.equal(d) {
		t.Errorf("Load: generation %d, want %d; %v", got.Generation, d.Generation, err)
	}
	for name, load := range map[string]func() (DeviceSecrets, error){
		"another origin":  func() (DeviceSecrets, error) { return k.Load(t.Context(), "https://other.example", account) },
		"another account": func() (DeviceSecrets, error) { return k.Load(t.Context(), testOrigin, id.New()) },
		"another profile": func() (DeviceSecrets, error) { return newKeyring(t).Load(t.Context(), testOrigin, account) },
	} {
		if _, err := load(); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v, want %v", name, err, ErrNotFound)
		}
	}

	lockKeyring(t, session)
	if _, err := k.Load(t.Context(), testOrigin, account); !errors.Is(err, ErrUnavailable) {
		t.Errorf("locked keyring: %v, want %v", err, ErrUnavailable)
	}
}

func lockKeyring(t *testing.T, s *testbus.Session) {
	t.Helper()
	login := []dbus.ObjectPath{"/org/freedesktop/secrets/collection/login"}
	service := s.Connect(t).Object("org.freedesktop.secrets", "/org/freedesktop/secrets")
	if err := service.Call("org.freedesktop.Secret.Service.Lock", 0, login).Err; err != nil {
		t.Fatal(err)
	}
}

// TestNoSecretService runs itself again, for a process without go-keyring's connection to the bus of the other test.
func TestNoSecretService(t *testing.T) {
	if os.Getenv("COFFER_TEST_CHILD") == "" {
		session := testbus.StartBus(t, t.TempDir())
		for name, address := range map[string]string{"no bus": "unix:path=/nonexistent", "no service": session.Address} {
			child := exec.Command(os.Args[0], "-test.run=^TestNoSecretService$")
			child.Env = append(os.Environ(), "COFFER_TEST_CHILD=1", "DBUS_SESSION_BUS_ADDRESS="+address)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%s: %s", name, out)
			}
		}
		return
	}
	k := newKeyring(t)
	if _, err := k.Load(t.Context(), testOrigin, id.New()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Load: %v, want %v", err, ErrUnavailable)
	}
	if err := k.Save(t.Context(), testOrigin, id.New(), someSecrets()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Save: %v, want %v", err, ErrUnavailable)
	}
}
