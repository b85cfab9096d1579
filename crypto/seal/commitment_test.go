package seal

import (
	"crypto/sha256"
	"math/big"
	"slices"
	"testing"

	"golang.org/x/crypto/chacha20"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// Poly1305 does not bind a key: who chooses two keys can build one ciphertext
// that is authentic under both, and so learn which of the two a victim holds.
// These tests build such an envelope (Len, Grubbs, Ristenpart: Partitioning
// Oracle Attacks, 2021) and show that nothing but the commitment refuses it.

// twoKeys are numbers of keys whose key streams begin with the same four bytes,
// so that the length before the content is right under both. They were found
// among 200,000; a change of derive needs a new search.
var twoKeys = [2]int{80925, 190941}

// forgedSize is the padded size of the forgery; its content fills it.
const forgedSize = 128

// numberedKey is the attacker's choice of key.
func numberedKey(n int) secret.Bytes {
	sum := sha256.Sum256([]byte{byte(n >> 16), byte(n >> 8), byte(n)})
	return secret.New(sum[:])
}

// stream is the beginning of what XChaCha20-Poly1305 uses: r, s and 32 unused
// bytes, then the key stream.
func stream(t *testing.T, keys derived, nonce []byte) []byte {
	cipher, err := chacha20.NewUnauthenticatedCipher(keys[:KeySize], nonce)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 64+forgedSize)
	cipher.XORKeyStream(out, out)
	return out
}

var (
	prime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 130), big.NewInt(5))
	two   = func(n uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), n) }
)

func littleEndian(b []byte) *big.Int {
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	return new(big.Int).SetBytes(reversed)
}

func toLittleEndian(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 16))
	slices.Reverse(b)
	return b
}

// oneTimeKey is Poly1305's r and s.
type oneTimeKey struct{ r, s *big.Int }

func newOneTimeKey(stream []byte) oneTimeKey {
	clamp, _ := new(big.Int).SetString("0ffffffc0ffffffc0ffffffc0fffffff", 16)
	return oneTimeKey{new(big.Int).And(littleEndian(stream[:16]), clamp), littleEndian(stream[16:32])}
}

// power is r^n, the weight of the n-th block from the end.
func (k oneTimeKey) power(n int) *big.Int {
	return new(big.Int).Exp(k.r, big.NewInt(int64(n)), prime)
}

// evaluate is the polynomial over blocks before s is added.
func (k oneTimeKey) evaluate(blocks [][]byte) *big.Int {
	sum := new(big.Int)
	for i, block := range blocks {
		m := new(big.Int).Add(littleEndian(block), two(128))
		sum.Add(sum, m.Mul(m, k.power(len(blocks)-i)))
	}
	return sum.Mod(sum, prime)
}

// solve finds the two blocks, of weights r^3 and r^2, which give both keys the
// same tag when rest is the rest of the polynomial. ok is false where a block
// would not fit 16 bytes: try another tag.
func solve(keys [2]oneTimeKey, rest [2]*big.Int, tag *big.Int) (x, y []byte, ok bool) {
	var a, b, want [2]*big.Int
	for i, k := range keys {
		a[i], b[i] = k.power(3), k.power(2)
		want[i] = new(big.Int).Sub(tag, k.s)
		want[i].Mod(want[i], two(128)).Sub(want[i], rest[i])
	}
	cross := func(p, q, r, s *big.Int) *big.Int {
		return new(big.Int).Sub(new(big.Int).Mul(p, s), new(big.Int).Mul(q, r))
	}
	inverse := cross(a[0], b[0], a[1], b[1])
	inverse.ModInverse(inverse.Mod(inverse, prime), prime)
	xn := cross(want[0], b[0], want[1], b[1])
	yn := cross(a[0], want[0], a[1], want[1])
	for _, n := range []*big.Int{xn, yn} {
		n.Mod(n.Mul(n, inverse), prime).Sub(n, two(128))
		if n.Sign() < 0 || n.BitLen() > 128 {
			return nil, nil, false
		}
	}
	return toLittleEndian(xn), toLittleEndian(yn), true
}

// forge builds an envelope, without a commitment, that is authentic under both
// keys. The nonce is zero.
func forge(t *testing.T, keys [2]derived) []byte {
	t.Helper()
	head := append(header.append(nil), make([]byte, nonceSize)...)
	streams := [2][]byte{stream(t, keys[0], head[headerSize-nonceSize:]), stream(t, keys[1], head[headerSize-nonceSize:])}
	if string(streams[0][64:68]) != string(streams[1][64:68]) {
		t.Fatal("the two keys give different lengths: search for another pair")
	}
	// The content is arbitrary: all that it must have is the right length before it.
	body := make([]byte, forgedSize)
	for i, b := range []byte{0, 0, 0, forgedSize - lengthSize} {
		body[i] = b ^ streams[0][64+i]
	}
	aad := additional(nil, head, []byte(context))
	oneTime := [2]oneTimeKey{newOneTimeKey(streams[0]), newOneTimeKey(streams[1])}
	rest := [2]*big.Int{restOf(oneTime[0], aad, body), restOf(oneTime[1], aad, body)}
	for n := range int64(1000) {
		tag := new(big.Int).Sub(two(127), big.NewInt(n))
		x, y, ok := solve(oneTime, rest, tag)
		if !ok {
			continue
		}
		copy(body[forgedSize-32:], append(x, y...))
		envelope := append(head, make([]byte, commitmentSize)...)
		return append(append(envelope, body...), toLittleEndian(tag)...)
	}
	t.Fatal("no solution fits")
	return nil
}

// restOf is the polynomial without the last two blocks of body.
func restOf(k oneTimeKey, aad, body []byte) *big.Int {
	filled := slices.Concat(aad, make([]byte, -len(aad)&15), body)
	lengths := append([]byte{byte(len(aad))}, make([]byte, 15)...)
	lengths[8] = byte(len(body))
	blocks := append(slices.Collect(slices.Chunk(filled, 16)), lengths)
	sum := k.evaluate(blocks)
	for weight := 2; weight <= 3; weight++ {
		n := littleEndian(blocks[len(blocks)-weight])
		n.Add(n, two(128)).Mul(n, k.power(weight))
		sum.Sub(sum, n)
	}
	return sum.Mod(sum, prime)
}

func TestNoEnvelopeOpensUnderTwoKeys(t *testing.T) {
	pair := [2]secret.Bytes{numberedKey(twoKeys[0]), numberedKey(twoKeys[1])}
	head := append(header.append(nil), make([]byte, nonceSize)...)
	keys := [2]derived{derive(pair[0], head, []byte(context)), derive(pair[1], head, []byte(context))}
	envelope := forge(t, keys)

	// The attack works where the commitment is not looked at.
	contents := make(map[string]bool)
	for _, k := range keys {
		content, err := k.open(envelope, []byte(context))
		if err != nil {
			t.Fatalf("the forgery is not authentic under both keys: %v", err)
		}
		contents[string(content)] = true
	}
	if len(contents) != 2 {
		t.Fatal("both keys give the same content")
	}

	// With no commitment of either key, or that of one, it opens under that one at most.
	opened, err := Open(pair[0], header, []byte(context), envelope)
	refused(t, "no commitment", opened, err)
	for committed := range pair {
		copy(envelope[headerSize:], keys[committed].commitment())
		if _, err := Open(pair[committed], header, []byte(context), envelope); err != nil {
			t.Errorf("under the key committed to: %v", err)
		}
		opened, err := Open(pair[1-committed], header, []byte(context), envelope)
		refused(t, "under the other key", opened, err)
	}
}
