// Package delta makes a release out of an earlier one and a patch.
package delta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/minio/selfupdate"
)

// ErrPatch means that a patch and a file do not make what was promised.
var ErrPatch = errors.New("patch does not make the release")

// bsdiff's header: "BSDIFF40", then the lengths of control block, difference block and result in bytes, each 64 bits.
const patchHeader = 32

// Apply returns what a patch of bsdiff 4 makes of a file, size bytes. ErrPatch if it makes no such thing. The lengths are looked at
// here: minio/selfupdate allocates whatever they announce, and may panic over the rest.
func Apply(old, patch []byte, size int64) (content []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			content, err = nil, fmt.Errorf("%w: %v", ErrPatch, r)
		}
	}()
	if len(patch) < patchHeader {
		return nil, fmt.Errorf("%w: %d bytes", ErrPatch, len(patch))
	}
	rest := uint64(len(patch) - patchHeader)
	control, difference := binary.LittleEndian.Uint64(patch[8:]), binary.LittleEndian.Uint64(patch[16:])
	if control > rest || difference > rest-control || binary.LittleEndian.Uint64(patch[24:]) != uint64(size) {
		return nil, fmt.Errorf("%w: impossible lengths", ErrPatch)
	}
	var made bytes.Buffer
	if err := selfupdate.NewBSDiffPatcher().Patch(bytes.NewReader(old), &made, bytes.NewReader(patch)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPatch, err)
	}
	return made.Bytes(), nil
}
