package pairing

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
)

func device(name string) chain.DeviceAdd {
	return chain.DeviceAdd{Device: id.New(), Key: signing.Generate().Public(), Name: name, Platform: "linux", Receive: chain.ReceiveKey{1, 2}}
}

func answer() Answer {
	return Answer{Account: id.New(), Approver: id.New(), Key: signing.Generate().Public(), Nonce: NewNonce()}
}

// fields joins as docs/protocol.md §2 words it, without the code under test.
func fields(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	return b
}

func TestTranscriptIsTheOneOfTheDocument(t *testing.T) {
	o, a := NewOffer(device("PC B")), answer()
	d := o.Device
	keys := fields(d.Device[:], d.Key[:], d.Receive[:], []byte(d.Name), []byte(d.Platform))
	if got, want := o.Commitment(), sha256.Sum256(fields([]byte("coffer/v1/pairing-commitment"), o.ID[:], keys, o.R[:])); got != want {
		t.Errorf("commitment %x, want %x", got, want)
	}
	info := fields([]byte("coffer/v1/pairing"), o.ID[:], keys, a.Account[:], a.Approver[:], a.Key[:])
	out, err := hkdf.Key(sha256.New, o.R[:], a.Nonce[:], string(info), 16)
	if err != nil {
		t.Fatal(err)
	}
	wantA := fmt.Sprintf("%06d", binary.BigEndian.Uint64(out[:8])%1_000_000)
	wantB := fmt.Sprintf("%06d", binary.BigEndian.Uint64(out[8:])%1_000_000)
	gotA, gotB := Compare(o, a)
	if gotA.String() != wantA[:3]+" "+wantA[3:] || gotB.String() != wantB[:3]+" "+wantB[3:] {
		t.Errorf("digits %s and %s, want %s and %s", gotA, gotB, wantA, wantB)
	}
}

// Whatever the server swaps on its way, both sides get other digits; a million to one is tried once per request.
func TestEverySwapChangesBothDigits(t *testing.T) {
	o, a := NewOffer(device("PC B")), answer()
	wantA, wantB := Compare(o, a)
	for name, swap := range map[string]func(*Offer, *Answer){
		"pairing id":             func(o *Offer, _ *Answer) { o.ID[0] ^= 1 },
		"device id":              func(o *Offer, _ *Answer) { o.Device.Device[0] ^= 1 },
		"device key":             func(o *Offer, _ *Answer) { o.Device.Key[0] ^= 1 },
		"receive key":            func(o *Offer, _ *Answer) { o.Device.Receive[1215] ^= 1 },
		"name":                   func(o *Offer, _ *Answer) { o.Device.Name += " " },
		"platform":               func(o *Offer, _ *Answer) { o.Device.Platform = "windows" },
		"name moved to platform": func(o *Offer, _ *Answer) { o.Device.Name, o.Device.Platform = "PC", " Blinux" },
		"r":                      func(o *Offer, _ *Answer) { o.R[31] ^= 1 },
		"nonce":                  func(_ *Offer, a *Answer) { a.Nonce[0] ^= 1 },
		"account":                func(_ *Offer, a *Answer) { a.Account[0] ^= 1 },
		"approver":               func(_ *Offer, a *Answer) { a.Approver[0] ^= 1 },
		"approver's key":         func(_ *Offer, a *Answer) { a.Key[0] ^= 1 },
	} {
		o2, a2 := o, a
		swap(&o2, &a2)
		gotA, gotB := Compare(o2, a2)
		if gotA == wantA || gotB == wantB {
			t.Errorf("%s swapped: %s and %s as before", name, gotA, gotB)
		}
		ofOffer := o2.Commitment() != o.Commitment()
		if isOffer := o2 != o; ofOffer != isOffer {
			t.Errorf("%s swapped: the commitment does not say so", name)
		}
		if err := o2.Check(commitment(o)); (err == nil) == ofOffer || err != nil && !errors.Is(err, ErrCommitment) {
			t.Errorf("%s swapped: %v", name, err)
		}
	}
}

func commitment(o Offer) []byte { c := o.Commitment(); return c[:] }

// A server in the middle plays the approver to the new device and a new device to the approver. It wants the digits that the user
// carries over to fit. In the order of the messages it has to fix one of its own inputs before it sees the last honest one: here it
// gets as many tries as it likes with everything it still may choose then, and that is nothing.
func TestAServerInTheMiddleCannotSearch(t *testing.T) {
	own, mine := NewOffer(device("PC B")), answer()
	const runs = 200
	hits := 0
	for range runs {
		honest, real := NewOffer(device("PC B")), answer()
		// 1. It commits to its own offer before the approver's nonce is known.
		fixed := own
		committed := fixed.Commitment()
		// 2. To get r out of the new device it has to answer first, with its own nonce and key.
		toNew := mine
		// 3. Now it knows everything. It may search for another r, but the approver checks the commitment.
		shown, _ := Compare(honest, toNew)
		if wanted, _ := Compare(fixed, real); wanted == shown {
			hits++
		}
		search := fixed
		for search.R[0] = range byte(255) {
			if search.R != fixed.R && search.Check(committed[:]) == nil {
				t.Fatal("another r passes for the one committed to")
			}
		}
	}
	if hits > 1 {
		t.Errorf("%d of %d attacks gave the right digits", hits, runs)
	}
}

// Without the commitment the same search ends: the test above does test something.
func TestTheSearchWouldSucceedWithoutCommitment(t *testing.T) {
	honest, real := NewOffer(device("PC B")), answer()
	shown, _ := Compare(honest, real)
	forged := NewOffer(device("stranger"))
	const prefix = 1000 // of three digits only, to keep it short
	for i := range uint64(100 * prefix) {
		binary.BigEndian.PutUint64(forged.R[:], i)
		if d, _ := Compare(forged, real); d/prefix == shown/prefix {
			return
		}
	}
	t.Fatal("no r gives the digits: the search is broken")
}

func TestDigitsAsText(t *testing.T) {
	for _, c := range []struct {
		typed string
		ok    bool
	}{
		{"012 345", true}, {"012345", true}, {" 012-345 ", true},
		{"12345", false}, {"0012345", false}, {"012 346", false}, {"", false}, {"01234五", false}, {"012\t345", false}, {"+12345", false},
	} {
		if got := Digits(12345).Match(c.typed); got != c.ok {
			t.Errorf("%q matches: %v", c.typed, got)
		}
	}
	if Digits(12345).String() != "012 345" || Digits(999999).String() != "999 999" || Digits(0).String() != "000 000" {
		t.Error("another way to write digits")
	}
}

func TestCode(t *testing.T) {
	o := NewOffer(device("PC B"))
	c := NewCode(o)
	read, err := ParseCode(" " + c.Text() + "\n")
	if err != nil || read != c {
		t.Fatalf("read %+v, %v", read, err)
	}
	if !c.Names(o.ID, o.Device) || c.Names(id.New(), o.Device) || c.Names(o.ID, device("PC B")) {
		t.Error("the code names another device, or not its own")
	}
	// What the digits depend on stays hidden: the code says nothing of r.
	if o.R[0] ^= 1; NewCode(o) != c {
		t.Error("the code tells of r")
	}
}

func TestParseCodeRefuses(t *testing.T) {
	good := NewCode(NewOffer(device("PC B"))).Text()
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(good, codePrefix))
	if err != nil {
		t.Fatal(err)
	}
	encode := func(b []byte) string { return codePrefix + base64.RawURLEncoding.EncodeToString(b) }
	v2 := append([]byte(nil), raw...)
	v2[5] = '2'
	for name, bad := range map[string]string{
		"nothing": "", "another scheme": "otpauth://totp/x", "no content": codePrefix, "cut": encode(raw[:len(raw)-1]), "longer": encode(append(raw, 0)),
		"no base64": codePrefix + "!!", "padding": good + "=", "another version": encode(v2), "very long": codePrefix + strings.Repeat("A", 1<<20),
	} {
		if _, err := ParseCode(bad); !errors.Is(err, ErrCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add(NewCode(NewOffer(device("PC B"))).Text())
	f.Add(codePrefix)
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := ParseCode(text); err == nil && c.Text() != strings.TrimSpace(text) {
			t.Fatalf("%q reads as %q", text, c.Text())
		}
	})
}
