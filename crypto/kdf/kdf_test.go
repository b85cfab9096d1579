package kdf

import (
	"context"
	"encoding/hex"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/docs/vectors"
)

var salt = [16]byte([]byte("sixteen byte sal"))

type vector struct {
	MemoryKiB           uint32 `json:"memory_kib"`
	Time                uint32
	Threads             uint8
	Password, Salt, Key string
}

func argon2idVectors(t *testing.T) (cases []vector) {
	t.Helper()
	vectors.Load(t, "argon2id.json", &cases)
	return cases
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors come from an implementation that passes the one of RFC 9106 §5.3,
// whose secret and associated data x/crypto has no parameters for.
func TestArgon2idVectors(t *testing.T) {
	for _, v := range argon2idVectors(t) {
		p := Profile{MemoryKiB: v.MemoryKiB, Time: v.Time, Threads: v.Threads}
		got := derive(secret.New(fromHex(t, v.Password)), [16]byte(fromHex(t, v.Salt)), p)
		if hex.EncodeToString(got.Reveal()) != v.Key {
			t.Errorf("%d KiB, %d passes, %d lanes: %x", v.MemoryKiB, v.Time, v.Threads, got.Reveal())
		}
	}
}

func TestLoweredCostIsLow(t *testing.T) {
	LowerCostForTests()
	for _, v := range argon2idVectors(t) {
		if v.MemoryKiB != 64 || v.Time != 1 || v.Threads != 4 {
			continue
		}
		for _, p := range []Profile{P1, P2, P3} {
			got, err := DerivePassword(t.Context(), secret.New(fromHex(t, v.Password)), [16]byte(fromHex(t, v.Salt)), p)
			if err != nil || hex.EncodeToString(got.Reveal()) != v.Key {
				t.Errorf("%s: %x, %v", p.Name, got.Reveal(), err)
			}
		}
		return
	}
	t.Error("no vector of the lowered cost")
}

func TestNormalises(t *testing.T) {
	tiny := Profile{MemoryKiB: 32, Time: 1, Threads: 1}
	key := func(password string) secret.Bytes { return derive(secret.FromString(password), salt, tiny) }
	for _, test := range []struct {
		name, a, b string
		same       bool
	}{
		{"composed and decomposed", "caf\u00e9", "cafe\u0301", true},
		{"ligature", "\ufb01ne", "fine", true},
		{"full width", "\uff21", "A", true},
		{"angstrom and ring", "\u212b", "\u00c5", true},
		{"case", "a", "A", false},
		{"space at the end", "a ", "a", false},
		{"invalid bytes", "a\xff", "a\xfe", false},
	} {
		if key(test.a).Equal(key(test.b)) != test.same {
			t.Errorf("%s: not %v", test.name, test.same)
		}
	}
}

func TestDependsOnTheSalt(t *testing.T) {
	tiny := Profile{MemoryKiB: 32, Time: 1, Threads: 1}
	password := secret.FromString("password")
	if derive(password, salt, tiny).Equal(derive(password, [16]byte{}, tiny)) {
		t.Error("the salt does not count")
	}
}

func TestDerivePasswordRefuses(t *testing.T) {
	LowerCostForTests()
	long := strings.Repeat("x", MaxPassword)
	// 3 bytes that NFKC makes 33 of: the limit is before normalisation.
	growing := strings.Repeat("\ufdfa", MaxPassword/3)
	own := P2
	own.Threads = 1
	cheap := P1
	cheap.MemoryKiB = 8
	renamed := P1
	renamed.Name = "P2"
	for _, test := range []struct {
		name, password string
		profile        Profile
		want           error
	}{
		{"longest", long, P1, nil},
		{"growing", growing, P1, nil},
		{"too long", long + "x", P1, ErrPasswordTooLong},
		{"empty", "", P1, ErrPasswordEmpty},
		{"own lanes", "password", own, ErrUnknownProfile},
		{"own memory", "password", cheap, ErrBelowFloor},
		{"renamed", "password", renamed, ErrUnknownProfile},
		{"no profile", "password", Profile{}, ErrBelowFloor},
	} {
		key, err := DerivePassword(t.Context(), secret.FromString(test.password), salt, test.profile)
		if !errors.Is(err, test.want) || (err == nil) != (key.Len() == KeySize) {
			t.Errorf("%s: %d bytes, %v", test.name, key.Len(), err)
		}
	}
}

func TestLeavesThePasswordAlone(t *testing.T) {
	LowerCostForTests()
	password := secret.FromString("password")
	if _, err := DerivePassword(t.Context(), password, salt, P1); err != nil {
		t.Fatal(err)
	}
	if string(password.Reveal()) != "password" {
		t.Error("it was wiped: the caller may need it for a second derivation")
	}
}

func TestContextEndsBeforeTheStart(t *testing.T) {
	LowerCostForTests()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 30 { // a select between two that are ready picks either
		key, err := DerivePassword(ctx, secret.FromString("password"), salt, P3)
		if !errors.Is(err, context.Canceled) || !key.IsZero() {
			t.Fatalf("%d bytes, %v", key.Len(), err)
		}
	}
}

// endsWhenWaitedFor is a context that is cancelled by whoever begins to wait.
type endsWhenWaitedFor struct {
	context.Context
	cancel context.CancelFunc
}

func (c endsWhenWaitedFor) Done() <-chan struct{} {
	c.cancel()
	return c.Context.Done()
}

func TestOneAtATime(t *testing.T) {
	LowerCostForTests()
	turn <- struct{}{} // another derivation runs
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := DerivePassword(endsWhenWaitedFor{ctx, cancel}, secret.FromString("password"), salt, P1)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("while another runs: %v", err)
	}
	<-turn
	for range 3 { // the turn comes back each time
		if _, err := DerivePassword(t.Context(), secret.FromString("password"), salt, P1); err != nil {
			t.Error(err)
		}
	}
}

// An unlock pays for collecting the garbage where a derivation has left much, and only there.
func TestMuchMemoryIsCollected(t *testing.T) {
	forced := func(memory uint32) uint32 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		derive(secret.FromString("password"), salt, Profile{MemoryKiB: memory, Time: 1, Threads: 1})
		runtime.ReadMemStats(&after)
		return after.NumForcedGC - before.NumForcedGC
	}
	if forced(worthCollecting) != 1 || forced(64) != 0 || P1.MemoryKiB < worthCollecting {
		t.Error("what Argon2id has left is collected where it is little, or not where it is much")
	}
}
