package attacks

import (
	"testing"

	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/internal/testsecret"
)

// secrets are the bytes that must never leave a device nor outlive a lock, by name.
type secrets map[string][]byte

// secretsOf derives every key of the one account on a locked computer from the password.
func secretsOf(t testing.TB, pc *testpc.PC) secrets {
	t.Helper()
	return secretsUnder(t, pc, []byte(testpc.Password))
}

func secretsUnder(t testing.TB, pc *testpc.PC, password []byte) secrets {
	t.Helper()
	for _, d := range pc.Keyring.Entries() {
		return secrets(testsecret.OfAccount(t, pc.Paths.Account(pc.Accounts()[0].ID), d, password))
	}
	t.Fatal("the keyring is empty")
	return nil
}

// deviceSecrets are those in the computer's keyring.
func deviceSecrets(pc *testpc.PC) secrets {
	for _, d := range pc.Keyring.Entries() {
		return secrets(testsecret.OfDevice(d))
	}
	return nil
}

// in returns the name of a secret that is in data.
func (s secrets) in(data []byte) string { return testsecret.Set(s).In(data) }

// canaries are the plaintext of the items that the tests save.
var canaries = secrets{"title": []byte(titleCanary), "user name": []byte(userCanary), "password": []byte(passwordCanary), "website": []byte(websiteCanary)}

const (
	titleCanary    = "canary-title-7d1f"
	userCanary     = "canary-user-88c2"
	passwordCanary = "canary-password-01ee"
	websiteCanary  = "canary-host.example"
)

// canaryIn returns the name of an item's plaintext, or of the master password, that is in data.
func canaryIn(data []byte) string {
	if leaked := canaries.in(data); leaked != "" {
		return leaked
	}
	return secrets{"master password": []byte(testpc.Password)}.in(data)
}
