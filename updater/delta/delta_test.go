package delta

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The files of testdata, the patch being bsdiff 4.3's.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestApply(t *testing.T) {
	old, want, patch := fixture(t, "program-1.0.0"), fixture(t, "program-1.1.0"), fixture(t, "program.patch")
	got, err := Apply(old, patch, int64(len(want)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestPatchThatDoesNotFit(t *testing.T) {
	old, want, patch := fixture(t, "program-1.0.0"), fixture(t, "program-1.1.0"), fixture(t, "program.patch")
	length := func(at int, n uint64) []byte {
		changed := bytes.Clone(patch)
		binary.LittleEndian.PutUint64(changed[at:], n)
		return changed
	}
	for name, c := range map[string]struct {
		patch []byte
		size  int64
	}{
		"nothing":               {nil, int64(len(want))},
		"header alone":          {patch[:patchHeader], int64(len(want))},
		"half":                  {patch[:len(patch)/2], int64(len(want))},
		"no patch":              {old, int64(len(want))},
		"for another size":      {patch, int64(len(want)) + 1},
		"endless control block": {length(8, 1<<62), int64(len(want))},
		"endless differences":   {length(16, 1<<62), int64(len(want))},
		"lengths that overflow": {length(16, 1<<64-1), int64(len(want))},
		"endless result":        {length(24, 1<<40), int64(len(want))},
		"negative result":       {length(24, 1<<63|1), -1},
	} {
		if got, err := Apply(old, c.patch, c.size); !errors.Is(err, ErrPatch) || got != nil {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// FuzzApply finds no patch that panics, or makes more or less than was promised.
func FuzzApply(f *testing.F) {
	old, patch := fixture(f, "program-1.0.0"), fixture(f, "program.patch")
	size := int64(len(fixture(f, "program-1.1.0")))
	f.Add(patch)
	f.Add(patch[:patchHeader])
	f.Fuzz(func(t *testing.T, patch []byte) {
		if made, err := Apply(old, patch, size); err == nil && int64(len(made)) != size {
			t.Errorf("%d bytes", len(made))
		}
	})
}
