package enrolment_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
	"github.com/coffer-vault/coffer/internal/enrolment"
)

// known are the vectors of docs/vectors/enrolment.py, which shares no code with this.
type known struct {
	Seed, Public vectors.Hex
	Tokens       []struct {
		Domain, Name, Language, Text  string
		LastDay                       string `json:"last_day"`
		Organization, Serial, Payload vectors.Hex
	}
	Refused []struct{ Name, Text string }
}

func load(t testing.TB) (v known) {
	t.Helper()
	vectors.Load(t, "enrolment.json", &v)
	return v
}

func TestVectors(t *testing.T) {
	v := load(t)
	key, err := signing.FromSeed(secret.New(v.Seed))
	if err != nil || key.Public() != v.Public.Hash32(t) {
		t.Fatalf("%v, %v", key.Public(), err)
	}
	for _, c := range v.Tokens {
		want := enrolment.Token{
			Domain: c.Domain, Organization: [16]byte(c.Organization), Name: c.Name, Language: c.Language, Serial: [16]byte(c.Serial), LastDay: c.LastDay,
		}
		if got := string(want.Payload()); got != string(c.Payload) {
			t.Errorf("%s: payload %x", c.Name, got)
		}
		want.Signature = [64]byte(key.Sign(signing.EnrolToken, want.Payload()))
		got, err := enrolment.Parse(c.Text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", c.Name, got, err)
		}
		if err := key.Public().Verify(signing.EnrolToken, got.Payload(), got.Signature[:]); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if text, err := want.Text(); err != nil || text != c.Text {
			t.Errorf("%s: %s, %v", c.Name, text, err)
		}
	}
}

func TestRefusedVectors(t *testing.T) {
	for _, r := range load(t).Refused {
		if got, err := enrolment.Parse(r.Text); !errors.Is(err, enrolment.ErrToken) {
			t.Errorf("%s: %+v, %v", r.Name, got, err)
		}
	}
}

// The codec of the protocol writes the same: ours is one of its own only for the sake of what it links.
func TestPayloadIsCanonical(t *testing.T) {
	type payload struct {
		Version      uint64   `cbor:"1,keyasint"`
		Domain       string   `cbor:"2,keyasint"`
		Organization [16]byte `cbor:"3,keyasint"`
		Name         string   `cbor:"4,keyasint"`
		Language     string   `cbor:"5,keyasint"`
		Serial       [16]byte `cbor:"6,keyasint"`
		LastDay      string   `cbor:"7,keyasint"`
	}
	for _, c := range load(t).Tokens {
		var p payload
		if err := canonical.Unmarshal(c.Payload, &p); err != nil || p.Version != 1 || p.Name != c.Name || p.LastDay != c.LastDay {
			t.Errorf("%s: %+v, %v", c.Name, p, err)
		}
	}
}

func TestEveryBitOfATokenCounts(t *testing.T) {
	v := load(t)
	public := signing.PublicKey(v.Public.Hash32(t))
	right := v.Tokens[0].Text
	for i := range right {
		for bit := range 7 {
			changed := []byte(right)
			changed[i] ^= 1 << bit
			got, err := enrolment.Parse(string(changed))
			if err == nil && public.Verify(signing.EnrolToken, got.Payload(), got.Signature[:]) == nil {
				t.Errorf("believed without bit %d of character %d", bit, i)
			}
		}
	}
}

func TestTextRefusesWhatNoReaderTakes(t *testing.T) {
	right := enrolment.Token{Domain: "coffer.example.com", Name: "Bakery", Language: "en", LastDay: "2026-12-31"}
	if _, err := right.Text(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*enrolment.Token){
		"domain":   func(t *enrolment.Token) { t.Domain = "https://coffer" },
		"name":     func(t *enrolment.Token) { t.Name = "a\tb" },
		"language": func(t *enrolment.Token) { t.Language = "german" },
		"day":      func(t *enrolment.Token) { t.LastDay = "tomorrow" },
		"length": func(t *enrolment.Token) {
			t.Name = strings.Repeat("コ", enrolment.MaxName) + ""
			t.Domain = strings.Repeat("abc.", 60) + "com"
		},
	} {
		wrong := right
		change(&wrong)
		if text, err := wrong.Text(); !errors.Is(err, enrolment.ErrToken) || text != "" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// What is taken is written the same again, whatever it was.
func FuzzParse(f *testing.F) {
	v := load(f)
	for _, c := range v.Tokens {
		f.Add(c.Text)
	}
	for _, c := range v.Refused {
		f.Add(c.Text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := enrolment.Parse(text)
		if err != nil {
			if !errors.Is(err, enrolment.ErrToken) || len(err.Error()) > 200 {
				t.Errorf("%v", err)
			}
			return
		}
		if again, err := token.Text(); err != nil || again != text {
			t.Errorf("%q was read as %q, %v", text, again, err)
		}
	})
}
