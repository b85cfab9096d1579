package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// patientKeyring notes until when the last call to Save would have waited for an answer.
type patientKeyring struct {
	session.Keyring
	until time.Time // zero: for ever
}

func (k *patientKeyring) Save(ctx context.Context, origin string, account id.ID, d platform.DeviceSecrets) error {
	k.until, _ = ctx.Deadline()
	return k.Keyring.Save(ctx, origin, account, d)
}

// A keyring that asks for its password while nobody is there must not keep a vault open, or the program from ending.
func TestLockDoesNotWaitForTheKeyring(t *testing.T) {
	keyring := &patientKeyring{}
	pc := testpc.New(t, "PC", func(c *session.Config) {
		keyring.Keyring = c.Keyring
		c.Keyring = keyring
	})
	u := pc.SignUp(t, testkit.Cloud(t), "anna@example.com")
	u.Lock()
	if keyring.until.IsZero() || keyring.until.After(time.Now().Add(5*time.Second)) {
		t.Errorf("would wait until %v", keyring.until)
	}
}
