package canonical_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/canonical"
	"github.com/coffer-vault/coffer/docs/vectors"
)

// The vectors come from docs/vectors/protocol.py, which shares no code with this.
func TestCBORVectors(t *testing.T) {
	var v struct {
		Accepted []vectors.Hex
		Refused  []struct {
			Name  string
			Bytes vectors.Hex
		}
	}
	vectors.Load(t, "cbor.json", &v)
	for _, data := range v.Accepted {
		var raw canonical.RawMessage
		if err := canonical.Unmarshal(data, &raw); err != nil || !bytes.Equal(raw, data) {
			t.Errorf("%x: %v", data, err)
		}
		if again, err := canonical.Marshal(raw); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%x is written as %x, %v", data, again, err)
		}
	}
	for _, r := range v.Refused {
		var raw canonical.RawMessage
		if err := canonical.Unmarshal(r.Bytes, &raw); !errors.Is(err, canonical.ErrMalformed) {
			t.Errorf("%s: %v", r.Name, err)
		}
		// No value at all is written as null.
		if _, err := canonical.Marshal(canonical.RawMessage(r.Bytes)); err == nil && len(r.Bytes) > 0 {
			t.Errorf("written: %s", r.Name)
		}
	}
}
