package health

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/sync/remote"
)

// Outcome is how the last turn ended.
type Outcome string

// The outcomes.
const (
	None        Outcome = ""            // nothing was tried yet
	NoToken     Outcome = "no-token"    // the computer belongs to no organization
	BadToken    Outcome = "bad-token"   // there is a token that is none
	Reported    Outcome = "reported"    // the server has the newest report
	Unreachable Outcome = "unreachable" // no answer of the protocol; it is tried again
	Refused     Outcome = "refused"     // the server did not make the token, or its last day is over; it is tried again, once a day
	Revoked     Outcome = "revoked"     // the token was ended: nothing is sent until there is another one
	Broken      Outcome = "broken"      // this computer cannot keep what it has to, on a full disk for example
)

// State is what the reporter remembers, and cofferctl doctor shows. Nothing in it is secret.
type State struct {
	Outcome  Outcome   `json:"outcome"`
	Serial   string    `json:"serial,omitempty"`   // of the token under which the computer is registered, or was refused
	Computer string    `json:"computer,omitempty"` // id under which the server has registered it; empty for not yet
	Version  string    `json:"version,omitempty"`
	Reported time.Time `json:"reported,omitzero"`
	Tried    time.Time `json:"tried,omitzero"`
	Failures int       `json:"failures,omitempty"` // since the last success
	Reason   string    `json:"reason,omitempty"`   // code or kind of the last failure; no address
}

const (
	stateFile = "state.json"
	keyFile   = "key"
	// maxState is far more than a state takes.
	maxState = 16 << 10
)

// ReadState returns what the reporter of a folder last wrote; the zero State if it never did.
func ReadState(dir string) (s State, err error) {
	data, err := readSmall(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("read state of reports: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return State{}, fmt.Errorf("read state of reports: %w", err)
	}
	return s, nil
}

func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxState {
		return nil, errors.New("it is no small file")
	}
	return os.ReadFile(path)
}

func writeState(dir string, s State) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(filepath.Join(dir, stateFile), data, 0o644)
}

// openKey reads the computer's own key and id, or makes them. They are drawn at random: nothing of the hardware is in them. A damaged
// file is replaced: the computer is in the list twice then, and the older one reports no more.
func openKey(dir string) (remote.Signer, error) {
	path := filepath.Join(dir, keyFile)
	if data, err := readSmall(path); err == nil {
		if s, err := parseKey(string(data)); err == nil {
			return s, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return remote.Signer{}, fmt.Errorf("read the computer's key: %w", err)
	}
	s := remote.Signer{Device: id.New(), Key: signing.Generate()}
	seed := s.Key.Seed()
	defer seed.Wipe()
	// The key is on the disk before the server hears of it.
	if err := atomicfile.WriteFile(path, []byte(s.Device.String()+" "+hex.EncodeToString(seed.Reveal())+"\n"), 0o600); err != nil {
		return remote.Signer{}, fmt.Errorf("keep the computer's key: %w", err)
	}
	return s, nil
}

// parseKey reads "ID SEED\n", both in hexadecimal.
func parseKey(text string) (remote.Signer, error) {
	const idDigits = 2 * len(id.ID{})
	if len(text) != idDigits+1+2*signing.SeedSize+1 || text[idDigits] != ' ' || text[len(text)-1] != '\n' {
		return remote.Signer{}, errors.New("no key")
	}
	device, err := id.Parse(text[:idDigits])
	if err != nil {
		return remote.Signer{}, err
	}
	seed, err := hex.DecodeString(text[idDigits+1 : len(text)-1])
	if err != nil {
		return remote.Signer{}, errors.New("no key")
	}
	key, err := signing.FromSeed(secret.New(seed))
	return remote.Signer{Device: device, Key: key}, err
}

// Anew forgets the computer's key and what was reported: one that was copied from another computer's disk begins as itself.
func Anew(dir string) error {
	for _, name := range []string{keyFile, stateFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("begin anew: %w", err)
		}
	}
	return nil
}
