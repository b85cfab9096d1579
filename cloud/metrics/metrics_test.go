package metrics

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/store/sqlite"
	"github.com/coffer-vault/coffer/crypto/id"
)

func text(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func wantLines(t *testing.T, m *Metrics, lines ...string) {
	t.Helper()
	got := text(t, m)
	for _, line := range lines {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("%q is missing in %s", line, got)
		}
	}
}

func TestRequests(t *testing.T) {
	m := New()
	m.Request("GET /v1/me", 200, 3*time.Millisecond)
	m.Request("GET /v1/me", 204, 3*time.Millisecond)
	m.Request("GET /v1/me", 503, time.Second)
	m.Request("GET /v1/events", 200, time.Hour)
	m.Request("", 429, 0)
	m.Request("/", 404, 0)
	wantLines(t, m,
		`coffer_http_requests_total{class="2xx",route="GET /v1/me"} 2`, `coffer_http_requests_total{class="5xx",route="GET /v1/me"} 1`,
		`coffer_http_requests_total{class="2xx",route="GET /v1/events"} 1`, `coffer_http_requests_total{class="4xx",route="other"} 2`,
		`coffer_http_request_seconds_bucket{route="GET /v1/me",le="0.005"} 2`, `coffer_http_request_seconds_count{route="GET /v1/me"} 3`)
	if strings.Contains(text(t, m), `coffer_http_request_seconds_count{route="GET /v1/events"}`) {
		t.Error("the time of a stream counts as that of a request")
	}
}

// senderFunc is a cloud.Sender.
type senderFunc func() error

func (f senderFunc) Send(context.Context, cloud.Mail) error { return f() }

func TestMails(t *testing.T) {
	m := New()
	wantLines(t, m, `coffer_mails_total{result="failed"} 0`) // before the first
	for _, err := range []error{nil, nil, errors.New("gone"), fmt.Errorf("%w: 550", cloud.ErrUndeliverable)} {
		if got := m.Sender(senderFunc(func() error { return err })).Send(t.Context(), cloud.Mail{To: "ada@example.org"}); !errors.Is(got, err) {
			t.Errorf("error %v became %v", err, got)
		}
	}
	wantLines(t, m, `coffer_mails_total{result="sent"} 2`, `coffer_mails_total{result="failed"} 1`, `coffer_mails_total{result="refused"} 1`)
	if strings.Contains(text(t, m), "example.org") {
		t.Error("an address is in the metrics")
	}
}

// repeating runs what it is given twice, as a store does after a conflict.
type repeating struct{ cloud.Store }

func (r repeating) Update(ctx context.Context, do func(cloud.Tx) error) error {
	return r.Store.Update(ctx, func(tx cloud.Tx) error { return errors.Join(do(tx), do(tx)) })
}

func TestTransactions(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := New()
	store := m.Store(repeating{db})
	nothing := func(cloud.Tx) error { return nil }
	if err := store.Update(t.Context(), nothing); err != nil {
		t.Fatal(err)
	}
	// A row that is not there is an answer.
	err = store.View(t.Context(), func(tx cloud.Tx) error { _, err := tx.Account(id.New()); return err })
	if !errors.Is(err, cloud.ErrNone) {
		t.Fatal(err)
	}
	wantLines(t, m, `coffer_store_retries_total{kind="update"} 1`, `coffer_store_failures_total{kind="update"} 0`, `coffer_store_failures_total{kind="view"} 0`,
		`coffer_store_transaction_seconds_count{kind="view"} 1`)
	// A database that is gone is none; whether it is noticed at the beginning or by a statement.
	if err := store.View(t.Context(), func(tx cloud.Tx) error { return errors.New("disk I/O error") }); err == nil {
		t.Error("no error")
	}
	db.Close()
	if store.Update(t.Context(), nothing) == nil {
		t.Error("a closed database took a transaction")
	}
	wantLines(t, m, `coffer_store_failures_total{kind="update"} 1`, `coffer_store_failures_total{kind="view"} 1`)
}
