package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/coffer-vault/coffer/cloud/store/sqlstore"
)

func TestPack(t *testing.T) {
	sender := bytes.Repeat([]byte{7}, senderSize)
	if payloads := pack(sender, nil); payloads != nil {
		t.Errorf("nothing to tell is %q", payloads)
	}
	var all [][]byte
	for i := range 300 {
		all = append(all, bytes.Repeat([]byte{byte(i)}, i))
	}
	var got [][]byte
	for _, payload := range pack(sender, all) {
		if len(payload) > maxPayload {
			t.Errorf("a payload of %d characters", len(payload))
		}
		from, messages := unpack(payload)
		if !bytes.Equal(from, sender) {
			t.Errorf("sender %x", from)
		}
		got = append(got, messages...)
	}
	if !reflect.DeepEqual(got, all) {
		t.Error("messages are not what was packed")
	}
}

// Anybody who may connect to the database can write to the channel.
func FuzzUnpack(f *testing.F) {
	f.Add(pack(make([]byte, senderSize), [][]byte{{1, 2}, {}, {3}})[0])
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, payload string) {
		sender, messages := unpack(payload)
		if len(messages) == 0 {
			return
		}
		if again := pack(sender, messages); len(again) == 1 && len(payload) <= maxPayload {
			from, read := unpack(again[0])
			if !bytes.Equal(from, sender) || !reflect.DeepEqual(read, messages) {
				t.Error("packed again it is something else")
			}
		}
	})
}

func TestJudge(t *testing.T) {
	for code, want := range map[string]sqlstore.Failure{
		"23505": sqlstore.Duplicate, "40001": sqlstore.Conflict, "40P01": sqlstore.Conflict, "57P01": sqlstore.Lost, "57P03": sqlstore.Lost,
		"08006": sqlstore.Lost, "53300": sqlstore.Lost, "0A000": sqlstore.Lost, "53100": sqlstore.Final, "42703": sqlstore.Final, "25006": sqlstore.Final, "57014": sqlstore.Final,
	} {
		if got := judge(fmt.Errorf("commit: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("%s: %v, want %v", code, got, want)
		}
	}
	for err, want := range map[error]sqlstore.Failure{
		io.ErrUnexpectedEOF: sqlstore.Lost, context.DeadlineExceeded: sqlstore.Final, context.Canceled: sqlstore.Final, errors.New("defect"): sqlstore.Final,
	} {
		if got := judge(err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

func TestAdapt(t *testing.T) {
	got := adapt("CREATE TABLE a (b TEXT NOT NULL, c BYTEA) WITHOUT ROWID;")
	if want := `CREATE TABLE a (b TEXT COLLATE "C" NOT NULL, c BYTEA);`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
