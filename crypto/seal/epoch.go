package seal

import "encoding/binary"

// Epoch is the epoch in an envelope's header, 0 for what is too short to have one. Nothing of it is verified: it says which key to try.
func Epoch(envelope []byte) uint32 {
	const offset = len(magic) + 1 + 1
	if len(envelope) < headerSize {
		return 0
	}
	return binary.BigEndian.Uint32(envelope[offset:])
}
