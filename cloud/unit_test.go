package cloud

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

func TestCodes(t *testing.T) {
	b := &base{random: rand.Reader, secret: NewSecret(), now: time.Now}
	seen := map[string]bool{}
	for range 200 {
		code := b.newCode()
		if len(code) != 9 || code[4] != '-' || strings.Trim(readCode(code), crockford) != "" || len(readCode(code)) != codeLength {
			t.Fatalf("code %q", code)
		}
		seen[code] = true
	}
	if len(seen) != 200 {
		t.Errorf("%d of 200 codes differ", len(seen))
	}
	for typed, want := range map[string]string{
		"k7qm-2x9d": "K7QM2X9D", " K7 QM 2X 9D ": "K7QM2X9D", "oil0-OIL0": "01100110", "": "", strings.Repeat("A", 65): "",
	} {
		if got := readCode(typed); got != want {
			t.Errorf("readCode(%q) = %q, want %q", typed, got, want)
		}
	}
}

// A code is right for what it was issued for, and for nothing else.
func TestCodeBinding(t *testing.T) {
	b := &base{random: rand.Reader, secret: NewSecret(), now: time.Now}
	account, device := id.New(), id.New()
	code, memory := b.issueCode("device", account, device)
	for name, try := range map[string]func(*MailedCode) error{
		"another device":  func(m *MailedCode) error { return b.tryCode(m, code, "device", account, id.New()) },
		"another account": func(m *MailedCode) error { return b.tryCode(m, code, "device", id.New(), device) },
		"another purpose": func(m *MailedCode) error { return b.tryCode(m, code, "signup", account, device) },
		"another code":    func(m *MailedCode) error { return b.tryCode(m, "0000-0000", "device", account, device) },
		"another server": func(m *MailedCode) error {
			other := &base{secret: NewSecret(), now: time.Now}
			return other.tryCode(m, code, "device", account, device)
		},
	} {
		m := memory
		var wrong *CodeWrong
		if err := try(&m); !errors.As(err, &wrong) || m.TriesLeft != codeTries-1 {
			t.Errorf("%s: %v, %d tries left", name, err, m.TriesLeft)
		}
	}
	if err := b.tryCode(&memory, code, "device", account, device); err != nil {
		t.Error(err)
	}
}

func TestNormalEmail(t *testing.T) {
	for text, want := range map[string]string{
		"ada@example.org": "ada@example.org", " Ada.Lovelace+vault@Example.ORG ": "ada.lovelace+vault@example.org", "müller@beispiel.de": "müller@beispiel.de",
		"mu\u0308ller@beispiel.de": "müller@beispiel.de", "MU\u0308LLER@beispiel.de": "müller@beispiel.de",
	} {
		if got, err := normalEmail(text); err != nil || got != want {
			t.Errorf("normalEmail(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "no domain": "ada", "two lines": "ada@example.org\r\nBcc: eve@example.org", "a line of Unicode": "ada@example.org\u2028eve",
		"next line": "ada\u0085@example.org", "no width": "ada\u200b@example.org", "right to left": "ada\u202egro.elpmaxe@example.org",
		"a name": "Ada <ada@example.org>", "quoted": `"a b"@example.org`, "two": "ada@example.org, eve@example.org", "a comment": "ada(x)@example.org",
		"no UTF-8": "ada\xff@example.org", "too long": strings.Repeat("a", 250) + "@b.de",
	} {
		if got, err := normalEmail(text); err == nil {
			t.Errorf("%s: %q became %q", name, text, got)
		}
	}
}

// What passes once passes again, unchanged: the stored form is the compared form.
func FuzzNormalEmail(f *testing.F) {
	for _, seed := range []string{"ada@example.org", "a@b\r\nBcc: c@d", `"a b"@c`, "İ@example.org", "a@[127.0.0.1]", "u\u0308@\u212b.de"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once, err := normalEmail(text)
		if err != nil {
			return
		}
		if twice, err := normalEmail(once); err != nil || twice != once || strings.ContainsAny(once, "\r\n<>") {
			t.Errorf("%q became %q, then %q, %v", text, once, twice, err)
		}
	})
}

func TestWaitsGrowAndStop(t *testing.T) {
	if err := quick.Check(func(n uint16) bool {
		proofs, next := WrongProofs{Count: int(n)}.wait(), WrongProofs{Count: int(n) + 1}.wait()
		mail, later := retryWait(int(n)+1), retryWait(int(n)+2)
		return proofs >= 0 && proofs <= next && next <= maxProofWait && mail >= firstRetry && mail <= later && later <= maxRetry
	}, nil); err != nil {
		t.Error(err)
	}
}

// Where the clock is set back, nobody waits until the time of his last wrong proof comes again.
func TestWaitAfterTheClockWasSetBack(t *testing.T) {
	w := WrongProofs{Count: freeProofs + 3, Last: 1_800_000_000_000}
	for off, want := range map[time.Duration]time.Duration{0: 4 * time.Second, time.Second: 3 * time.Second, time.Hour: 0, -24 * time.Hour: 0} {
		if got := max(w.left(w.Last+off.Milliseconds()), 0); got != want {
			t.Errorf("%v after it: %v, want %v", off, got, want)
		}
	}
}

func TestDeviceNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"Laptop": true, "Büro-PC 2": true, "": false, "  ": false, "a\nb": false, "a\u202eb": false, "a\x00": false, "\xff": false,
		strings.Repeat("ä", 64): true, strings.Repeat("ä", 65): false,
	} {
		if printable(name, 64) != ok {
			t.Errorf("name %q: %v, want %v", name, !ok, ok)
		}
	}
}

// A reader that is slow gets the newest and not the whole history; others do not wait for it.
func TestEventsCoalesce(t *testing.T) {
	e := newEvents(nil, nil)
	c := Caller{Account: id.New(), Device: id.New()}
	woken := 0
	s, err := e.Listen(c, func() { woken++ })
	if err != nil {
		t.Fatal(err)
	}
	vault := id.New()
	for seq := range uint64(1000) {
		e.publish(c.Account, Event{Vault: vault, Seq: seq})
		e.publish(c.Account, Event{Notice: Notice{Pairing: true}})
	}
	e.publish(c.Account, Event{Vault: vault, Seq: 5}) // an older one, told late
	e.publish(c.Account, Event{Notice: Notice{Devices: true}})
	if woken != 1 {
		t.Errorf("woken %d times before it was looked", woken)
	}
	events, ok := s.Take()
	if !ok || len(events) != 2 || events[0] != (Event{Vault: vault, Seq: 999}) || events[1] != (Event{Notice: Notice{Pairing: true, Devices: true}}) {
		t.Errorf("events %+v, %v", events, ok)
	}
	if events, ok := s.Take(); !ok || len(events) != 0 {
		t.Errorf("events again: %+v, %v", events, ok)
	}
	if e.publish(c.Account, Event{Vault: vault, Seq: 1000}); woken != 2 {
		t.Errorf("woken %d times by the next event", woken)
	}
	e.Close(s)
	e.Close(s)
	if e.count != 0 || len(e.streams) != 0 {
		t.Errorf("%d streams are left", e.count)
	}
}

// One request waits for a pairing, however often it is asked: the newest.
func TestHeldRequests(t *testing.T) {
	e := newEvents(nil, nil)
	pairing, other := id.New(), id.New()
	first := e.hold(pairing)
	second, foreign := e.hold(pairing), e.hold(other)
	<-first
	e.release(pairing, first) // the answered one must not forget the newer
	e.wake(pairing)
	<-second
	e.release(pairing, second)
	e.wake(pairing)
	select {
	case <-foreign:
		t.Error("another pairing's request was answered")
	default:
	}
	e.release(other, foreign)
	if len(e.held) != 0 {
		t.Errorf("%d requests are remembered", len(e.held))
	}
	for range maxHeld {
		e.hold(id.New())
	}
	<-e.hold(id.New())
	e.Shutdown()
	<-e.hold(pairing)
}

func TestEventsShutDown(t *testing.T) {
	e := newEvents(nil, nil)
	woken := false
	s, err := e.Listen(Caller{Account: id.New()}, func() { woken = true })
	if err != nil {
		t.Fatal(err)
	}
	e.Shutdown()
	if _, ok := s.Take(); ok || !woken {
		t.Error("the stream goes on")
	}
	if _, err := e.Listen(Caller{Account: id.New()}, nil); err == nil {
		t.Error("a stream opens after the shutdown")
	}
}

// An account of more vaults than one is rotated as a whole.
func TestRotationOfEveryVault(t *testing.T) {
	identity, first, second := signing.Generate(), id.New(), id.New()
	log := chain.NewLog(id.New())
	for _, body := range []chain.Body{
		chain.Genesis{Identity: identity.Public()}, chain.VaultEpoch{Vault: first, Epoch: 1}, chain.VaultEpoch{Vault: second, Epoch: 1},
	} {
		e, err := log.Next(identity, 0, body)
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	epoch := func(vault id.ID, n uint32) *chain.VaultEpoch { return &chain.VaultEpoch{Vault: vault, Epoch: n} }
	for name, c := range map[string]struct {
		epochs []*chain.VaultEpoch
		ok     bool
	}{
		"both":            {[]*chain.VaultEpoch{epoch(second, 2), epoch(first, 2)}, true},
		"one":             {[]*chain.VaultEpoch{epoch(first, 2)}, false},
		"one twice":       {[]*chain.VaultEpoch{epoch(first, 2), epoch(first, 3)}, false},
		"one and another": {[]*chain.VaultEpoch{epoch(first, 2), epoch(id.New(), 1)}, false},
	} {
		err := batch{identity: &chain.IdentityRotate{}, epochs: c.epochs}.checkRotation(log)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
