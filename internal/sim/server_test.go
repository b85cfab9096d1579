package sim

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/time/rate"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/api"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/chain"
)

const origin = "https://coffer.test"

// server is the real cloud on the real database, asked without a socket. It can be killed before any SQL statement.
type server struct {
	dir     string
	now     func() time.Time
	after   func(time.Duration) <-chan time.Time
	secret  cloud.Secret
	codes   map[string]string // the last code mailed, by address
	store   *sqlite.Store
	cloud   *cloud.Cloud
	handler http.Handler

	fuse     int   // statements until it is killed; 0: it is not
	survivor *disk // what the disk had when it was killed
}

func startServer(dir string, now func() time.Time, after func(time.Duration) <-chan time.Time, secret cloud.Secret) (*server, error) {
	s := &server{dir: dir, now: now, after: after, secret: secret, codes: map[string]string{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return s, s.start()
}

// start runs the server on what is in its folder. All that the one before had in memory is gone.
func (s *server) start() (err error) {
	if s.store, err = sqlite.Open(context.Background(), s.database(), s.statement); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	s.cloud = cloud.New(cloud.Config{
		Store: s.store, Secret: s.secret, Origin: origin, Mail: s, Now: s.now, After: s.after, Random: rand.Reader, Log: log,
		RecoveryDelay: cloud.DefaultRecoveryDelay,
	})
	s.handler = api.New(api.Config{
		Cloud: s.cloud, Origin: origin, Limits: api.Limits{SignIn: rate.Inf, Other: rate.Inf}, Ready: s.store.Ping, Now: s.now, Log: log,
	})
	return nil
}

func (s *server) database() string { return filepath.Join(s.dir, "cloud.db") }

// Send implements cloud.Sender: a mailbox that its owner reads.
func (s *server) Send(_ context.Context, m cloud.Mail) error {
	if m.Code != "" {
		s.codes[m.To] = m.Code
	}
	return nil
}

// mailed is the newest code for an address. A server that dies of sending sends again when it is up.
func (s *server) mailed(address string) (string, error) {
	_, err := s.cloud.Outbox.Deliver(context.Background())
	if killed, reviveErr := s.revive(); killed && reviveErr == nil {
		_, err = s.cloud.Outbox.Deliver(context.Background())
	} else if killed {
		err = reviveErr
	}
	return s.codes[address], err
}

var errKilled = errors.New("the process was killed")

// statement is asked before every SQL statement and commit.
func (s *server) statement(string) error {
	if s.survivor != nil {
		return errKilled
	}
	if s.fuse == 0 {
		return nil
	}
	if s.fuse--; s.fuse > 0 {
		return nil
	}
	if err := s.kill(); err != nil {
		return err
	}
	return errKilled
}

// kill keeps what the disk has at this moment for the next start.
func (s *server) kill() error {
	kept, err := readDisk(s.dir)
	s.fuse, s.survivor = 0, &kept
	return err
}

// revive starts a server that was killed; it tells whether it was.
func (s *server) revive() (killed bool, err error) {
	if s.survivor == nil {
		return false, nil
	}
	left := s.survivor
	s.survivor = nil
	if err := errors.Join(s.store.Close(), left.restore(s.dir)); err != nil {
		return true, err
	}
	return true, s.start()
}

// state is what the server has: the head of the vault, the root that its commit claims, and the one that its rows give.
type serverState struct {
	head          chain.Head
	claimed, rows chain.Hash
}

func (s *server) state(account, vault id.ID) (state serverState, err error) {
	ctx, caller := context.Background(), cloud.Caller{Account: account}
	head, commit, err := s.cloud.Vaults.Head(ctx, caller, vault)
	if err != nil || commit == nil {
		return state, err
	}
	parsed, err := chain.ParseCommit(commit.Commit)
	if err != nil {
		return state, err
	}
	tree := chain.NewTree(vault)
	for after := ""; ; {
		rows, next, err := s.cloud.Vaults.Objects(ctx, caller, vault, after)
		if err != nil {
			return state, err
		}
		for _, r := range rows {
			tree.Set(r.Row)
		}
		if after = next; after == "" {
			break
		}
	}
	return serverState{head: head, claimed: parsed.Root, rows: tree.Root()}, nil
}
