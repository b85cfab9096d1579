package enrolment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// The payload is one map in core deterministic CBOR (RFC 8949 §4.2.1), {1: version, 2: domain, 3: organization, 4: name, 5: language,
// 6: serial, 7: last day}, all of it always there. That is little enough to be written here: the general codec, which the keys of the
// map would need less than its limits and options, is not for a service with the highest rights.
const (
	majorUint, majorBytes, majorText, majorMap = 0 << 5, 2 << 5, 3 << 5, 5 << 5

	fields = 7
)

// Payload is what is signed.
func (t Token) Payload() []byte {
	p := appendHead(nil, majorMap, fields)
	p = appendHead(append(p, 1), majorUint, version)
	p = appendString(append(p, 2), majorText, []byte(t.Domain))
	p = appendString(append(p, 3), majorBytes, t.Organization[:])
	p = appendString(append(p, 4), majorText, []byte(t.Name))
	p = appendString(append(p, 5), majorText, []byte(t.Language))
	p = appendString(append(p, 6), majorBytes, t.Serial[:])
	return appendString(append(p, 7), majorText, []byte(t.LastDay))
}

// appendHead writes lengths up to 65,535; a token that long has no Text.
func appendHead(dst []byte, major byte, n int) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	}
	return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
}

func appendString(dst []byte, major byte, s []byte) []byte {
	return append(appendHead(dst, major, len(s)), s...)
}

// parsePayload reads what Payload writes. It writes it again and compares, so that one token has one encoding.
func parsePayload(data []byte) (Token, error) {
	r := reader{rest: data}
	if n := r.head(majorMap); n != fields {
		return Token{}, errPayload
	}
	var t Token
	r.key(1)
	if v := r.head(majorUint); !r.bad && v != version {
		return Token{}, fmt.Errorf("%w: it is of version %d, which this program does not know", ErrToken, v)
	}
	r.key(2)
	t.Domain = r.text()
	r.key(3)
	t.Organization = r.id()
	r.key(4)
	t.Name = r.text()
	r.key(5)
	t.Language = r.text()
	r.key(6)
	t.Serial = r.id()
	r.key(7)
	t.LastDay = r.text()
	if r.bad || !bytes.Equal(t.Payload(), data) {
		return Token{}, errPayload
	}
	return t, nil
}

var errPayload = fmt.Errorf("%w: what it says is damaged", ErrToken)

// reader takes one value after the other; after the first that is not what was asked for, all are zero.
type reader struct {
	rest []byte
	bad  bool
}

// key takes the next key of the map.
func (r *reader) key(want byte) {
	if b := r.take(1); !r.bad && b[0] != want {
		r.bad = true
	}
}

// head takes an initial byte of one major type, and its argument.
func (r *reader) head(major byte) int {
	initial := r.take(1)
	if r.bad || initial[0]&0xe0 != major {
		r.bad = true
		return 0
	}
	switch info := initial[0] & 0x1f; {
	case info < 24:
		return int(info)
	case info == 24:
		return number(r.take(1))
	case info == 25:
		return number(r.take(2))
	}
	r.bad = true
	return 0
}

// number is a big-endian integer of at most two bytes; 0 for none.
func number(b []byte) (n int) {
	for _, digit := range b {
		n = n<<8 | int(digit)
	}
	return n
}

func (r *reader) text() string {
	s := r.take(r.head(majorText))
	if !utf8.Valid(s) {
		r.bad = true
	}
	return string(s)
}

func (r *reader) id() (id [16]byte) {
	if s := r.take(r.head(majorBytes)); len(s) == len(id) {
		return [16]byte(s)
	}
	r.bad = true
	return id
}

// take returns n bytes, or none where there are fewer: n is what the data claims.
func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.rest) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}
