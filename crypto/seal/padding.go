package seal

import "encoding/binary"

const (
	lengthSize  = 4
	paddingMin  = 64
	paddingStep = 4 << 10 // above one step, sizes are multiples of it
)

// paddedSize is the length of a padded plaintext of n bytes: the least 64·2^n
// that fits length and content, above 4 KiB the least multiple of 4 KiB.
func paddedSize(n int) int {
	need := lengthSize + n
	if need > paddingStep {
		return (need + paddingStep - 1) / paddingStep * paddingStep
	}
	size := paddingMin
	for size < need {
		size *= 2
	}
	return size
}

// appendPadded writes length, content and zeros: size bytes in all.
func appendPadded(dst, content []byte, size int) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(content)))
	dst = append(dst, content...)
	return append(dst, make([]byte, size-lengthSize-len(content))...)
}

// unpad returns the content, which shares the memory of padded. Other paddings
// than appendPadded's are ErrOpen: they would be a hidden channel.
func unpad(padded []byte) ([]byte, error) {
	if len(padded) < lengthSize {
		return nil, ErrOpen
	}
	n := binary.BigEndian.Uint32(padded)
	if n > uint32(len(padded)-lengthSize) || paddedSize(int(n)) != len(padded) {
		return nil, ErrOpen
	}
	content, zeros := padded[lengthSize:lengthSize+n:lengthSize+n], padded[lengthSize+n:]
	for _, b := range zeros {
		if b != 0 {
			return nil, ErrOpen
		}
	}
	return content, nil
}
