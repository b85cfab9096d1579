package remote

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/sync/wire"
)

var (
	before1970 = time.Date(1969, 12, 31, 16, 0, 0, 0, time.UTC) // midnight of 1 January 1970, set as the local time of Singapore
	in1970     = time.Date(1970, 1, 1, 0, 0, 10, 0, time.UTC)
	in2026     = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	in2100     = time.Date(2100, 6, 1, 0, 0, 0, 0, time.UTC)
)

// judge is a server whose clock is at now: it has tokens of ten minutes, and refuses requests that are more than two minutes off.
type judge struct {
	now       func() time.Time
	refreshes int
	expires   int64 // of the newest token
	refused   []wire.Code
}

func (j *judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := j.now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	sent, err := strconv.ParseInt(r.Header.Get(wire.HeaderTime), 10, 64)
	switch off := time.UnixMilli(sent).Sub(now).Abs(); {
	case err != nil || sent < 0:
		j.refuse(w, r, 400, `{"code":"invalid"}`, wire.CodeInvalid)
	case off > 2*time.Minute:
		j.refuse(w, r, 401, fmt.Sprintf(`{"code":"clock_skew","server_time":%d}`, now.UnixMilli()), wire.CodeClockSkew)
	case r.URL.Path == "/v1/sessions/refresh":
		j.refreshes++
		j.expires = now.Add(10 * time.Minute).UnixMilli()
		answer(200, asJSON, fmt.Sprintf(`{"access_token":"bmV3","access_expires":%d,"refresh_token":"bmV3"}`, j.expires))(w, r)
	case now.UnixMilli() >= j.expires:
		j.refuse(w, r, 401, `{"code":"session_ended"}`, wire.CodeSessionEnded)
	default:
		answer(200, asJSON, `{}`)(w, r)
	}
}

func (j *judge) refuse(w http.ResponseWriter, r *http.Request, status int, body string, code wire.Code) {
	j.refused = append(j.refused, code)
	answer(status, asJSON, body)(w, r)
}

// Wherever the clock of this computer stands or jumps to, a session goes on. It costs one refused request for each jump, and a renewal
// where the token seems to be over.
func TestASessionOutlivesAWrongClock(t *testing.T) {
	for name, clocks := range map[string][]time.Time{
		"right":               {in2026, in2026.Add(time.Minute)},
		"before 1970":         {before1970, before1970.Add(time.Minute)},
		"1970":                {in1970, in1970.Add(time.Minute)},
		"2100":                {in2100, in2100.Add(time.Minute)},
		"back by years":       {in2026, in1970, in1970.Add(time.Minute)},
		"forward by years":    {in2026, in2100, in2100.Add(time.Minute)},
		"there and back":      {in2026, in2100, in2026, before1970, in2026},
		"put right":           {in1970, in2026, in2026.Add(time.Minute)},
		"over by its own age": {in2026, in2026.Add(11 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			server := &judge{now: func() time.Time { return in2026 }}
			http := httptest.NewServer(server)
			defer http.Close()
			now := clocks[0]
			c, err := NewClient(http.URL, nil, func() time.Time { return now })
			if err != nil {
				t.Fatal(err)
			}
			s := c.Session(someSigner(), wire.Session{RefreshToken: []byte("x")}, Hooks{Keep: func(wire.Session) error { return nil }})
			for i, at := range clocks {
				now = at
				before := len(server.refused)
				if _, err := s.Me(t.Context()); err != nil {
					t.Fatalf("at %v: %v", at, err)
				}
				if n := len(server.refused) - before; n > 1 {
					t.Errorf("step %d: %d requests were refused: %v", i, n, server.refused)
				}
				if want := in2026.Sub(at); (c.Ahead()-want).Abs() > 2*time.Second && want.Abs() > agreed {
					t.Errorf("the server's clock is said to be %v ahead, want %v", c.Ahead(), want)
				}
			}
			for _, code := range server.refused {
				if code != wire.CodeClockSkew {
					t.Errorf("refused as %s", code)
				}
			}
			if server.refreshes > len(clocks) {
				t.Errorf("%d renewals", server.refreshes)
			}
		})
	}
}

// A server whose clock jumps is followed too.
func TestASessionOutlivesAServersJumps(t *testing.T) {
	at := in2026
	server := &judge{now: func() time.Time { return at }}
	http := httptest.NewServer(server)
	defer http.Close()
	c, err := NewClient(http.URL, nil, func() time.Time { return in2026 })
	if err != nil {
		t.Fatal(err)
	}
	s := c.Session(someSigner(), wire.Session{RefreshToken: []byte("x")}, Hooks{Keep: func(wire.Session) error { return nil }})
	for _, jump := range []time.Time{in2026, in2100, in1970, in2026} {
		at = jump
		if _, err := s.Me(t.Context()); err != nil {
			t.Errorf("at %v: %v", jump, err)
		}
	}
}

// A difference is told where it is one: not that of a second, not from an answer that took its time, not where no time is named.
func TestTheServersTimeIsTold(t *testing.T) {
	date := in2026.Format(http.TimeFormat)
	for _, c := range []struct {
		date          string
		before, after time.Time
		want          time.Duration
	}{
		{date, in2026, in2026, 0},
		{date, in2026.Add(20 * time.Second), in2026.Add(22 * time.Second), 0},
		{date, in2026.Add(40 * time.Second), in2026.Add(42 * time.Second), -40500 * time.Millisecond},
		{date, in2026.Add(-time.Hour), in2026.Add(-time.Hour), time.Hour + 500*time.Millisecond},
		{date, in2026.Add(-time.Hour), in2026.Add(-time.Hour).Add(5 * time.Second), 0}, // too slow
		{date, in2026.Add(-time.Hour), in2026.Add(-2 * time.Hour), 0},                  // set back meanwhile
		{"", in1970, in1970, 0},
		{"yesterday", in1970, in1970, 0},
	} {
		client := &Client{}
		client.clock.note(http.Header{"Date": {c.date}}, c.before, c.after)
		if got := client.Ahead(); got != c.want {
			t.Errorf("%q between %v and %v: %v ahead, want %v", c.date, c.before, c.after, got, c.want)
		}
		if local := client.Local(in2026.UnixMilli()); !local.Equal(in2026.Add(-c.want)) {
			t.Errorf("%q: %v by this clock", c.date, local)
		}
	}
}

// A certificate that is not valid at this computer's time is said to be just that, and that the server is not reached.
func TestACertificateOfAnotherTime(t *testing.T) {
	server := httptest.NewTLSServer(answer(200, asJSON, `{}`))
	server.Config.ErrorLog = nil
	defer server.Close()
	known := x509.NewCertPool()
	known.AddCert(server.Certificate())
	for at, want := range map[time.Time]bool{before1970: true, server.Certificate().NotBefore.Add(time.Hour): false, in2100: true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known, Time: func() time.Time { return at }}}
		c, err := NewClient(server.URL, transport, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Lookup(t.Context(), [32]byte{})
		if errors.Is(err, ErrCertificateTime) != want || want && !errors.Is(err, ErrUnreachable) {
			t.Errorf("at %v: %v", at, err)
		}
		transport.CloseIdleConnections()
	}
}
