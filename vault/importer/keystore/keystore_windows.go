package keystore

import (
	"bytes"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

type system struct{ none }

// UnprotectData calls CryptUnprotectData for the current user, without a window.
func (system) UnprotectData(blob []byte) (secret.Bytes, error) {
	if len(blob) == 0 {
		return secret.Bytes{}, importer.ErrNoKey
	}
	in := windows.DataBlob{Size: uint32(len(blob)), Data: &blob[0]}
	var out windows.DataBlob
	err := windows.CryptUnprotectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return secret.Bytes{}, fmt.Errorf("%w: CryptUnprotectData: %w", importer.ErrNoKey, err)
	}
	defer windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	plain := unsafe.Slice(out.Data, out.Size)
	defer clear(plain)
	return secret.New(bytes.Clone(plain)), nil
}
