package attacks

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/enrol"
	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// What a server learns from ciphertext that it, or somebody who helps it, has chosen: rows 17 and 18.
func init() {
	register("17", existing, "the traffic after every kind of envelope that does not open", compareTraffic)
	register("17", fresh, "the traffic after every kind of key that does not open", compareTrafficAtSignIn)
	register("17", fresh, "the traffic after a wrong password, Secret Key and address", compareRefusals)
	register("17", elsewhere, "one error for all that does not open", compareErrors)
	register("18", existing, "ciphertext that is authentic, with the commitment of another key", partition)
	register("18", fresh, "ciphertext that is authentic, with the commitment of another key", partitionAtFirstSync)
}

// brokenEnvelopes are envelopes of one size, made by somebody who has all keys. Each fails at another step of opening.
func (a *accomplice) brokenEnvelopes(t *testing.T, object id.ID) map[string][]byte {
	t.Helper()
	valid := a.seal(t, object, 1, []byte("x"), func([]byte) {})
	flipped := func(offset int) []byte {
		b := slices.Clone(valid)
		b[(offset+len(b))%len(b)] ^= 1
		return b
	}
	padded := func(length uint32, content string) []byte {
		b := append(binary.BigEndian.AppendUint32(nil, length), content...)
		header := append([]byte("CFE1\x01\x02\x00\x00\x00\x01"), a.vault[:]...)
		header = append(header, secret.Random(24).Reveal()...)
		return sealByTheBook(t, a.objectKey(t, object), header, a.context(object, 1), append(b, make([]byte, 64-len(b))...))
	}
	return map[string][]byte{
		"magic":              flipped(0),
		"suite":              flipped(4),
		"purpose":            flipped(5),
		"epoch":              flipped(9),
		"key":                flipped(10),
		"nonce":              flipped(30),
		"commitment":         flipped(60),
		"ciphertext":         flipped(90),
		"tag":                flipped(-1),
		"another's place":    a.seal(t, id.New(), 1, []byte("x"), func([]byte) {}),
		"another revision":   a.seal(t, object, 7, []byte("x"), func([]byte) {}),
		"length":             padded(4000, ""),
		"padding not zero":   padded(3, "abcde"),
		"no CBOR":            padded(5, "\xff\xff\xff\xff\xff"),
		"CBOR of no object":  padded(1, "\x01"),
		"an object of later": padded(3, "\xa1\x01\x18"),
	}
}

// compareTraffic lets device B pull each of them. What B asks for afterwards is the same as after an object that opens.
func compareTraffic(t *testing.T) {
	s := newScene(t)
	a := s.accomplice(t)
	traffic := func(t *testing.T, object id.ID, envelope []byte) map[string]bool {
		l := newLiar(t, s.server)
		a.deliver(t, l, object, envelope)
		b := s.pcB.Copy(t, l).Unlock(t)
		for range 3 {
			testpc.Sync(t, b)
		}
		b.Lock()
		return shapes(l)
	}
	object := id.New()
	good := traffic(t, object, a.seal(t, object, 1, a.plaintext(t, s.items[0]), func([]byte) {}))
	for name := range a.brokenEnvelopes(t, object) {
		t.Run(name, func(t *testing.T) {
			object := id.New()
			if got := traffic(t, object, a.brokenEnvelopes(t, object)[name]); !maps.Equal(got, good) {
				t.Errorf("traffic tells that it did not open:\n%v\n%v", got, good)
			}
		})
	}
}

// shapes are the requests of a transcript without what differs by nature: ids, positions and times.
func shapes(l *liar) map[string]bool {
	all := map[string]bool{}
	for _, a := range l.requests() {
		if !inBackground.MatchString(a.path) {
			all[fmt.Sprintf("%s %s, %d bytes", a.method, generic(a.path), len(a.body))] = true
		}
	}
	return all
}

// compareTrafficAtSignIn breaks the keys of the bundle at every step of opening them. No request follows any of them.
func compareTrafficAtSignIn(t *testing.T) {
	s := newScene(t)
	for _, place := range []field{{"sealed_account_key"}, {"sealed_identity"}, {"vaults", 0, "sealed_vault_key"}} {
		for _, offset := range envelopeParts {
			t.Run(fmt.Sprint(place.String()[1:], " byte ", offset), func(t *testing.T) {
				refusedBundle(t, s, func(v any) any { return edit(v, place, flipBit(offset)) })
			})
		}
	}
}

// compareErrors opens each of them directly: one error, with one text.
func compareErrors(t *testing.T) {
	s := newScene(t)
	a := s.accomplice(t)
	object := id.New()
	header := seal.Header{Purpose: seal.Object, Epoch: 1, KeyID: a.vault}
	for name, envelope := range a.brokenEnvelopes(t, object) {
		plaintext, err := seal.Open(secret.New(a.objectKey(t, object)), header, a.context(object, 1), envelope)
		if err == nil && len(plaintext) <= 5 {
			continue // what fails later fails in package vault, without a word of the reason
		}
		if !errors.Is(err, seal.ErrOpen) || err.Error() != seal.ErrOpen.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, envelope := range [][]byte{nil, {}, make([]byte, 97), make([]byte, seal.MaxEnvelope+1)} {
		if _, err := seal.Open(secret.New(a.vk), header, nil, envelope); !errors.Is(err, seal.ErrOpen) || err.Error() != seal.ErrOpen.Error() {
			t.Errorf("%d bytes: %v", len(envelope), err)
		}
	}
}

// otherCommitment is an envelope whose ciphertext and tag are right, and whose commitment is that of another key: the half of a
// ciphertext for two keys that an honest device must refuse. That such a ciphertext can be made is shown by package seal.
func (a *accomplice) otherCommitment(t *testing.T, object, like id.ID) []byte {
	t.Helper()
	envelope := a.seal(t, object, 1, a.plaintext(t, like), func([]byte) {})
	copy(envelope[50:82], secret.Random(32).Reveal())
	return envelope
}

func partition(t *testing.T) {
	s := newScene(t)
	a := s.accomplice(t)
	object := id.New()
	a.push(t, object, a.otherCommitment(t, object, s.items[0]))
	b := s.pcB.Unlock(t)
	defer b.Lock()
	testpc.Sync(t, b)
	if _, ok := testpc.Contents(t, b)[object]; ok {
		t.Error("it was opened")
	}
}

func partitionAtFirstSync(t *testing.T) {
	s := newScene(t)
	a := s.accomplice(t)
	object := id.New()
	a.push(t, object, a.otherCommitment(t, object, s.items[0]))
	if err := s.fresh(t, nil); err != nil { // which compares the contents
		t.Error(err)
	}
}

// compareRefusals signs in with a wrong password, with a Secret Key that no account has, and with another address. The client derives
// its keys, asks the same and says the same each time; what the server answers has the same form.
func compareRefusals(t *testing.T) {
	s := newScene(t)
	stranger := keys.NewSecretKey().Text()
	var first []string
	for _, wrong := range []struct{ name, password, secretKey, email string }{
		{"password", "wrong", s.a.SecretKey(), email},
		{"Secret Key", testpc.Password, stranger, email},
		{"address", testpc.Password, s.a.SecretKey(), "bert@example.com"},
		{"all", "wrong", stranger, "bert@example.com"},
	} {
		seen := &exchanges{next: newLiar(t, s.server)}
		pc := testpc.New(t, "PC C", func(c *session.Config) { c.Transport = seen })
		_, err := pc.BeginSignIn(t.Context(), s.server.URL, wrong.email, testpc.Typed(wrong.password), wrong.secretKey)
		if !errors.Is(err, session.ErrProofFailed) {
			t.Fatalf("wrong %s: %v", wrong.name, err)
		}
		got := append(seen.all, err.Error())
		if first == nil {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Errorf("wrong %s: %q, not %q", wrong.name, got, first)
		}
	}
}

// exchanges notes the form of each question and its answer: path, sizes, status and the names of the headers.
type exchanges struct {
	next http.RoundTripper
	all  []string
}

func (e *exchanges) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := e.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	headers := slices.Sorted(maps.Keys(resp.Header))
	e.all = append(e.all, fmt.Sprintf("%s %s, %d bytes: %d, %q, %d bytes", r.Method, r.URL.Path, r.ContentLength, resp.StatusCode, headers, len(body)))
	return resp, err
}

// BenchmarkRefusal is the timing study of an account that exists and one that does not: the time of a challenge and a wrong proof, over
// HTTP. Each is measured as often as the other and right beside it, so that what else the machine does falls on both; the medians of the
// run are its result. The server's clock moves on each time, or the answer would be to slow down.
func BenchmarkRefusal(b *testing.B) {
	server := testkit.Cloud(b)
	known := testpc.New(b, "PC A", nil).SignUp(b, server, email).Account().ID
	client, err := remote.NewClient(server.URL, nil, server.Clock.Now)
	if err != nil {
		b.Fatal(err)
	}
	device := enrol.NewDevice("PC X", "linux")
	accounts := []id.ID{known, id.New()}
	took := map[id.ID][]time.Duration{}
	for b.Loop() {
		server.Clock.Advance(25 * time.Hour)
		slices.Reverse(accounts)
		for _, account := range accounts {
			who, stranger := remote.Signer{Account: account, Device: device.ID, Key: device.Key}, signing.Generate()
			began := time.Now()
			_, err := client.Prove(b.Context(), who, stranger, email, "", device.Wire())
			took[account] = append(took[account], time.Since(began))
			if !remote.IsCode(err, wire.CodeProofFailed) {
				b.Fatal(err)
			}
		}
	}
	for account, all := range took {
		slices.Sort(all)
		unit := "unknown-ns/op"
		if account == known {
			unit = "known-ns/op"
		}
		b.ReportMetric(float64(all[len(all)/2].Nanoseconds()), unit)
	}
}
