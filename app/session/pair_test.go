package session_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/sqlite"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/engine"
	"github.com/coffer-vault/coffer/sync/pairing"
	"github.com/coffer-vault/coffer/vault"
)

// meeting is a new device and one of the account, as far as both have their digits.
type meeting struct {
	server   *testkit.Server
	a        *session.Unlocked
	pcB      *testpc.PC
	fresh    *session.Pairing
	approval *session.Approval
}

func meet(t *testing.T, configure func(*session.Config)) *meeting {
	t.Helper()
	ctx := t.Context()
	m := &meeting{server: testkit.Cloud(t), pcB: testpc.New(t, "PC B", configure)}
	m.a = testpc.New(t, "PC A", nil).SignUp(t, m.server, email)
	testpc.Save(t, m.a, testpc.Login("Mail", "anna", "first"))
	testpc.Sync(t, m.a)
	var err error
	if m.fresh, err = m.pcB.BeginPairing(ctx, m.server.URL, email); err != nil {
		t.Fatal(err)
	}
	requests, err := m.a.Pairings(ctx)
	if err != nil || len(requests) != 1 || requests[0].Name != "PC B" {
		t.Fatalf("%+v, %v", requests, err)
	}
	if m.approval, err = m.a.Answer(ctx, requests[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := m.fresh.Answered(ctx); err != nil {
		t.Fatal(err)
	}
	if err := m.approval.Revealed(ctx); err != nil {
		t.Fatal(err)
	}
	return m
}

// approve goes as far as the master password.
func (m *meeting) approve(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if err := m.approval.Check(ctx, m.fresh.Digits()); err != nil {
		t.Fatal(err)
	}
	m.confirm(t)
}

// confirm goes on when the approver knows the new device: by the master password, and the approver's digits.
func (m *meeting) confirm(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if err := m.approval.Approve(ctx, testpc.Typed(testpc.Password)); err != nil {
		t.Fatal(err)
	}
	if err := m.fresh.Approved(ctx); err != nil {
		t.Fatal(err)
	}
	if err := m.fresh.Confirm(m.approval.Digits()); err != nil {
		t.Fatal(err)
	}
}

func TestApproveWithDigits(t *testing.T) {
	m := meet(t, nil)
	m.approve(t)
	if _, err := m.fresh.Finish(t.Context(), testpc.Typed("wrong"), nil); !errors.Is(err, session.ErrProofFailed) {
		t.Fatalf("with a wrong password: %v", err)
	}
	b, err := m.fresh.Finish(t.Context(), testpc.Typed(testpc.Password), nil)
	if err != nil {
		t.Fatal(err)
	}
	if b.Status().Notices.Confirm {
		t.Error("an approved device has something to confirm")
	}
	testpc.Save(t, b, testpc.Login("from B", "b", "2"))
	testpc.Sync(t, b)
	testpc.Sync(t, m.a)
	if !maps.Equal(testpc.Contents(t, m.a), testpc.Contents(t, b)) || b.SecretKey() != m.a.SecretKey() {
		t.Error("the devices differ")
	}
	if len(m.a.NewDevices()) != 0 {
		t.Error("told of the device that was just let in")
	}
	b.Lock()
	testpc.Sync(t, m.pcB.Unlock(t))
}

func TestApproveWithTheCode(t *testing.T) {
	m := meet(t, nil)
	ctx := t.Context()
	other, err := testpc.New(t, "PC X", nil).BeginPairing(ctx, m.server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.approval.CheckCode("coffer:pair?nonsense"); !errors.Is(err, pairing.ErrCode) {
		t.Errorf("nonsense: %v", err)
	}
	if err := m.approval.CheckCode(other.Code()); !errors.Is(err, session.ErrPairingDigits) {
		t.Errorf("the code of another device: %v", err)
	}
	if err := m.approval.Approve(ctx, testpc.Typed(testpc.Password)); err == nil {
		t.Error("approved without a comparison")
	}
	if err := m.approval.CheckCode(" " + m.fresh.Code() + "\n"); err != nil {
		t.Fatal(err)
	}
	m.confirm(t)
	b, err := m.fresh.Finish(ctx, testpc.Typed(testpc.Password), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(testpc.Contents(t, b)) != 1 {
		t.Error("the vault is not whole")
	}
}

func TestWrongDigits(t *testing.T) {
	m := meet(t, nil)
	ctx := t.Context()
	wrong := "000 000"
	if m.fresh.Digits() == wrong {
		wrong = "111 111"
	}
	for range 3 {
		if err := m.approval.Check(ctx, wrong); !errors.Is(err, session.ErrPairingDigits) {
			t.Fatalf("%v", err)
		}
	}
	if err := m.approval.Check(ctx, m.fresh.Digits()); err == nil {
		t.Error("a fourth try counts")
	}
	if err := m.approval.Approve(ctx, testpc.Typed(testpc.Password)); err == nil {
		t.Error("approved with wrong digits")
	}
	if err := m.fresh.Approved(ctx); !errors.Is(err, session.ErrPairingRefused) {
		t.Errorf("the new device: %v", err)
	}
	if devices, _ := m.a.Devices(ctx); len(devices) != 1 {
		t.Error("the device was listed")
	}

	m = meet(t, nil)
	if err := errors.Join(m.approval.Check(ctx, m.fresh.Digits()), m.approval.Approve(ctx, testpc.Typed(testpc.Password)), m.fresh.Approved(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := m.fresh.Confirm(wrong); m.approval.Digits() != wrong && !errors.Is(err, session.ErrPairingDigits) {
		t.Errorf("%v", err)
	}
	if err := m.fresh.Confirm(m.approval.Digits()); err == nil {
		t.Error("a second try counts")
	}
	for name, again := range map[string]error{"Answered": m.fresh.Answered(ctx), "Approved": m.fresh.Approved(ctx)} {
		if !errors.Is(again, session.ErrPairingChanged) {
			t.Errorf("%s after wrong digits: %v", name, again)
		}
	}
	if err := m.fresh.Confirm(m.approval.Digits()); err == nil {
		t.Error("a try after another approval counts")
	}
}

func TestRefusedAndExpired(t *testing.T) {
	m := meet(t, nil)
	ctx := t.Context()
	if err := m.approval.Refuse(ctx); err != nil {
		t.Fatal(err)
	}
	if err := m.fresh.Approved(ctx); !errors.Is(err, session.ErrPairingRefused) {
		t.Errorf("refused: %v", err)
	}
	m = meet(t, nil)
	m.server.Clock.Advance(11 * time.Minute)
	if err := m.fresh.Approved(ctx); !errors.Is(err, session.ErrPairingExpired) {
		t.Errorf("expired: %v", err)
	}
	if err := m.approval.Revealed(ctx); !errors.Is(err, session.ErrPairingRefused) {
		t.Errorf("expired, for the approver: %v", err)
	}
}

// The request is refused, or is over, between the new device's look and the showing of its half.
func TestRefusedBeforeItReveals(t *testing.T) {
	server, race := testkit.Cloud(t), &before{path: "/pairings/reveal"}
	a := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	fresh, err := testpc.New(t, "PC B", func(c *session.Config) { c.Transport = race }).BeginPairing(t.Context(), server.URL, email)
	if err != nil {
		t.Fatal(err)
	}
	requests, err := a.Pairings(t.Context())
	if err != nil || len(requests) != 1 {
		t.Fatal(requests, err)
	}
	approval, err := a.Answer(t.Context(), requests[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	race.do = func() {
		if err := approval.Refuse(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := fresh.Answered(t.Context()); !errors.Is(err, session.ErrPairingRefused) {
		t.Errorf("refused meanwhile: %v", err)
	}
}

// Whoever sits at a PC that was left unlocked does not know the master password: nothing is sent, and nothing changes.
func TestApprovingNeedsThePassword(t *testing.T) {
	m := meet(t, nil)
	ctx := t.Context()
	if err := m.approval.Check(ctx, m.fresh.Digits()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := m.approval.Approve(ctx, testpc.Typed("wrong")); !errors.Is(err, session.ErrWrongPassword) {
			t.Fatalf("a wrong password: %v", err)
		}
	}
	if devices, err := m.a.Devices(ctx); err != nil || len(devices) != 1 {
		t.Fatalf("%+v, %v", devices, err)
	}
	// The digits stay compared, and no proof was spent.
	m.server.Stop()
	if err := m.approval.Approve(ctx, testpc.Typed(testpc.Password)); !errors.Is(err, session.ErrOffline) {
		t.Errorf("without the server: %v", err)
	}
	m.server.Restart()
	m.confirm(t)
}

// Every device is told of a new one, when it came and who let it in.
func TestEveryDeviceIsToldWhoLetTheNewOneIn(t *testing.T) {
	m := meet(t, nil)
	pcC := testpc.New(t, "PC C", nil)
	c := pcC.SignIn(t, m.server, email, m.a.SecretKey())
	m.approve(t)
	before := time.Now()
	b, err := m.fresh.Finish(t.Context(), testpc.Typed(testpc.Password), nil)
	if err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, c)
	told := c.NewDevices()
	if len(told) != 1 || told[0].Name != "PC B" || told[0].Approver != "PC A" || told[0].Added.After(before) || before.Sub(told[0].Added) > time.Minute {
		t.Errorf("C is told of %+v", told)
	}
	// C came with the kit while A approved B: that must not pass unseen.
	if told := m.a.NewDevices(); len(told) != 2 || told[0].Name != "PC C" || told[0].Approver != "" {
		t.Errorf("A is told of %+v", told)
	}
	if devices, err := b.Devices(t.Context()); err != nil || len(devices) != 3 || devices[0].Approver != "PC A" || devices[1].Approver != "" {
		t.Errorf("%+v, %v", devices, err)
	}
	// Also after a lock, until its user says that he knows it.
	c.Lock()
	c = pcC.Unlock(t)
	if told := c.NewDevices(); len(told) != 1 {
		t.Errorf("after a lock: %+v", told)
	}
}

// restoreVaults puts the server's vaults back to an earlier day. Accounts, their logs and sessions stay as they are.
func restoreVaults(t *testing.T, server *testkit.Server, old []byte) {
	t.Helper()
	ctx := t.Context()
	server.Stop()
	earlier := filepath.Join(t.TempDir(), "earlier.db")
	if err := os.WriteFile(earlier, old, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(ctx, server.Database(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(ctx, statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run(`PRAGMA foreign_keys = OFF`)
	run(`ATTACH ? AS earlier`, earlier)
	rows, err := db.QueryContext(ctx, `SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.name = 'vault_id' AND m.name <> 'sealed_vaults'`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	rows.Close()
	for _, name := range tables {
		run(`DELETE FROM main.` + name)
		run(`INSERT INTO main.` + name + ` SELECT * FROM earlier.` + name)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	server.Restart()
}

// Attack 23: the server shows a new device the vault as it was before A's last commits, consistent in itself. A, which has approved it,
// vouches for the newest.
func TestAnOldStateIsRefusedAfterApproval(t *testing.T) {
	m := meet(t, nil)
	database := m.server.Database()
	m.server.Stop() // cleanly, so that the file is whole
	old, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	m.server.Restart()
	testpc.Save(t, m.a, testpc.Login("Newer", "a", "2"))
	testpc.Sync(t, m.a)
	m.approve(t)
	restoreVaults(t, m.server, old)
	b, err := m.fresh.Finish(t.Context(), testpc.Typed(testpc.Password), nil)
	if !errors.Is(err, engine.ErrRolledBack) {
		t.Fatalf("an old state: %v", err)
	}
	if b != nil || len(m.pcB.Accounts()) != 0 {
		t.Error("the old state stays on the computer")
	}
}

func TestEnrolledWithTheKitIsReadOnlyUntilConfirmed(t *testing.T) {
	server := testkit.Cloud(t)
	a := testpc.New(t, "PC A", nil).SignUp(t, server, email)
	testpc.Save(t, a, testpc.Login("Mail", "anna", "first"))
	testpc.Sync(t, a)
	pcB := testpc.New(t, "PC B", nil)
	b := signInUnconfirmed(t, pcB, server, a.SecretKey())
	for range 2 { // also after the next unlock
		if _, err := b.Vault().Save(t.Context(), testpc.Login("x", "y", "z")); !errors.Is(err, vault.ErrFrozen) || !b.Status().Notices.Confirm {
			t.Errorf("saved before it is confirmed: %v", err)
		}
		if len(testpc.Contents(t, b)) != 1 {
			t.Error("it cannot be read")
		}
		e, err := b.Enrolment(t.Context())
		if err != nil || e.ChangedBy != "PC A" || e.Changed.IsZero() || e.Generation != 1 || len(e.Devices) != 2 {
			t.Errorf("%+v, %v", e, err)
		}
		b.Lock()
		b = pcB.Unlock(t)
	}
	if err := b.ConfirmEnrolment(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Save(t, b, testpc.Login("x", "y", "z"))
	b.Lock()
	testpc.Save(t, pcB.Unlock(t), testpc.Login("x", "y", "z"))
}

func signInUnconfirmed(t *testing.T, pc *testpc.PC, server *testkit.Server, secretKey string) *session.Unlocked {
	t.Helper()
	s, err := pc.BeginSignIn(t.Context(), server.URL, email, testpc.Typed(testpc.Password), secretKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context(), server.LastCode(t, email)); err != nil {
		t.Fatal(err)
	}
	u, err := s.Finish(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
