package seal

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPaddedSize(t *testing.T) {
	for _, test := range []struct{ content, want int }{
		{0, 64}, {60, 64}, {61, 128}, {124, 128}, {125, 256}, {252, 256}, {253, 512}, {508, 512}, {509, 1024},
		{1020, 1024}, {1021, 2048}, {2044, 2048}, {2045, 4096}, {4092, 4096},
		{4093, 8192}, {8188, 8192}, {8189, 12288}, {12284, 12288}, {MaxPlaintext, 255 * 4096},
	} {
		if got := paddedSize(test.content); got != test.want {
			t.Errorf("%d bytes are padded to %d, not %d", test.content, got, test.want)
		}
	}
}

// What the length of an envelope says about its content, over all lengths up to
// 40,000: few classes, each wide, none wasteful.
func TestHistogramOfSizes(t *testing.T) {
	classes := make(map[int]int)
	last := 0
	for content := range 40_000 {
		size := paddedSize(content)
		if size < content+lengthSize || size < last {
			t.Fatalf("%d bytes are padded to %d after %d", content, size, last)
		}
		if size > paddingMin && size >= 2*(content+lengthSize) || size >= content+lengthSize+paddingStep {
			t.Fatalf("%d bytes are padded to %d: too much", content, size)
		}
		last = size
		classes[size]++
	}
	for size, count := range classes {
		if size < last && (count < 61 || size > 128 && size <= paddingStep && count != size/2 || size > paddingStep && count != paddingStep) {
			t.Errorf("size %d stands for %d lengths", size, count)
		}
	}
	if len(classes) != 7+9 {
		t.Errorf("%d classes", len(classes))
	}
}

// The length of an envelope is a function of its class alone.
func TestEnvelopeSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 10_000).Draw(t, "content")
		envelope, err := Seal(key, header, []byte(context), content)
		if err != nil || len(envelope) != overhead+paddedSize(len(content)) {
			t.Fatalf("%d bytes become %d, %v", len(content), len(envelope), err)
		}
		opened, err := Open(key, header, []byte(context), envelope)
		if err != nil || string(opened) != string(content) {
			t.Fatalf("%x opens as %x, %v", content, opened, err)
		}
	})
}

// sealPadded seals what Seal never would, as someone with the key could.
func sealPadded(padded []byte) []byte {
	envelope := append(header.append(nil), make([]byte, nonceSize)...)
	keys := derive(key, envelope, []byte(context))
	envelope = append(envelope, keys.commitment()...)
	return keys.aead().Seal(envelope, make([]byte, nonceSize), padded, additional(nil, envelope[:headerSize], []byte(context)))
}

func TestLargerThanTheLimit(t *testing.T) {
	opened, err := Open(key, header, []byte(context), sealPadded(appendPadded(nil, nil, 64)))
	if err != nil || len(opened) != 0 {
		t.Fatal("sealPadded does not seal", err)
	}
	content := MaxPlaintext + paddingStep
	envelope := sealPadded(appendPadded(nil, make([]byte, content), content+lengthSize))
	opened, err = Open(key, header, []byte(context), envelope)
	refused(t, "authentic, but too large", opened, err)
}

func TestPaddingIsChecked(t *testing.T) {
	good := appendPadded(nil, []byte("content"), 64)
	changed := func(i int, b byte) []byte {
		padded := append([]byte(nil), good...)
		padded[i] = b
		return padded
	}
	for _, test := range []struct {
		name   string
		padded []byte
		ok     bool
	}{
		{"as it should be", good, true},
		{"longer content", changed(3, 8), true},
		{"nothing", nil, false},
		{"half a length", good[:2], false},
		{"no padding", good[:11], false},
		{"one zero less", good[:63], false},
		{"one zero more", append(good[:64:64], 0), false},
		{"a class too large", append(good[:64:64], make([]byte, 64)...), false},
		{"last byte not zero", changed(63, 1), false},
		{"first byte after the content not zero", changed(11, 0x80), false},
		{"shorter content, so that a letter is padding", changed(3, 6), false},
		{"length beyond the end", changed(3, 61), false},
		{"length of another class", changed(2, 1), false},
		{"length of 2^31", changed(0, 0x80), false},
		{"length of 2^32-1", append([]byte{255, 255, 255, 255}, make([]byte, 60)...), false},
	} {
		opened, err := Open(key, header, []byte(context), sealPadded(test.padded))
		if test.ok && err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if !test.ok {
			refused(t, test.name, opened, err)
		}
	}
}

// FuzzUnpad: there is one padding of every content.
func FuzzUnpad(f *testing.F) {
	for _, content := range []int{0, 60, 61, 4093} {
		f.Add(appendPadded(nil, make([]byte, content), paddedSize(content)))
	}
	f.Add([]byte{0, 0, 0, 61})
	f.Fuzz(func(t *testing.T, padded []byte) {
		content, err := unpad(padded)
		if err != nil {
			refused(t, "fuzzed", content, err)
			return
		}
		if string(appendPadded(nil, content, paddedSize(len(content)))) != string(padded) {
			t.Errorf("%x unpads to %x, which is padded otherwise", padded, content)
		}
	})
}
