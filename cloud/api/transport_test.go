package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/cloud/api"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/sync/wire"
)

// hurried serves a server's API a second time, on a port of its own, with read deadlines a thousandth as long.
func hurried(t *testing.T, s *testkit.Server) (address string) {
	t.Helper()
	server := api.New(api.Config{
		Cloud: s.Cloud, Origin: s.Origin, Limits: s.Limits, Ready: func(context.Context) error { return nil }, Now: s.Clock.Now, Log: s.Log,
	}).HTTP()
	server.ReadTimeout /= 1000
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// Whoever announces a body and never sends it must not hold a connection for ever, also where nobody wants to read it. An event
// stream, which lives longer than any body may take, goes on.
func TestBodiesThatNeverCome(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	address := hurried(t, s)
	req := d.request("GET", "/v1/events", d.session.AccessToken, nil)
	req.URL.Host = address
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("stream: %v, %v", resp, err)
	}
	defer resp.Body.Close()
	for _, line := range []string{"POST /nowhere", "GET /healthz", "GET /v1/me", "POST /v1/vaults/" + d.vault.String() + "/commits"} {
		t.Run(line, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", line)
			conn.SetReadDeadline(time.Now().Add(3 * time.Minute))
			// The end of the connection, with an answer before it or without.
			if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
				t.Error("the server still waits")
			}
		})
	}
	d.push(d.put(64, id.New())).ok(t)
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), d.vault.String()) {
			return
		}
	}
	t.Error("the event stream ended")
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// A server whose clock was wrong when it started, and is then put right, goes on as after a restart: clients are told the time.
func TestClockIsSetBack(t *testing.T) {
	s := testkit.Cloud(t)
	s.Clock.Advance(24 * time.Hour)
	s.Restart()
	closeIdle()
	d := signUp(t, s, "ada@example.org").first
	s.Clock.Advance(-24 * time.Hour)
	first := d.call("GET", "/v1/me", nil, nil)
	if first.status != 200 && first.err.Code != wire.CodeClockSkew {
		t.Errorf("%d %s", first.status, first.err.Code)
	}
	d.call("GET", "/v1/me", nil, nil).ok(t)
}

// Pages that an account asks for at the same moment are made a few at a time. Neither small requests nor other accounts wait for them.
func TestHeavyRequestsTakeTurns(t *testing.T) {
	const atOnce, asked = 4, 8
	s := testkit.Cloud(t)
	d, other := signUp(t, s, "ada@example.org").first, signUp(t, s, "bob@example.org").first
	entered, release, answers := make(chan bool, 2*asked), make(chan bool), make(chan wire.Code, 2*asked)
	s.Hook = func(statement string) error {
		if strings.Contains(statement, "FROM objects") {
			entered <- true
			<-release
		}
		return nil
	}
	s.Restart()
	closeIdle()
	ask := func(d *device) {
		req := d.inSession("GET", d.vaultPath("/objects"), nil)
		go func() { answers <- answerTo(t, req) }()
	}
	left := asked + 1
	// answered takes an answer, which a machine that is slow enough has before its page is made.
	answered := func(code wire.Code, made bool) {
		if left--; code != wire.CodeSlowDown && (code != "" || !made) {
			t.Errorf("answered %q", code)
		}
	}
	enter := func() {
		for {
			select {
			case <-entered:
				return
			case code := <-answers:
				if answered(code, false); t.Failed() {
					close(release)
					t.FailNow()
				}
			}
		}
	}
	for range asked {
		ask(d)
	}
	for range atOnce {
		enter()
	}
	d.call("GET", "/v1/me", nil, nil).ok(t)
	ask(other)
	enter()
	if n := len(entered); n > 0 {
		t.Errorf("%d pages more are made at a time", n)
	}
	close(release)
	for left > 0 {
		answered(<-answers, true)
	}
}

// Names of fields are compared exactly: a body with "email" and "Email" would say two things, and which of them counts would depend on
// their order.
func TestNamesOfFieldsAreExact(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	mails := len(s.Mails())
	for _, body := range []string{`{"Email":"eve@example.org"}`, `{"email":"eve@example.org","Email":"mallory@example.org"}`, `{"EMAIL":"mallory@example.org","email":"eve@example.org"}`} {
		send(t, d.unsigned("POST", "/v1/signup/start", []byte(body)), nil).want(t, 400, wire.CodeInvalid)
	}
	if n := len(s.Mails()); n != mails {
		t.Errorf("%d mails were sent", n-mails)
	}
	// What is read before the schema is looked at, who signs, comes to nothing either.
	body, err := json.Marshal(newUser(t, s, "eve@example.org").finish(randomBytes(32)))
	if err != nil {
		t.Fatal(err)
	}
	twice := append([]byte(`{"Account_ID":"`+d.account.String()+`",`), body[1:]...)
	send(t, d.byKey("POST", "/v1/signup/finish", twice), nil).want(t, 400, wire.CodeInvalid)
	wantPushExact(t, d)
}

// wantPushExact looks at the one body that is not compared with its schema.
func wantPushExact(t *testing.T, d *device) {
	t.Helper()
	c := d.put(64, id.New())
	in := d.signed(c)
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"commit", "envelopes", "object_id"} {
		other := bytes.Replace(body, []byte(`"`+name+`"`), []byte(`"`+strings.ToUpper(name)+`"`), 1)
		d.call("POST", d.vaultPath("/commits"), other, nil).want(t, 400, wire.CodeInvalid)
	}
	d.call("POST", d.vaultPath("/commits"), append([]byte(`{"extra":0,`), body[1:]...), nil).want(t, 400, wire.CodeInvalid)
	d.call("POST", d.vaultPath("/commits"), body, nil).ok(t)
	d.accept(in, c.changes)
}

// A path that is not spelled as it should be is not found: there is no redirect to the right spelling.
func TestNoRedirects(t *testing.T) {
	s := testkit.Cloud(t)
	for _, path := range []string{"/v1//me", "//v1/me", "/v1/../v1/me", "/v1/./me", "/v1/me/"} {
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", path, resp.StatusCode, resp.Header)
		}
	}
}

// Bodies that grow when they are read: one that is compressed is taken as the bytes that it is, and depth costs no more than length.
func TestBodiesThatGrow(t *testing.T) {
	s := testkit.Cloud(t)
	d := signUp(t, s, "ada@example.org").first
	mails := len(s.Mails())
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprintf(z, `{"email":"eve@example.org","language":"en"}%s`, strings.Repeat(" ", 4<<20))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	deep := func(open, end string, n int) []byte {
		return []byte(`{"email":` + strings.Repeat(open, n) + strings.Repeat(end, n) + `}`)
	}
	for name, body := range map[string][]byte{
		"compressed": packed.Bytes(), "lists in lists": deep("[", "]", 5000), "objects in objects": deep(`{"email":`, "}", 1500), "never closed": deep("[", "", 15000),
		"a number of many digits": []byte(`{"email":1` + strings.Repeat("0", 15000) + `}`), "an exponent": []byte(`{"email":1e999999999}`),
	} {
		for _, header := range []string{"Content-Encoding", "Transfer-Encoding", "X-None"} {
			unsigned := d.unsigned("POST", "/v1/signup/start", body)
			unsigned.Header.Set(header, "gzip")
			if r := send(t, unsigned, nil); r.status != 400 && r.status != 413 || len(r.body) > 4096 {
				t.Errorf("%s, %s: %d, an answer of %d bytes", name, header, r.status, len(r.body))
			}
			signed := d.inSession("POST", d.vaultPath("/commits"), body)
			signed.Header.Set(header, "gzip")
			if r := send(t, signed, nil); r.status != 400 && r.status != 413 || len(r.body) > 4096 {
				t.Errorf("%s, %s, a commit: %d, an answer of %d bytes", name, header, r.status, len(r.body))
			}
		}
	}
	if n := len(s.Mails()); n != mails {
		t.Errorf("%d mails were sent", n-mails)
	}
	d.push(d.put(64, id.New())).ok(t)
}
