package session_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
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

// A connection that stays open keeps its buffers, and with them what was sent last, for a minute and a half after the lock.
func TestLockClosesConnections(t *testing.T) {
	var dialled atomic.Int64
	var open sync.WaitGroup
	pc := testpc.New(t, "PC", func(c *session.Config) {
		c.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			dialled.Add(1)
			open.Add(1)
			return &closing{Conn: conn, closed: sync.OnceFunc(open.Done)}, nil
		}}
	})
	u := pc.SignUp(t, testkit.Cloud(t), "anna@example.com")
	testpc.Sync(t, u)
	u.Lock()
	if dialled.Load() == 0 {
		t.Fatal("nothing was connected: this shows nothing")
	}
	all := make(chan struct{})
	go func() { open.Wait(); close(all) }()
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		t.Error("a connection is open after the lock")
	}
}

// closing is a connection that tells when it is closed.
type closing struct {
	net.Conn
	closed func()
}

func (c *closing) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
