package sqlite

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
)

func TestEditLocal(t *testing.T) {
	s, path := create(t)
	ctx := context.Background()
	edit := func(before string, after []byte, err error) error {
		return s.EditLocal(ctx, "n", func(sealed []byte) ([]byte, error) {
			if string(sealed) != before || (sealed == nil) != (before == "") {
				t.Errorf("given %q, want %q", sealed, before)
			}
			return after, err
		})
	}
	refused := errors.New("refused")
	if err := errors.Join(edit("", []byte("one"), nil), edit("one", []byte("two"), nil)); err != nil {
		t.Fatal(err)
	}
	if err := edit("two", []byte("three"), refused); !errors.Is(err, refused) {
		t.Error(err)
	}
	s = reopen(t, s, path)
	if err := edit("two", nil, nil); err != nil {
		t.Error(err)
	}
	if _, found, err := s.Local(ctx, "n"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

// Two edits at once: neither is lost.
func TestEditsOfALocalValueAtOnce(t *testing.T) {
	s, _ := create(t)
	ctx := context.Background()
	const each = 10
	count := func() {
		for range each {
			err := s.EditLocal(ctx, "count", func(sealed []byte) ([]byte, error) {
				n, _ := strconv.Atoi(string(sealed))
				return strconv.AppendInt(nil, int64(n+1), 10), nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
	var both sync.WaitGroup
	both.Go(count)
	both.Go(count)
	both.Wait()
	if value, _, err := s.Local(ctx, "count"); string(value) != strconv.Itoa(2*each) || err != nil {
		t.Errorf("%q, %v", value, err)
	}
}
