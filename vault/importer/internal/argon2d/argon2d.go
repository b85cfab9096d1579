// Package argon2d derives keys with Argon2d (RFC 9106), which KeePass uses and golang.org/x/crypto does not export. Its memory accesses
// depend on the password: it is for opening what other programs have made, on the user's own computer, and for nothing else.
package argon2d

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"

	"golang.org/x/crypto/blake2b"
)

const (
	version   = 0x13
	modeD     = 0
	slicesOf  = 4 // points of a pass where the lanes wait for each other
	blockSize = 1024
)

// Params are the cost, and what goes into the hash besides password and salt. Secret and Data may be empty.
type Params struct {
	Time, Memory, Threads uint32 // passes, KiB, lanes: all at least 1
	Secret, Data          []byte
}

// block is 1 KiB of the memory.
type block [blockSize / 8]uint64

// memory is the lanes one after the other.
type memory struct {
	blocks         []block
	lane, segment  uint32 // their lengths in blocks
	lanes, passes  uint32
	pass, sliceNow uint32
}

// Key derives size bytes. The caller has checked that the cost is one that the computer can bear.
func Key(password, salt []byte, p Params, size uint32) []byte {
	segment := max(p.Memory/(slicesOf*p.Threads), 2)
	m := &memory{segment: segment, lane: segment * slicesOf, lanes: p.Threads, passes: p.Time}
	m.blocks = make([]block, m.lane*m.lanes)
	defer clear(m.blocks)
	start := initial(password, salt, p, size)
	defer clear(start)
	for lane := range m.lanes {
		for i := range uint32(2) {
			seed := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(slices.Clone(start), i), lane)
			m.blocks[lane*m.lane+i].read(longHash(seed, blockSize))
		}
	}
	for m.pass = range m.passes {
		for m.sliceNow = range uint32(slicesOf) {
			m.fillSlice()
		}
	}
	final := m.blocks[m.lane-1]
	for lane := uint32(1); lane < m.lanes; lane++ {
		for i, word := range m.blocks[(lane+1)*m.lane-1] {
			final[i] ^= word
		}
	}
	return longHash(final.bytes(), int(size))
}

// initial is H0 of the RFC.
func initial(password, salt []byte, p Params, size uint32) []byte {
	var in []byte
	for _, n := range []uint32{p.Threads, size, p.Memory, p.Time, version, modeD} {
		in = binary.LittleEndian.AppendUint32(in, n)
	}
	for _, part := range [][]byte{password, salt, p.Secret, p.Data} {
		in = append(binary.LittleEndian.AppendUint32(in, uint32(len(part))), part...)
	}
	defer clear(in)
	sum := blake2b.Sum512(in)
	return sum[:]
}

// longHash is H' of the RFC: BLAKE2b of any length.
func longHash(in []byte, size int) []byte {
	in = append(binary.LittleEndian.AppendUint32(nil, uint32(size)), in...)
	defer clear(in)
	if size <= blake2b.Size {
		return short(in, size)
	}
	var out []byte
	v := short(in, blake2b.Size)
	for out = append(out, v[:32]...); size-len(out) > blake2b.Size; out = append(out, v[:32]...) {
		v = short(v, blake2b.Size)
	}
	return append(out, short(v, size-len(out))...)
}

func short(in []byte, size int) []byte {
	h, _ := blake2b.New(size, nil) // its errors are those of sizes and keys that are not asked for
	h.Write(in)
	return h.Sum(nil)
}

// fillSlice fills a quarter of every lane; the lanes do not depend on each other within it.
func (m *memory) fillSlice() {
	var all sync.WaitGroup
	for lane := range m.lanes {
		all.Go(func() { m.fillSegment(lane) })
	}
	all.Wait()
}

func (m *memory) fillSegment(lane uint32) {
	first := uint32(0)
	if m.pass == 0 && m.sliceNow == 0 {
		first = 2 // they are there from the beginning
	}
	for index := first; index < m.segment; index++ {
		column := m.sliceNow*m.segment + index
		before := lane*m.lane + (column+m.lane-1)%m.lane
		at := lane*m.lane + column
		m.blocks[at].mix(&m.blocks[before], &m.blocks[m.reference(lane, index, m.blocks[before][0])], m.pass > 0)
	}
}

// reference chooses the block to mix with (RFC 9106, 3.4): of its own lane any that is filled but the one before, of another lane what
// was filled before this slice.
func (m *memory) reference(lane, index uint32, random uint64) uint32 {
	other := uint32(random>>32) % m.lanes
	if m.pass == 0 && m.sliceNow == 0 {
		other = lane
	}
	area, start := uint64(3*m.segment), uint64((m.sliceNow+1)%slicesOf*m.segment)
	if m.pass == 0 {
		area, start = uint64(m.sliceNow*m.segment), 0
	}
	switch {
	case other == lane:
		area += uint64(index) - 1
	case index == 0:
		area--
	}
	j := random & 0xffffffff
	position := area - 1 - area*(j*j>>32)>>32
	return other*m.lane + uint32((start+position)%uint64(m.lane))
}

// mix is the compression function G; from the second pass on what was there stays in it.
func (b *block) mix(x, y *block, keep bool) {
	var r, z block
	for i := range r {
		r[i] = x[i] ^ y[i]
	}
	z = r
	for i := 0; i < len(z); i += 16 {
		permute(&z, i, 1, 2)
	}
	for i := 0; i < 16; i += 2 {
		permute(&z, i, 1, 16)
	}
	for i := range b {
		if keep {
			b[i] ^= r[i] ^ z[i]
		} else {
			b[i] = r[i] ^ z[i]
		}
	}
}

// permute is P on sixteen words: eight pairs, step apart.
func permute(b *block, at, next, step int) {
	w := func(n int) *uint64 { return &b[at+n/2*step+n%2*next] }
	for _, q := range [8][4]int{
		{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15}, {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14},
	} {
		quarter(w(q[0]), w(q[1]), w(q[2]), w(q[3]))
	}
}

func quarter(a, b, c, d *uint64) {
	*a = blend(*a, *b)
	*d = bits.RotateLeft64(*d^*a, -32)
	*c = blend(*c, *d)
	*b = bits.RotateLeft64(*b^*c, -24)
	*a = blend(*a, *b)
	*d = bits.RotateLeft64(*d^*a, -16)
	*c = blend(*c, *d)
	*b = bits.RotateLeft64(*b^*c, -63)
}

func blend(x, y uint64) uint64 { return x + y + 2*uint64(uint32(x))*uint64(uint32(y)) }

func (b *block) read(in []byte) {
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(in[8*i:])
	}
}

func (b *block) bytes() []byte {
	var out []byte
	for _, word := range b {
		out = binary.LittleEndian.AppendUint64(out, word)
	}
	return out
}
