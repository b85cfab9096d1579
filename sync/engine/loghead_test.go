package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/signing"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/wire"
)

// logServer shows an account log and takes no entry.
type logServer struct {
	emptyServer
	log  *chain.Log
	edit func(*wire.LogPage)
}

func (s logServer) Log(_ context.Context, since uint64) (wire.LogPage, error) {
	seq, hash := s.log.Head()
	page := wire.LogPage{HeadSeq: seq, HeadHash: hash[:]}
	for _, e := range s.log.Entries(int64(since)) {
		page.Entries = append(page.Entries, wire.SignedEntry{Entry: e.Entry, Signature: e.Signature})
	}
	if s.edit != nil {
		s.edit(&page)
	}
	return page, nil
}

func (logServer) AppendLog(context.Context, wire.SignedEntry) error {
	return &wire.Error{Code: wire.CodeBadEntry}
}

// The head that every page names is held against what this device has: a fork of the same length shows at once, and not with the next
// entry.
func TestEveryPageOfTheLogNamesItsHead(t *testing.T) {
	account, identity := id.New(), signing.Generate()
	log := chain.NewLog(account)
	enter := func(log *chain.Log, name string) *chain.Log {
		entry, err := log.Next(identity, 1, chain.EmailChange{Email: chain.EmailHash(account, name)})
		if log.Len() == 0 {
			entry, err = log.Next(identity, 1, chain.Genesis{Identity: identity.Public()})
		}
		if err == nil {
			err = log.Append(entry)
		}
		if err != nil {
			t.Fatal(err)
		}
		return log
	}
	enter(log, "genesis")
	before := log.Clone()
	enter(log, "mine")
	theirs := enter(before.Clone(), "theirs")
	longer := enter(theirs.Clone(), "more")
	ahead := enter(log.Clone(), "more")
	for name, c := range map[string]struct {
		server logServer
		want   error
	}{
		"the same":                  {logServer{log: log}, nil},
		"ahead":                     {logServer{log: ahead}, nil},
		"a fork of the same length": {logServer{log: theirs}, ErrLogForked},
		"a longer fork":             {logServer{log: longer}, ErrLogForked},
		"behind":                    {logServer{log: before}, ErrLogBehind},
		"no hash":                   {logServer{log: log, edit: func(p *wire.LogPage) { p.HeadHash = nil }}, chain.ErrMalformed},
		"entries withheld":          {logServer{log: ahead, edit: func(p *wire.LogPage) { p.Entries = nil }}, ErrWithheld},
	} {
		t.Run(name, func(t *testing.T) {
			e := &Engine{remote: c.server, id: id.New(), log: log.Clone()}
			err := e.pullLog(t.Context())
			var violation *Violation
			if !errors.Is(err, c.want) || errors.As(err, &violation) != (c.want != nil) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err := e.CatchUpLog(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("when it is caught up: %v, want %v", err, c.want)
			}
		})
	}
}
