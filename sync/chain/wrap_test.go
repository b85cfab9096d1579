package chain

import (
	"bytes"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
)

// wrapTo is a wrap for a second device, at the log's head, after edit had its way with it.
func (w *world) wrapTo(t testing.TB, to DeviceAdd, edit func(*Wrap)) SignedWrap {
	t.Helper()
	wrap := Wrap{Account: w.account, Sender: w.device, Recipient: to.Device, Keys: DeviceKeysHash(to.Key, to.Receive), Kind: WrapChange, Enc: []byte("enc"), Ciphertext: []byte("sealed")}
	wrap.LogSeq, wrap.LogHash = w.log.Head()
	if edit != nil {
		edit(&wrap)
	}
	s, err := wrap.Sign(w.key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) second(t testing.TB) DeviceAdd {
	t.Helper()
	d := DeviceAdd{Device: id.New(), Key: signing.Generate().Public(), Name: "PC B", Receive: ReceiveKey{3}}
	w.enter(t, d)
	return d
}

func TestWrapVerifies(t *testing.T) {
	for _, kind := range []string{WrapChange, WrapApproval} {
		w := newWorld(t)
		to := w.second(t)
		s := w.wrapTo(t, to, func(x *Wrap) { x.Kind = kind })
		w.enter(t, DeviceRename{Device: to.Device, Name: "later"})
		got, err := s.VerifyIn(w.log)
		if err != nil || got.Recipient != to.Device || got.LogSeq != 4 {
			t.Fatalf("%s: %+v, %v", kind, got, err)
		}
		if alone, err := s.Verify(w.key.Public()); err != nil || !bytes.Equal(alone.Info(), got.Info()) {
			t.Fatalf("%s: %v", kind, err)
		}
	}
}

func TestWrapRefuses(t *testing.T) {
	stranger := signing.Generate()
	for _, c := range []struct {
		name  string
		edit  func(*Wrap)
		after func(*world, *SignedWrap)
		want  error
	}{
		{"another account", func(x *Wrap) { x.Account = id.New() }, nil, ErrWrap},
		{"a place that the log does not have", func(x *Wrap) { x.LogSeq = 99 }, nil, ErrWrap},
		{"another log", func(x *Wrap) { x.LogHash = Hash{9} }, nil, ErrWrap},
		{"an unknown sender", func(x *Wrap) { x.Sender = id.New() }, nil, ErrWrap},
		{"an unknown recipient", func(x *Wrap) { x.Recipient = id.New() }, nil, ErrWrap},
		{"other keys of the recipient", func(x *Wrap) { x.Keys = Hash{9} }, nil, ErrWrap},
		{"the sender's keys", func(x *Wrap) { x.Recipient = x.Sender }, nil, ErrWrap},
		{"another kind", func(x *Wrap) { x.Kind = "gift" }, nil, ErrMalformed},
		{"signed by another", nil, func(w *world, s *SignedWrap) { s.Signature = stranger.Sign(signing.Wrap, s.Wrap) }, signing.ErrSignature},
		{"signed for something else", nil, func(w *world, s *SignedWrap) { s.Signature = w.key.Sign(signing.Request, s.Wrap) }, signing.ErrSignature},
		{"not signed", nil, func(w *world, s *SignedWrap) { s.Signature = nil }, signing.ErrSignature},
		{"bytes after it", nil, func(w *world, s *SignedWrap) { s.Wrap = append(s.Wrap, 0) }, ErrMalformed},
		{"too long", func(x *Wrap) { x.Ciphertext = make([]byte, maxWrap) }, nil, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			s := w.wrapTo(t, w.second(t), c.edit)
			if c.after != nil {
				c.after(w, &s)
			}
			if _, err := s.VerifyIn(w.log); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

// A device that is revoked cannot bring its own Secret Key into the account, and gets no more of the account's.
func TestWrapOfARevokedDevice(t *testing.T) {
	w := newWorld(t)
	to := w.second(t)
	w.revokedAt(t, 0)
	if _, err := w.wrapTo(t, to, nil).VerifyIn(w.log); !errors.Is(err, ErrWrap) {
		t.Errorf("by a revoked device: %v", err)
	}
	if _, err := w.wrapTo(t, w.log.devices[w.device].DeviceAdd, func(x *Wrap) { x.Sender = to.Device }).VerifyIn(w.log); !errors.Is(err, ErrWrap) {
		t.Errorf("for a revoked device: %v", err)
	}
}

func TestWrapInfoIsTheOneOfTheDocument(t *testing.T) {
	x := Wrap{Account: id.ID{1}, Sender: id.ID{2}, Recipient: id.ID{3}, Keys: Hash{4}, LogSeq: 5, LogHash: Hash{6}, Kind: "change"}
	keys, log := Hash{4}, Hash{6}
	want := canonical.Concat("coffer/v1/wrap", id.ID{1}, id.ID{2}, id.ID{3}, keys[:], uint64(5), log[:], "change")
	if !bytes.Equal(x.Info(), want) {
		t.Errorf("info is %x", x.Info())
	}
}

func FuzzParseBody(f *testing.F) {
	w := newWorld(f)
	for _, e := range append(w.log.Entries(-1), w.batch(f)...) {
		f.Add(e.Entry)
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		body, err := ParseBody(SignedEntry{Entry: entry})
		if err != nil {
			return
		}
		// What is read is written the same: no two spellings of one body.
		again, err := canonical.Marshal(body)
		if err != nil || !bytes.Contains(entry, again) {
			t.Fatalf("%x, %v", again, err)
		}
	})
}
