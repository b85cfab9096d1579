package transfer

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestInOrder(t *testing.T) {
	tables := []table{{name: "chunks", refers: []string{"attachments"}}, {name: "attachments", refers: []string{"vaults"}}, {name: "vaults", refers: []string{"vaults"}}}
	ordered, err := inOrder(tables)
	if err != nil || ordered[0].name != "vaults" || ordered[1].name != "attachments" || ordered[2].name != "chunks" {
		t.Errorf("%+v, %v", ordered, err)
	}
	if _, err := inOrder([]table{{name: "a", refers: []string{"b"}}, {name: "b", refers: []string{"a"}}}); err == nil {
		t.Error("a circle has an order")
	}
}

// No two rows have the same bytes, however their values touch.
func TestEncode(t *testing.T) {
	rows := [][]any{
		{}, {nil}, {""}, {[]byte{}}, {int64(0)}, {"a", "b"}, {"ab", ""}, {"", "ab"}, {[]byte("ab"), ""}, {int64(1), nil}, {nil, int64(1)}, {"i"}, {nil, nil},
	}
	for i, a := range rows {
		for j, b := range rows {
			x, errX := encode(a)
			y, errY := encode(b)
			if err := errors.Join(errX, errY); err != nil || bytes.Equal(x, y) != (i == j) {
				t.Errorf("%v and %v: %x, %x, %v", a, b, x, y, err)
			}
		}
	}
	if _, err := encode([]any{time.Now()}); err == nil {
		t.Error("a type that the schema does not have was taken")
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		want, got []any
		same      bool
	}{
		{[]any{"a", int64(1)}, []any{"a", int64(1)}, true},
		{[]any{"a", int64(1)}, []any{"a", int64(2)}, false},
		{[]any{"a"}, nil, false},
		{nil, []any{"a"}, false},
		{nil, nil, true},
	} {
		if _, err := same(c.want, c.got); (err == nil) != c.same || err != nil && !errors.Is(err, ErrDiffers) {
			t.Errorf("%v and %v: %v", c.want, c.got, err)
		}
	}
}
