// Package attacks shows that the attacks of docs/threat-model.md fail: a malicious server drives the real client through the real
// HTTP client, and a thief works on the real files. The numbers in the names are those of the threat model.
package attacks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.LowerKDFCost()
	os.Exit(m.Run())
}

// liar stands between the real client and the real server, as a server that lies would: it changes answers and keeps a transcript
// of everything that the client sent.
type liar struct {
	mu   sync.Mutex
	sent bytes.Buffer
	asks []string // method and path of each request
	// answer replaces the body of a successful answer; nil leaves all as they are.
	answer func(path string, body []byte) []byte
}

func (l *liar) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	l.mu.Lock()
	l.asks = append(l.asks, req.Method+" "+req.URL.Path)
	fmt.Fprintf(&l.sent, "%s %s\n%v\n", req.Method, req.URL, req.Header)
	l.sent.Write(body)
	answer := l.answer
	l.mu.Unlock()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || answer == nil || resp.StatusCode/100 != 2 || strings.HasSuffix(req.URL.Path, "/events") {
		return resp, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	data = answer(req.URL.Path, data)
	resp.Body = io.NopCloser(bytes.NewReader(data))
	resp.ContentLength = int64(len(data))
	resp.Header.Del("Content-Length")
	return resp, nil
}

// lie sets what the liar answers from now on.
func (l *liar) lie(answer func(path string, body []byte) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = answer
}

func (l *liar) transcript() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.sent.Bytes())
}

func (l *liar) requests() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.asks)
}

// onPath limits a lie to the paths that end so.
func onPath(suffix string, edit func(v any) any) func(string, []byte) []byte {
	return func(path string, body []byte) []byte {
		if !strings.HasSuffix(path, suffix) {
			return body
		}
		return reencode(body, edit)
	}
}

func reencode(body []byte, edit func(v any) any) []byte {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return body
	}
	out, err := json.Marshal(edit(v))
	if err != nil {
		panic(err)
	}
	return out
}

// field is the place of a scalar in a JSON value.
type field []any // string keys and int indexes

func (f field) String() string {
	var b strings.Builder
	for _, step := range f {
		fmt.Fprintf(&b, ".%v", step)
	}
	return b.String()
}

// fields lists the scalars of a JSON value. Of long lists the first, the middle and the last element stand for the rest.
func fields(v any, at field) []field {
	switch v := v.(type) {
	case map[string]any:
		var all []field
		for k, x := range v {
			all = append(all, fields(x, append(slices.Clone(at), k))...)
		}
		return all
	case []any:
		var all []field
		for i, x := range v {
			if i == 0 || i == len(v)/2 || i == len(v)-1 {
				all = append(all, fields(x, append(slices.Clone(at), i))...)
			}
		}
		return all
	}
	return []field{at}
}

// edit replaces the value at f by what change makes of it.
func edit(v any, f field, change func(any) any) any {
	if len(f) == 0 {
		return change(v)
	}
	switch step := f[0].(type) {
	case string:
		if m, ok := v.(map[string]any); ok {
			m[step] = edit(m[step], f[1:], change)
		}
	case int:
		if s, ok := v.([]any); ok && step < len(s) {
			s[step] = edit(s[step], f[1:], change)
		}
	}
	return v
}

// alter makes another plausible value of the same type: one bit of a binary or a text, one more of a number.
func alter(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" {
			return "x"
		}
		b := []byte(v)
		i := len(b) / 2
		if b[i] == 'A' {
			b[i] = 'B'
		} else if b[i] == '0' {
			b[i] = '1'
		} else if b[i] >= 'a' && b[i] <= 'f' {
			b[i] = '0'
		} else {
			b[i] = 'A'
		}
		return string(b)
	case json.Number:
		n, _ := v.Int64()
		return n + 1
	case bool:
		return !v
	}
	return "x"
}

// null makes the value missing.
func null(any) any { return nil }
