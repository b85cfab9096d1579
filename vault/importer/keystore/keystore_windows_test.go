package keystore

import (
	"bytes"
	"errors"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/coffer-vault/coffer/vault/importer"
)

func protect(t *testing.T, plain []byte) []byte {
	t.Helper()
	in := windows.DataBlob{Size: uint32(len(plain)), Data: &plain[0]}
	var out windows.DataBlob
	if err := windows.CryptProtectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		t.Fatal(err)
	}
	defer windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return bytes.Clone(unsafe.Slice(out.Data, out.Size))
}

func TestUnprotectData(t *testing.T) {
	sealed := protect(t, []byte("thirty-two bytes of a secret key"))
	plain, err := New().UnprotectData(sealed)
	if err != nil || string(plain.Reveal()) != "thirty-two bytes of a secret key" {
		t.Errorf("%q, %v", plain.Reveal(), err)
	}
	sealed[len(sealed)-1] ^= 1
	for name, blob := range map[string][]byte{"empty": nil, "text": []byte("text"), "changed": sealed} {
		if _, err := New().UnprotectData(blob); !errors.Is(err, importer.ErrNoKey) {
			t.Errorf("%s: %v, want ErrNoKey", name, err)
		}
	}
}
