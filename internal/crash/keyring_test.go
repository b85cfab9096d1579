//go:build cgo && unix

package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// keyring stands for the one of the operating system, which outlives a killed process: a file that is replaced at once. It keeps one
// account.
type keyring struct {
	path string
	at   func(label string) // told before and after an entry is written; may be nil
}

// entry is platform.DeviceSecrets in the clear: what a test's keyring keeps is worth nothing.
type entry struct {
	SecretKey, DeviceSeed, Anchor, NextKey []byte
	Generation, PinSeq                     uint64
	PinHash                                [32]byte
	KeyGeneration, NextGeneration          uint32
}

// Load implements session.Keyring.
func (k *keyring) Load(context.Context, string, id.ID) (d platform.DeviceSecrets, err error) {
	data, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, platform.ErrNotFound
	}
	var e entry
	if err == nil {
		err = json.Unmarshal(data, &e)
	}
	if err != nil {
		return d, fmt.Errorf("%w: %w", platform.ErrDamaged, err)
	}
	return platform.DeviceSecrets{
		SecretKey: secret.New(e.SecretKey), DeviceSeed: secret.New(e.DeviceSeed), Anchor: secret.New(e.Anchor), Generation: e.Generation,
		Pin: platform.Pin{Seq: e.PinSeq, Hash: e.PinHash}, KeyGeneration: e.KeyGeneration,
		Next: platform.NextKey{Generation: e.NextGeneration, SecretKey: secret.New(e.NextKey)},
	}, nil
}

// Save implements session.Keyring.
func (k *keyring) Save(_ context.Context, _ string, _ id.ID, d platform.DeviceSecrets) error {
	data, err := json.Marshal(entry{
		SecretKey: d.SecretKey.Reveal(), DeviceSeed: d.DeviceSeed.Reveal(), Anchor: d.Anchor.Reveal(), Generation: d.Generation,
		PinSeq: d.Pin.Seq, PinHash: d.Pin.Hash, KeyGeneration: d.KeyGeneration,
		NextGeneration: d.Next.Generation, NextKey: d.Next.SecretKey.Reveal(),
	})
	if err != nil {
		return err
	}
	k.tell("keyring")
	defer k.tell("keyring written")
	fresh := k.path + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return err
	}
	if onKeyring != nil {
		onKeyring(data)
	}
	return os.Rename(fresh, k.path)
}

// onKeyring is told what is written, where it is not nil.
var onKeyring func([]byte)

// Delete implements session.Keyring.
func (k *keyring) Delete(context.Context, string, id.ID) error { return os.Remove(k.path) }

func (k *keyring) tell(label string) {
	if k.at != nil {
		k.at(label)
	}
}
