package platform

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zalando/go-keyring"
	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

const testOrigin = "https://cloud.example"

func someSecrets() DeviceSecrets {
	return DeviceSecrets{
		SecretKey:  secret.Random(secretKeySize),
		DeviceSeed: secret.Random(deviceSeedSize),
		Anchor:     secret.Random(anchorSize),
		Generation: 1 << 40,
		Pin:        Pin{Seq: 1 << 41, Hash: [32]byte{1, 31: 2}},

		KeyGeneration: 3,
		Next:          NextKey{Generation: 5, SecretKey: secret.Random(secretKeySize)},
	}
}

func (d DeviceSecrets) equal(e DeviceSecrets) bool {
	return d.SecretKey.Equal(e.SecretKey) && d.DeviceSeed.Equal(e.DeviceSeed) && d.Anchor.Equal(e.Anchor) && d.Generation == e.Generation && d.Pin == e.Pin &&
		d.KeyGeneration == e.KeyGeneration && d.Next.Generation == e.Next.Generation && d.Next.SecretKey.Equal(e.Next.SecretKey)
}

func TestSecretsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytesOf := func(n int) secret.Bytes { return secret.New(rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "bytes")) }
		d := DeviceSecrets{
			SecretKey: bytesOf(16), DeviceSeed: bytesOf(32), Anchor: bytesOf(32), Generation: rapid.Uint64().Draw(t, "generation"),
			Pin:           Pin{rapid.Uint64().Draw(t, "seq"), [32]byte(bytesOf(32).Reveal())},
			KeyGeneration: rapid.Uint32().Draw(t, "key generation"),
		}
		if rapid.Bool().Draw(t, "changing") {
			d.Next = NextKey{rapid.Uint32Min(1).Draw(t, "next generation"), bytesOf(16)}
		}
		text, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 1024 {
			t.Errorf("%d characters", len(text))
		}
		back, err := decodeSecrets(text)
		if err != nil || !back.equal(d) {
			t.Errorf("decoded something else: %v", err)
		}
	})
}

func TestEncodeRefusesWrongLengths(t *testing.T) {
	for name, spoil := range map[string]func(*DeviceSecrets){
		"Secret Key":  func(d *DeviceSecrets) { d.SecretKey = secret.Random(15) },
		"device seed": func(d *DeviceSecrets) { d.DeviceSeed = secret.Bytes{} },
		"anchor":      func(d *DeviceSecrets) { d.Anchor.Wipe() },
		"next key":    func(d *DeviceSecrets) { d.Next.SecretKey = secret.Bytes{} },
	} {
		d := someSecrets()
		spoil(&d)
		if _, err := d.encode(); err == nil {
			t.Errorf("%s of the wrong length was encoded", name)
		}
	}
}

// earlier is an entry as an earlier version wrote it.
func earlier(version byte, whole string) string {
	b, err := base64.RawStdEncoding.DecodeString(whole)
	if err != nil {
		panic(err)
	}
	b[0] = version
	return base64.RawStdEncoding.EncodeToString(b[:secretsSizes[version]])
}

// What an earlier version kept is read, without what it did not know.
func TestEntryOfAnEarlierVersion(t *testing.T) {
	d := someSecrets()
	text, err := d.encode()
	if err != nil {
		t.Fatal(err)
	}
	d.KeyGeneration, d.Next = 0, NextKey{}
	back, err := decodeSecrets(earlier(2, text))
	if err != nil || !back.equal(d) {
		t.Errorf("version 2 decoded as something else: %v", err)
	}
	d.Pin = Pin{}
	back, err = decodeSecrets(earlier(1, text))
	if err != nil || !back.equal(d) {
		t.Errorf("version 1 decoded as something else: %v", err)
	}
}

func TestKeyOfAGeneration(t *testing.T) {
	d := someSecrets()
	for generation, want := range map[uint32]secret.Bytes{3: d.SecretKey, 5: d.Next.SecretKey, 4: {}, 0: {}} {
		if got, found := d.KeyOf(generation); !got.Equal(want) || found == want.IsZero() {
			t.Errorf("generation %d: another key", generation)
		}
	}
	d.KeyGeneration = 0
	if got, found := d.KeyOf(9); !found || !got.Equal(d.SecretKey) {
		t.Error("an entry of an earlier version has no key")
	}
}

func FuzzDecodeSecrets(f *testing.F) {
	whole, err := DeviceSecrets{SecretKey: secret.New(make([]byte, 16)), DeviceSeed: secret.New(make([]byte, 32)), Anchor: secret.New(make([]byte, 32)), Generation: 7}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-4])
	f.Add(earlier(1, whole))
	f.Add(earlier(2, whole))
	f.Add("AQ" + whole)
	f.Add("")
	f.Add("not base64 \xff")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := decodeSecrets(text)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v is not ErrDamaged", err)
			}
			return
		}
		// The decoder of base64 skips line ends; apart from that there is one spelling of each version.
		again, err := d.encode()
		text = strings.NewReplacer("\r", "", "\n", "").Replace(text)
		if b, _ := base64.RawStdEncoding.DecodeString(text); b[0] < secretsVersion {
			again = earlier(b[0], again)
		}
		if err != nil || again != text {
			t.Errorf("%q was read and is written as %q", text, again)
		}
	})
}

func TestDeviceSecretsDoNotPrint(t *testing.T) {
	d := someSecrets()
	for _, printed := range []string{fmt.Sprintf("%+v", d), fmt.Sprintf("%#v", d), fmt.Sprintf("%x", d)} {
		for _, s := range []secret.Bytes{d.SecretKey, d.DeviceSeed, d.Anchor} {
			if bytes.Contains([]byte(printed), s.Reveal()) || strings.Contains(printed, fmt.Sprintf("%x", s.Reveal())) {
				t.Errorf("printed: %s", printed)
			}
		}
	}
}

// fakeStore answers as keyrings do that have gone wrong.
type fakeStore struct {
	get func() (string, error)
	set func() error
}

func (f fakeStore) Get(string, string) (string, error) { return f.get() }
func (f fakeStore) Set(string, string, string) error   { return f.set() }
func (f fakeStore) Delete(string, string) error        { return keyring.ErrNotFound }

func TestKeyringErrors(t *testing.T) {
	none := func() (string, error) { return "", keyring.ErrNotFound }
	for _, c := range []struct {
		name           string
		store          fakeStore
		onLoad, onSave error
	}{
		{"empty, and the prompt for saving is dismissed", fakeStore{none, func() error { return nil }}, ErrNotFound, ErrUnavailable},
		{"damaged entry", fakeStore{func() (string, error) { return "AQ", nil }, func() error { return nil }}, ErrDamaged, ErrUnavailable},
		{"broken", fakeStore{func() (string, error) { return "", errors.New("no bus") }, func() error { return errors.New("no bus") }}, ErrUnavailable, ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &Keyring{store: c.store}
			if _, err := k.Load(t.Context(), testOrigin, id.New()); !errors.Is(err, c.onLoad) {
				t.Errorf("Load: %v, want %v", err, c.onLoad)
			}
			if err := k.Save(t.Context(), testOrigin, id.New(), someSecrets()); !errors.Is(err, c.onSave) {
				t.Errorf("Save: %v, want %v", err, c.onSave)
			}
			if err := k.Delete(t.Context(), testOrigin, id.New()); err != nil {
				t.Errorf("Delete of nothing: %v", err)
			}
		})
	}
}

func TestKeyringThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		k := &Keyring{store: fakeStore{get: func() (string, error) { <-hang; return "", nil }}}
		if _, err := k.Load(t.Context(), testOrigin, id.New()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("after %v: %v, want %v", keyringPatience, err, ErrUnavailable)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := k.Load(ctx, testOrigin, id.New()); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		close(hang)
	})
}
