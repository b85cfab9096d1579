//go:build system && linux

package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpg"
	"github.com/coffer-vault/coffer/internal/teststore"
	"github.com/coffer-vault/coffer/sync/chain"
)

func TestMain(m *testing.M) { testpg.Main(m) }

func openURL(t *testing.T, url string, hook sqlstore.Hook) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, hook, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openTemp(t *testing.T) *Store {
	t.Helper()
	return openURL(t, testpg.Shared.Database(t), nil)
}

func TestSuite(t *testing.T) {
	teststore.Suite(t, func(t *testing.T) cloud.Store { return openTemp(t) })
}

// What one process tells is heard by the others, and not by itself; what is said many times at once, once.
func TestRelay(t *testing.T) {
	url := testpg.Shared.Database(t)
	teller, hearer := openURL(t, url, nil), openURL(t, url, nil)
	heard := make(chan string, 10)
	teller.Hear(func(m []byte) { t.Errorf("heard itself: %q", m) })
	hearer.Hear(func(m []byte) { heard <- string(m) })
	meet(t, teller, hearer, heard)
	for range 3 {
		teller.Tell([]byte("news"))
	}
	teller.Tell([]byte("more"))
	if first, second := <-heard, <-heard; first != "news" || second != "more" {
		t.Errorf("heard %q, %q", first, second)
	}
	// Who stops tells first.
	teller.Tell([]byte("last"))
	if err := teller.Close(); err != nil {
		t.Error(err)
	}
	if m := <-heard; m != "last" {
		t.Errorf("heard %q", m)
	}
}

// meet waits until one hears the other: its listener connects beside the test.
func meet(t *testing.T, teller, hearer *Store, heard chan string) {
	t.Helper()
	const hello = "hello"
	hearing := func() error {
		teller.Tell([]byte(hello))
		select {
		case <-heard:
			return nil
		case <-time.After(100 * time.Millisecond):
			return errors.New("not heard")
		}
	}
	if err := testpg.Wait(hearing); err != nil {
		t.Fatal(err)
	}
	// Of all hellos none is left: each is in the order of its telling.
	teller.Tell([]byte("ready"))
	for m := range heard {
		if m == "ready" {
			return
		}
	}
}

// A listener whose connection is cut listens again.
func TestRelayConnectsAgain(t *testing.T) {
	url := testpg.Shared.Database(t)
	teller, hearer := openURL(t, url, nil), openURL(t, url, nil)
	heard := make(chan string, 10)
	hearer.Hear(func(m []byte) { heard <- string(m) })
	meet(t, teller, hearer, heard)
	cut(t, hearer)
	meet(t, teller, hearer, heard)
}

// cut ends every other connection to the database.
func cut(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.db.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoncesAreShared(t *testing.T) {
	url := testpg.Shared.Database(t)
	one, other := openURL(t, url, nil), openURL(t, url, nil)
	use := func(s *Store, nonce string, fresh bool) {
		t.Helper()
		if got, since, err := s.UseNonce(t.Context(), []byte(nonce), 500, 1000); err != nil || got != fresh || since != 0 {
			t.Errorf("nonce %q is fresh: %v, since %d, %v", nonce, got, since, err)
		}
	}
	use(one, "a", true)
	use(other, "a", false)
	use(other, "b", true)
	if err := one.ForgetNonces(t.Context(), 999); err != nil {
		t.Fatal(err)
	}
	use(one, "b", false)
	if err := other.ForgetNonces(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	use(one, "a", true)
}

// Requests that come at the same time go to the database together. Each nonce is fresh for one of them, whichever process it came to, and
// whoever goes in the midst takes nobody with him.
func TestNoncesAtOnce(t *testing.T) {
	url := testpg.Shared.Database(t)
	one, other := openURL(t, url, nil), openURL(t, url, nil)
	var fresh [20]atomic.Int32
	var using sync.WaitGroup
	gone, cancel := context.WithCancel(t.Context())
	for _, s := range []*Store{one, other} {
		s.nonces.turn <- struct{}{} // as if a statement were under way
		using.Go(func() {
			if used, _, err := s.UseNonce(gone, []byte("gone"), 500, 1000); used && err != nil {
				t.Errorf("fresh, and %v", err)
			}
		})
		goTogether(t, s, 1) // he began it
		for i := range 3 * len(fresh) {
			using.Go(func() {
				used, _, err := s.UseNonce(t.Context(), []byte{byte(i % len(fresh))}, 500, 1000)
				if err != nil {
					t.Error(err)
				} else if used {
					fresh[i%len(fresh)].Add(1)
				}
			})
		}
		goTogether(t, s, 1+3*len(fresh))
	}
	cancel()
	for _, s := range []*Store{one, other} {
		<-s.nonces.turn
	}
	using.Wait()
	for i := range fresh {
		if n := fresh[i].Load(); n != 1 {
			t.Errorf("nonce %d was fresh %d times", i, n)
		}
	}
}

// goTogether waits until n nonces go with the next statement.
func goTogether(t *testing.T, s *Store, n int) {
	t.Helper()
	err := testpg.Wait(func() error {
		s.nonces.mu.Lock()
		defer s.nonces.mu.Unlock()
		if b := s.nonces.next; b == nil || len(b.hashes) != n {
			return errors.New("not all of them go together")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A crash of the database empties the nonces. Since when they are remembered again is said by every process, and does not lie ahead.
func TestNoncesAreForgottenByACrash(t *testing.T) {
	cluster, err := testpg.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Remove() })
	url := cluster.Database(t)
	one, other := openURL(t, url, nil), openURL(t, url, nil)
	use := func(s *Store, now int64, fresh bool, since int64) {
		t.Helper()
		got, from, err := s.UseNonce(t.Context(), []byte("recorded"), now, 1e6)
		if err != nil || got != fresh || from != since {
			t.Errorf("at %d: fresh %v since %d, %v", now, got, from, err)
		}
	}
	use(one, 100, true, 0)
	use(other, 200, false, 0)
	if err := errors.Join(cluster.Kill(), cluster.Start()); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{one, other} {
		if err := testpg.Wait(func() error { return s.Ping(t.Context()) }); err != nil {
			t.Fatal(err)
		}
	}
	use(other, 300, true, 300)
	use(one, 400, false, 300)
	third := openURL(t, url, nil)
	use(third, 500, false, 300)
	use(third, 250, false, 250) // the clock was set back
	use(one, 600, false, 250)
}

// All processes have one secret: a second one would mail codes that the first cannot check.
func TestFingerprint(t *testing.T) {
	url := testpg.Shared.Database(t)
	one, other := openURL(t, url, nil), openURL(t, url, nil)
	if has, err := one.HasFingerprint(t.Context()); has || err != nil {
		t.Errorf("before the first process: %v, %v", has, err)
	}
	secret, another := cloud.NewSecret(), cloud.NewSecret()
	for s, hash := range map[*Store][]byte{one: secret.Fingerprint(), other: secret.Fingerprint()} {
		if err := s.KeepFingerprint(t.Context(), hash); err != nil {
			t.Error(err)
		}
	}
	if err := other.KeepFingerprint(t.Context(), another.Fingerprint()); !errors.Is(err, ErrOtherSecret) {
		t.Errorf("another secret: %v", err)
	}
	if has, err := other.HasFingerprint(t.Context()); !has || err != nil {
		t.Errorf("after the first process: %v, %v", has, err)
	}
}

// Two transactions that read what the other writes: one of them is begun again and sees what the first has done.
func TestConflictIsBegunAgain(t *testing.T) {
	s := openTemp(t)
	a := teststore.Account()
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
	runs := 0
	err := s.Update(t.Context(), func(tx cloud.Tx) error {
		mine, err := tx.Account(a.ID)
		if err != nil {
			return err
		}
		if runs++; runs == 1 {
			other := mine
			other.Generation++
			teststore.Update(t, s, func(tx cloud.Tx) error { return tx.UpdateAccount(other) })
		}
		mine.Generation *= 10
		return tx.UpdateAccount(mine)
	})
	if err != nil || runs != 2 {
		t.Fatalf("%d runs, %v", runs, err)
	}
	teststore.Update(t, s, func(tx cloud.Tx) error {
		if got, err := tx.Account(a.ID); err != nil || got.Generation != 20 {
			t.Errorf("generation %d, %v", got.Generation, err)
		}
		return nil
	})
}

// Write skew, which snapshots alone do not see: each reads the row that the other writes.
func TestWriteSkew(t *testing.T) {
	s := openTemp(t)
	a, b := teststore.Account(), teststore.Account()
	teststore.Update(t, s, func(tx cloud.Tx) error { return errors.Join(tx.InsertAccount(a), tx.InsertAccount(b)) })
	runs := 0
	err := s.Update(t.Context(), func(tx cloud.Tx) error {
		read, err := tx.Account(b.ID)
		if err != nil {
			return err
		}
		if runs++; runs == 1 {
			teststore.Update(t, s, func(tx cloud.Tx) error {
				read, err := tx.Account(a.ID)
				b.Generation = read.Generation + 1
				return errors.Join(err, tx.UpdateAccount(b))
			})
		}
		a.Generation = read.Generation + 1
		return tx.UpdateAccount(a)
	})
	if err != nil || runs != 2 || a.Generation != 3 || b.Generation != 2 {
		t.Errorf("%d runs, generations %d and %d, %v", runs, a.Generation, b.Generation, err)
	}
}

// Two that both find a key free: the second finds it taken when it is begun again, as if they had come one after the other.
func TestDuplicateIsBelievedTheSecondTime(t *testing.T) {
	s := openTemp(t)
	a := teststore.Account()
	runs := 0
	err := s.Update(t.Context(), func(tx cloud.Tx) error {
		if _, err := tx.Account(a.ID); err == nil {
			return nil // somebody was first
		}
		if runs++; runs == 1 {
			teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
		}
		return tx.InsertAccount(a)
	})
	if err != nil || runs != 1 {
		t.Errorf("%d runs found it free, %v", runs, err)
	}
}

// A connection that is lost before the commit is a transaction that is begun again.
func TestLostConnectionIsBegunAgain(t *testing.T) {
	s := openTemp(t)
	a := teststore.Account()
	runs := 0
	err := s.Update(t.Context(), func(tx cloud.Tx) error {
		if runs++; runs == 1 {
			cut(t, s)
		}
		return tx.InsertAccount(a)
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	teststore.Update(t, s, func(tx cloud.Tx) error { _, err := tx.Account(a.ID); return err })
}

// A lost answer to a commit is an error: nobody knows what became of it.
func TestLostCommitIsNotBegunAgain(t *testing.T) {
	runs := 0
	var s *Store
	s = openURL(t, testpg.Shared.Database(t), func(statement string) error {
		if statement == "COMMIT" && runs == 1 {
			cut(t, s)
		}
		return nil
	})
	err := s.Update(t.Context(), func(tx cloud.Tx) error {
		runs++
		return tx.InsertAccount(teststore.Account())
	})
	if err == nil || runs != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	url := testpg.Shared.Database(t)
	s := openURL(t, url, nil)
	if _, err := s.db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), url, nil, slog.New(slog.DiscardHandler)); !errors.Is(err, sqlstore.ErrNewerSchema) {
		t.Errorf("%v, want ErrNewerSchema", err)
	}
	// The one that runs goes on: it is the version before, while the next is started beside it.
	teststore.Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(teststore.Account()) })
}

// Several processes start at once on an empty database.
func TestManyOpenAtOnce(t *testing.T) {
	url := testpg.Shared.Database(t)
	var opening sync.WaitGroup
	for range 4 {
		opening.Go(func() {
			s, err := Open(t.Context(), url, nil, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	opening.Wait()
}

// A database in another encoding, or none at all, is refused with words that say so and have no password.
func TestOpenRefuses(t *testing.T) {
	if err := testpg.Shared.SQL("postgres", `CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		testpg.Shared.URL("latin"):                   "UTF8",
		testpg.Shared.URL("nowhere"):                 "connect to PostgreSQL",
		"postgres://coffer:opensesame@bad port:x/db": "cannot be read",
	} {
		_, err := Open(t.Context(), url, nil, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "opensesame") {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// What is sent together is in its order, is seen by the next question, and fails as if each statement had been sent by itself; a
// transaction that is over takes none.
func TestPipeline(t *testing.T) {
	s := openTemp(t)
	a, v := teststore.Account(), cloud.Vault{ID: id.New()}
	v.Account = a.ID
	teststore.Update(t, s, func(tx cloud.Tx) error { return errors.Join(tx.InsertAccount(a), tx.InsertVault(v)) })
	envelope := func(revision uint64) cloud.Envelope {
		return cloud.Envelope{Object: v.ID, Revision: revision, Sealed: []byte{byte(revision)}}
	}
	commit := chain.Signed{Commit: []byte{1}, Changes: []byte{1}, Signature: []byte{1}}
	teststore.Update(t, s, func(tx cloud.Tx) error {
		err := errors.Join(tx.InsertCommit(v.ID, 1, a.ID, a.ID, commit), tx.PutEnvelope(v.ID, envelope(1)), tx.PutEnvelope(v.ID, envelope(2)))
		got, asked := tx.Envelope(v.ID, v.ID)
		if got.Revision != 2 {
			t.Errorf("revision %d is seen, want 2", got.Revision)
		}
		return errors.Join(err, asked, tx.PutEnvelope(v.ID, envelope(3)))
	})
	for what, run := range map[string]struct {
		do   func(cloud.Tx) error
		want error
	}{
		"a commit that is there": {func(tx cloud.Tx) error {
			return errors.Join(tx.PutEnvelope(v.ID, envelope(4)), tx.InsertCommit(v.ID, 1, a.ID, a.ID, commit))
		}, cloud.ErrExists},
		"a vault that is not there, before a question": {func(tx cloud.Tx) error {
			err := errors.Join(tx.PutEnvelope(v.ID, envelope(4)), tx.AddBytes(a.ID, 1))
			_, asked := tx.Vault(a.ID, v.ID)
			return errors.Join(err, asked)
		}, cloud.ErrNone},
		"an error that nobody reads": {func(tx cloud.Tx) error {
			tx.PutEnvelope(v.ID, envelope(4))
			tx.AddBytes(a.ID, 1)
			tx.Vault(a.ID, v.ID)
			return nil
		}, cloud.ErrNone},
		"more than go at once": {func(tx cloud.Tx) error {
			for range 1000 {
				if err := tx.PutEnvelope(v.ID, envelope(4)); err != nil {
					return err
				}
			}
			return tx.AddBytes(a.ID, 1)
		}, cloud.ErrNone},
	} {
		err := s.Update(t.Context(), run.do)
		if !errors.Is(err, run.want) {
			t.Errorf("%s: %v, want %v", what, err, run.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx cloud.Tx) error {
		err := tx.PutEnvelope(v.ID, envelope(4))
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone: %v", err)
	}
	if err := withoutTransaction(s, v.ID); err == nil {
		t.Error("written without a transaction")
	}
	err = s.View(t.Context(), func(tx cloud.Tx) error {
		got, err := tx.Envelope(v.ID, v.ID)
		if got.Revision != 3 {
			t.Errorf("revision %d is there, want 3", got.Revision)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// withoutTransaction sends what would change an envelope on a connection that has none.
func withoutTransaction(s *Store, vault id.ID) error {
	conn, err := s.db.Conn(context.Background())
	if err != nil {
		return nil
	}
	defer conn.Close()
	_, err = pipeline(context.Background(), conn, []sqlstore.Statement{{Query: `UPDATE envelopes SET revision = 5 WHERE vault_id = $1`, Args: []any{vault[:]}}})
	return err
}
