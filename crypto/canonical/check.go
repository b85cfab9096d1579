package canonical

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

const (
	// maxDepth is how deep arrays and maps may nest.
	maxDepth = 16
	// maxElements bounds the array elements and map entries of a whole document,
	// so that no header makes a decoder allocate without limit.
	maxElements = 250_000
)

// The major types of RFC 8949 §3.1 that are allowed.
const (
	majorUint, majorNegative = 0, 1
	majorBytes, majorText    = 2, 3
	majorArray, majorMap     = 4, 5
	majorSimple              = 7
)

// check reports whether data is exactly one canonically encoded value. The codec
// does not look at the order of keys or the length of integers.
func check(data []byte) error {
	c := checker{rest: data}
	if err := c.value(0); err != nil {
		return err
	}
	if len(c.rest) != 0 {
		return fmt.Errorf("%w: trailing bytes", ErrMalformed)
	}
	return nil
}

type checker struct {
	rest     []byte
	elements uint64
}

// value consumes one value that lies inside depth arrays and maps.
func (c *checker) value(depth int) error {
	major, n, err := c.head()
	if err != nil {
		return err
	}
	switch major {
	case majorUint, majorNegative, majorSimple:
		return nil
	case majorBytes:
		_, err := c.take(n)
		return err
	case majorText:
		return c.text(n)
	default:
		return c.container(major, n, depth+1)
	}
}

// head consumes the initial byte and its argument, which must be the shortest form.
func (c *checker) head() (major byte, n uint64, err error) {
	initial, err := c.take(1)
	if err != nil {
		return 0, 0, err
	}
	major, info := initial[0]>>5, initial[0]&0x1f
	switch {
	case major == majorSimple && (info < 20 || info > 22): // false, true, null
		return 0, 0, fmt.Errorf("%w: float or simple value", ErrMalformed)
	case major == 6:
		return 0, 0, fmt.Errorf("%w: tag", ErrMalformed)
	case info < 24:
		return major, uint64(info), nil
	case info > 27:
		return 0, 0, fmt.Errorf("%w: indefinite or reserved length", ErrMalformed)
	}
	n, err = c.argument(info - 24)
	return major, n, err
}

// argument reads an integer of 2^size bytes that does not fit in less.
func (c *checker) argument(size byte) (uint64, error) {
	b, err := c.take(1 << size)
	if err != nil {
		return 0, err
	}
	var padded [8]byte
	copy(padded[8-len(b):], b)
	n := binary.BigEndian.Uint64(padded[:])
	if n <= [...]uint64{23, math.MaxUint8, math.MaxUint16, math.MaxUint32}[size] {
		return 0, fmt.Errorf("%w: integer not in its shortest form", ErrMalformed)
	}
	return n, nil
}

func (c *checker) text(n uint64) error {
	b, err := c.take(n)
	if err != nil {
		return err
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("%w: text is not UTF-8", ErrMalformed)
	}
	return nil
}

func (c *checker) container(major byte, n uint64, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: nested deeper than %d", ErrMalformed, maxDepth)
	}
	if n > maxElements-c.elements {
		return fmt.Errorf("%w: more than %d elements", ErrMalformed, maxElements)
	}
	c.elements += n
	if major == majorMap {
		return c.entries(n, depth)
	}
	for range n {
		if err := c.value(depth); err != nil {
			return err
		}
	}
	return nil
}

// entries consumes n pairs whose encoded keys must rise, which excludes duplicates too.
func (c *checker) entries(n uint64, depth int) error {
	var previous []byte
	for range n {
		before := c.rest
		if err := c.value(depth); err != nil {
			return err
		}
		key := before[:len(before)-len(c.rest)]
		if previous != nil && bytes.Compare(previous, key) >= 0 {
			return fmt.Errorf("%w: map keys out of order", ErrMalformed)
		}
		previous = key
		if err := c.value(depth); err != nil {
			return err
		}
	}
	return nil
}

// take consumes n bytes; n may be any number that the data claims.
func (c *checker) take(n uint64) ([]byte, error) {
	if n > uint64(len(c.rest)) {
		return nil, fmt.Errorf("%w: ends too early", ErrMalformed)
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b, nil
}
