package pairing

import (
	"bytes"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/docs/vectors"
	"github.com/coffer-vault/coffer/sync/chain"
)

type deviceVector struct {
	Device                id.ID
	Seed, Public, Receive vectors.Hex
	Name, Platform        string
}

// entry is the device, whose keys come from its seed.
func (v deviceVector) entry(t *testing.T) chain.DeviceAdd {
	t.Helper()
	key, err := signing.FromSeed(secret.New(bytes.Clone(v.Seed)))
	if err != nil {
		t.Fatal(err)
	}
	receive, err := keys.DeviceReceiveKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public()
	if !bytes.Equal(public[:], v.Public) || !bytes.Equal(receive.Public(), v.Receive) {
		t.Errorf("%s: keys %x and %x", v.Name, public, receive.Public())
	}
	return chain.DeviceAdd{Device: v.Device, Key: public, Name: v.Name, Platform: v.Platform, Receive: chain.ReceiveKey(receive.Public())}
}

type pairingVector struct {
	Account, Pairing id.ID
	Device, Approver deviceVector
	Rounds           []struct {
		R, Nonce, Commitment vectors.Hex
		ShownByNew           string `json:"shown_by_new"`
		ShownByApprover      string `json:"shown_by_approver"`
	}
	DeviceHash vectors.Hex `json:"device_hash"`
	QRText     string      `json:"qr_text"`
	Refused    []struct{ Name, Text string }
}

// The vectors come from docs/vectors/account.py, which shares no code with this.
func TestVectors(t *testing.T) {
	var v pairingVector
	vectors.Load(t, "pairing.json", &v)
	device, approver := v.Device.entry(t), v.Approver.entry(t)
	for _, r := range v.Rounds {
		offer := Offer{ID: v.Pairing, Device: device, R: r.R.Hash32(t)}
		if got := offer.Commitment(); !bytes.Equal(got[:], r.Commitment) || offer.Check(r.Commitment) != nil {
			t.Errorf("commitment %x", got)
		}
		shownByNew, shownByApprover := Compare(offer, Answer{Account: v.Account, Approver: approver.Device, Key: approver.Key, Nonce: r.Nonce.Hash32(t)})
		if shownByNew.String() != r.ShownByNew || shownByApprover.String() != r.ShownByApprover {
			t.Errorf("digits %s and %s", shownByNew, shownByApprover)
		}
		if !shownByNew.Match(r.ShownByNew) || !shownByApprover.Match(r.ShownByApprover) {
			t.Errorf("digits as typed do not match: %s, %s", r.ShownByNew, r.ShownByApprover)
		}
	}
}

func TestCodeVectors(t *testing.T) {
	var v pairingVector
	vectors.Load(t, "pairing.json", &v)
	want := Code{Pairing: v.Pairing, Device: v.DeviceHash.Hash32(t)}
	code, err := ParseCode(v.QRText)
	if err != nil || code != want || want.Text() != v.QRText || !code.Names(v.Pairing, v.Device.entry(t)) {
		t.Errorf("%s reads as %+v, %v", v.QRText, code, err)
	}
	for _, r := range v.Refused {
		if _, err := ParseCode(r.Text); !errors.Is(err, ErrCode) {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
}
