package keys_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// place is all that decides where an envelope belongs.
type place struct {
	key                    secret.Bytes
	account, vault, object id.ID
	device                 id.ID
	generation, epoch      uint32
	revision, index, total uint64
	name                   string
}

func somewhere() place {
	return place{secret.Random(keys.Size), id.New(), id.New(), id.New(), id.New(), 3, 2, 7, 4, 5, "anchor"}
}

func (p place) objectRef() keys.ObjectRef {
	return keys.ObjectRef{Account: p.account, Vault: p.vault, Object: p.object, Epoch: p.epoch, Revision: p.revision}
}

func (p place) chunkRef() keys.ChunkRef {
	return keys.ChunkRef{Account: p.account, Vault: p.vault, Attachment: p.object, Index: p.index, Count: p.total}
}

func (p place) localRef() keys.LocalRef {
	return keys.LocalRef{Account: p.account, Device: p.device, Generation: p.generation, Name: p.name}
}

func (p place) segmentRef() keys.SegmentRef {
	return keys.SegmentRef{Account: p.account, Vault: p.vault, Device: p.device, Epoch: p.epoch, Segment: uint8(p.index), Part: uint32(p.total)}
}

// kind is one of the sealings, with its binding as a list of what counts.
type kind struct {
	name   string
	seal   func(place) ([]byte, error)
	open   func(place, []byte) ([]byte, error)
	counts string
}

// content is 32 bytes, so that it passes as a key.
var content = secret.FromString("thirty-two bytes of some content")

func revealed(b secret.Bytes, err error) ([]byte, error) { return b.Reveal(), err }

func kinds() []kind {
	identity := keys.NewIdentity()
	return []kind{
		{
			"account key",
			func(p place) ([]byte, error) {
				return keys.SealAccountKey(p.key, content, p.account, p.generation, keys.ByPassword)
			},
			func(p place, e []byte) ([]byte, error) {
				return revealed(keys.OpenAccountKey(p.key, e, p.account, p.generation, keys.ByPassword))
			},
			"key account generation",
		},
		{
			"identity",
			func(p place) ([]byte, error) { return keys.SealIdentity(p.key, identity, p.account, p.revision) },
			func(p place, e []byte) ([]byte, error) {
				opened, err := keys.OpenIdentity(p.key, e, p.account, p.revision)
				if err != nil {
					return nil, err
				}
				if opened.Sign.Public() != identity.Sign.Public() || !bytes.Equal(opened.Receive.Public(), identity.Receive.Public()) {
					return nil, errors.New("another identity")
				}
				return content.Reveal(), nil
			},
			"key account revision", // which stands for the number of the identity
		},
		{
			"vault key",
			func(p place) ([]byte, error) { return keys.SealVaultKey(p.key, content, p.account, p.vault, p.epoch) },
			func(p place, e []byte) ([]byte, error) {
				return revealed(keys.OpenVaultKey(p.key, e, p.account, p.vault, p.epoch))
			},
			"key account vault epoch",
		},
		{
			"account key for recovery",
			func(p place) ([]byte, error) {
				return keys.SealAccountKey(p.key, content, p.account, p.generation, keys.ByRecovery)
			},
			func(p place, e []byte) ([]byte, error) {
				return revealed(keys.OpenAccountKey(p.key, e, p.account, p.generation, keys.ByRecovery))
			},
			"key account generation",
		},
		{
			"previous vault key",
			func(p place) ([]byte, error) {
				return keys.SealPreviousVaultKey(p.key, content, p.account, p.vault, p.epoch)
			},
			func(p place, e []byte) ([]byte, error) {
				return revealed(keys.OpenPreviousVaultKey(p.key, e, p.account, p.vault, p.epoch))
			},
			"key account vault epoch",
		},
		{
			"object",
			func(p place) ([]byte, error) { return keys.SealObject(p.key, p.objectRef(), content.Reveal()) },
			func(p place, e []byte) ([]byte, error) { return keys.OpenObject(p.key, p.objectRef(), e) },
			"key account vault object epoch revision",
		},
		{
			"chunk",
			func(p place) ([]byte, error) { return keys.SealChunk(p.key, p.chunkRef(), content.Reveal()) },
			func(p place, e []byte) ([]byte, error) { return keys.OpenChunk(p.key, p.chunkRef(), e) },
			"key account vault object index total",
		},
		{
			"local value",
			func(p place) ([]byte, error) { return keys.SealLocal(p.key, p.localRef(), content.Reveal()) },
			func(p place, e []byte) ([]byte, error) { return revealed(keys.OpenLocal(p.key, p.localRef(), e)) },
			"key account device generation name",
		},
		{
			"segment of the index",
			func(p place) ([]byte, error) { return keys.SealSegment(p.key, p.segmentRef(), content.Reveal()) },
			func(p place, e []byte) ([]byte, error) { return keys.OpenSegment(p.key, p.segmentRef(), e) },
			"key account vault device epoch index total",
		},
	}
}

// moves changes one thing about a place each.
var moves = map[string]func(*place){
	"key":        func(p *place) { p.key = secret.Random(keys.Size) },
	"account":    func(p *place) { p.account = id.New() },
	"vault":      func(p *place) { p.vault = id.New() },
	"object":     func(p *place) { p.object = id.New() },
	"device":     func(p *place) { p.device = id.New() },
	"generation": func(p *place) { p.generation++ },
	"epoch":      func(p *place) { p.epoch++ },
	"revision":   func(p *place) { p.revision-- },
	"index":      func(p *place) { p.index-- },
	"total":      func(p *place) { p.total++ },
	"name":       func(p *place) { p.name = "device-seed" },
}

func TestOpensInItsPlaceOnly(t *testing.T) {
	for _, kind := range kinds() {
		here := somewhere()
		envelope, err := kind.seal(here)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := kind.open(here, envelope); err != nil || !bytes.Equal(opened, content.Reveal()) {
			t.Errorf("%s: %x, %v", kind.name, opened, err)
		}
		for what, move := range moves {
			there := here
			move(&there)
			opened, err := kind.open(there, envelope)
			if counts := strings.Contains(kind.counts, what); counts && (err != seal.ErrOpen || opened != nil) {
				t.Errorf("%s opens with another %s: %v", kind.name, what, err)
			} else if !counts && err != nil {
				t.Errorf("%s does not open with another %s: %v", kind.name, what, err)
			}
		}
	}
}

// Even with all keys equal and all ids equal, no kind passes as another.
func TestKindsDoNotMix(t *testing.T) {
	same := id.New()
	here := place{secret.Random(keys.Size), same, same, same, same, 1, 1, 1, 1, 1, "password"}
	for _, sealed := range kinds() {
		envelope, err := sealed.seal(here)
		if err != nil {
			t.Fatal(err)
		}
		for _, opened := range kinds() {
			if _, err := opened.open(here, envelope); opened.name != sealed.name && err != seal.ErrOpen {
				t.Errorf("%s opens as %s: %v", sealed.name, opened.name, err)
			}
		}
	}
}

func TestMissingKeys(t *testing.T) {
	for _, kind := range kinds() {
		here := somewhere()
		envelope, err := kind.seal(here)
		if err != nil {
			t.Fatal(err)
		}
		here.key.Wipe()
		if _, err := kind.seal(here); err != seal.ErrKey {
			t.Errorf("%s seals without a key: %v", kind.name, err)
		}
		if _, err := kind.open(here, envelope); err != seal.ErrKey {
			t.Errorf("%s opens without a key: %v", kind.name, err)
		}
	}
}

// A key that is missing is never sealed as if it were one.
func TestMissingContent(t *testing.T) {
	p := somewhere()
	wiped := keys.NewIdentity()
	wiped.Wipe()
	for name, sealing := range map[string]func() ([]byte, error){
		"no AK": func() ([]byte, error) {
			return keys.SealAccountKey(p.key, secret.Bytes{}, p.account, 1, keys.ByPassword)
		},
		"short AK": func() ([]byte, error) {
			return keys.SealAccountKey(p.key, secret.Random(16), p.account, 1, keys.ByPassword)
		},
		"no VK": func() ([]byte, error) { return keys.SealVaultKey(p.key, secret.Bytes{}, p.account, p.vault, 1) },
		"no older VK": func() ([]byte, error) {
			return keys.SealPreviousVaultKey(p.key, secret.Bytes{}, p.account, p.vault, 2)
		},
		"no identity":    func() ([]byte, error) { return keys.SealIdentity(p.key, keys.Identity{}, p.account, 0) },
		"wiped identity": func() ([]byte, error) { return keys.SealIdentity(p.key, wiped, p.account, 0) },
	} {
		if envelope, err := sealing(); err != seal.ErrKey || envelope != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Someone with the right key can seal what is not a key or identity.
func TestWrongContent(t *testing.T) {
	p := somewhere()
	header := seal.Header{Purpose: seal.SealedKey, Epoch: p.generation, KeyID: p.account}
	context := canonical.Concat("ak", p.account, uint64(p.generation), "password")
	for _, size := range []int{0, 31, 33, 64} {
		envelope, err := seal.Seal(p.key, header, context, make([]byte, size))
		if err != nil {
			t.Fatal(err)
		}
		if ak, err := keys.OpenAccountKey(p.key, envelope, p.account, p.generation, keys.ByPassword); err != seal.ErrOpen || !ak.IsZero() {
			t.Errorf("AK of %d bytes: %v", size, err)
		}
	}
	header.Epoch = 0
	seed := bytes.Repeat([]byte{1}, 32)
	for name, seeds := range map[string]any{
		"short first seed":  map[int][]byte{1: seed[1:], 2: seed},
		"short second seed": map[int][]byte{1: seed, 2: seed[1:]},
		"one seed":          map[int][]byte{1: seed},
		"three seeds":       map[int][]byte{1: seed, 2: seed, 3: seed},
		"null":              nil,
		"raw seeds":         seed,
	} {
		data, err := canonical.Marshal(seeds)
		if err != nil {
			t.Fatal(err)
		}
		envelope, err := seal.Seal(p.key, header, canonical.Concat("identity", p.account, uint64(0)), data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keys.OpenIdentity(p.key, envelope, p.account, 0); err != seal.ErrOpen {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenObjectInParallel(t *testing.T) {
	vk := secret.Random(keys.Size)
	vault := id.New()
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for revision := range uint64(50) {
				ref := keys.ObjectRef{Vault: vault, Object: id.New(), Epoch: 1, Revision: revision}
				plaintext := fmt.Appendf(nil, "%d of %d", revision, worker)
				envelope, err := keys.SealObject(vk, ref, plaintext)
				if err != nil {
					t.Error(err)
				}
				opened, err := keys.OpenObject(vk, ref, envelope)
				if err != nil || !bytes.Equal(opened, plaintext) {
					t.Errorf("%s, %v", opened, err)
				}
			}
		})
	}
	group.Wait()
}

func TestKeysDoNotPrint(t *testing.T) {
	identity := keys.NewIdentity()
	seed := identity.Sign.Seed()
	receive := identity.Receive.Seed()
	for _, v := range []any{identity, &identity, struct{ i keys.Identity }{identity}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			output := fmt.Sprintf(verb, v)
			for _, raw := range [][]byte{seed.Reveal(), receive.Reveal()} {
				for _, spelling := range []string{"%s", "%x", "%d", "%q"} {
					if strings.Contains(output, strings.Trim(fmt.Sprintf(spelling, raw[:8]), `[]"`)) {
						t.Errorf("%s of %T: %s", verb, v, output)
					}
				}
			}
		}
	}
}
