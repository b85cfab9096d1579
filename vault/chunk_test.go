package vault

import (
	"bytes"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// A chunk has the length that its place in a file of this size has, also where it is authentic: another client may have a defect.
func TestTheLengthOfAChunk(t *testing.T) {
	v := &Vault{}
	f := &file{Attachment{ID: id.ID{1}, Size: partMax + 5, Chunks: 2}, secret.Random(32)}
	for index, right := range []int{int(partMax), 5} {
		for _, length := range []int{right - 1, right, right + 1} {
			envelope, err := keys.SealChunk(f.key, f.ref(v, index), bytes.Repeat([]byte("x"), min(length, int(partMax))))
			if err != nil {
				t.Fatal(err)
			}
			fits := min(length, int(partMax)) == right
			if part, err := v.openChunk(f, index, envelope); fits != (err == nil) || !fits && !errors.Is(err, ErrUnreadable) || fits && len(part) != right {
				t.Errorf("%d bytes at %d: %v", length, index, err)
			}
		}
	}
}

// What an object says of a file is believed within limits only.
func TestAnObjectThatIsNoFile(t *testing.T) {
	key := secret.Random(32)
	for name, test := range map[string]struct {
		kind Kind
		size string
		key  secret.Bytes
		want error
	}{
		"a file":         {attachmentKind, "104857600", key, nil},
		"an empty one":   {attachmentKind, "0", key, nil},
		"an item":        {Login, "5", key, ErrNotFound},
		"too large":      {attachmentKind, "104857601", key, ErrUnreadable},
		"far too large":  {attachmentKind, "99999999999999999999", key, ErrUnreadable},
		"less than none": {attachmentKind, "-1", key, ErrUnreadable},
		"no size":        {attachmentKind, "", key, ErrUnreadable},
		"no key":         {attachmentKind, "5", secret.Bytes{}, ErrUnreadable},
		"half a key":     {attachmentKind, "5", secret.Random(16), ErrUnreadable},
	} {
		it := Item{Kind: test.kind}
		it.Set(fileSize, secret.FromString(test.size))
		it.Set(fileKey, test.key)
		if _, err := fileOf(&it); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
