package breach

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// suffixOf is what an answer has of a password.
func suffixOf(password string) string {
	return fmt.Sprintf("%X", sha1.Sum([]byte(password)))[prefixLength:]
}

var filler = strings.Repeat("0", suffixLength) + ":7"

// serve starts a server, and returns a client for it.
func serve(t *testing.T, handle http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	c, err := New(server.URL+"/", server.Client().Transport)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(t *testing.T, c *Client, password string) (int, error) {
	t.Helper()
	return c.Times(t.Context(), secret.FromString(password))
}

func TestOnlyThePrefixLeaves(t *testing.T) {
	var got *http.Request
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		http.SetCookie(w, &http.Cookie{Name: "track", Value: "1"})
		fmt.Fprintf(w, "%s\r\n%s:12\r\n", filler, suffixOf("password"))
	})
	for range 2 {
		if n, err := ask(t, c, "password"); n != 12 || err != nil {
			t.Fatal(n, err)
		}
		if got.Method != http.MethodGet || got.URL.Path != "/range/5BAA6" || got.URL.RawQuery != "" || got.ContentLength != 0 {
			t.Errorf("%s %s", got.Method, got.URL)
		}
		if got.Header.Get("Add-Padding") != "true" || got.Header.Get("User-Agent") != "Coffer" || got.Header.Get("Cookie") != "" {
			t.Errorf("%v", got.Header)
		}
		for name := range got.Header {
			switch name {
			case "Add-Padding", "User-Agent", "Accept-Encoding":
			default:
				t.Errorf("sends %s", name)
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	suffix := suffixOf("x")
	for name, c := range map[string]struct {
		status int
		body   string
		times  int
		err    error
	}{
		"found":              {200, filler + "\n" + suffix + ":3", 3, nil},
		"in small letters":   {200, strings.ToLower(suffix) + ":3\r\n", 3, nil},
		"padding":            {200, suffix + ":0\r\n" + filler, 0, nil},
		"not found":          {200, filler, 0, nil},
		"twice":              {200, suffix + ":3\n" + suffix + ":9\n", 9, nil},
		"empty":              {200, "", 0, ErrStrangeAnswer},
		"a page":             {200, "<html>Log in to the hotel</html>", 0, ErrStrangeAnswer},
		"half a page":        {200, filler + "\n<html>", 0, ErrStrangeAnswer},
		"short suffix":       {200, suffix[1:] + ":3", 0, ErrStrangeAnswer},
		"no hex":             {200, "Z" + suffix[1:] + ":3", 0, ErrStrangeAnswer},
		"no count":           {200, suffix + ":", 0, ErrStrangeAnswer},
		"negative":           {200, suffix + ":-3", 0, ErrStrangeAnswer},
		"endless count":      {200, suffix + ":" + strings.Repeat("9", 11), 0, ErrStrangeAnswer},
		"too many lines":     {200, strings.Repeat(filler+"\n", maxLines+1), 0, ErrStrangeAnswer},
		"only empty lines":   {200, strings.Repeat("\n", maxLines+1), 0, ErrStrangeAnswer},
		"an empty line":      {200, "\r\n", 0, ErrStrangeAnswer},
		"too long":           {200, strings.Repeat("0", maxAnswer+1), 0, ErrStrangeAnswer},
		"not there":          {404, filler, 0, ErrStrangeAnswer},
		"not modified":       {304, "", 0, ErrStrangeAnswer},
		"in trouble":         {500, filler, 0, ErrUnreachable},
		"nothing to be said": {204, "", 0, ErrStrangeAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				w.Write([]byte(c.body))
			})
			if n, err := ask(t, client, "x"); n != c.times || !errors.Is(err, c.err) {
				t.Errorf("%d, %v", n, err)
			}
		})
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") }))
	t.Cleanup(other.Close)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
	})
	if _, err := ask(t, c, "x"); !errors.Is(err, ErrStrangeAnswer) {
		t.Error(err)
	}
}

func TestBusyServer(t *testing.T) {
	for after, want := range map[string]time.Duration{
		"": time.Minute, "5": 5 * time.Second, "-1": time.Minute, "soon": time.Minute, "99999999": time.Hour, "99999999999999999999": time.Minute,
	} {
		c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := ask(t, c, "x")
		var busy *BusyError
		if !errors.As(err, &busy) || busy.RetryAfter != want {
			t.Errorf("%q: %v", after, err)
		}
	}
}

// meter counts what is read of answers, as it comes out of their compression.
type meter struct {
	http.RoundTripper
	read int
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := m.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = &metered{resp.Body, m}
	}
	return resp, err
}

type metered struct {
	io.ReadCloser
	meter *meter
}

func (b *metered) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter.read += n
	return n, err
}

// A small answer that unpacks to a large one takes no more memory than the largest that is read.
func TestCompressedAnswerIsBounded(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for range 64 {
		w.Write(make([]byte, 1<<20))
	}
	w.Close()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed.Bytes())
	})
	m := &meter{RoundTripper: c.http.Transport}
	c.http.Transport = m
	if _, err := ask(t, c, "x"); !errors.Is(err, ErrStrangeAnswer) {
		t.Error(err)
	}
	if m.read != maxAnswer+1 {
		t.Errorf("%d bytes were unpacked, want one more than the %d of an answer", m.read, maxAnswer)
	}
}

func TestErrorsSayNothingOfThePassword(t *testing.T) {
	c := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := ask(t, c, "password")
	if !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "5BAA6") {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Times(gone, secret.FromString("password")); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
}

func TestServers(t *testing.T) {
	for server, ok := range map[string]bool{
		Public: true, Public + "/": true, "https://hibp.example.com/mirror": true, "http://127.0.0.1:80": true, "http://localhost": true,
		"": false, "api.pwnedpasswords.com": false, "http://api.pwnedpasswords.com": false, "ftp://x.example": false, "https://": false,
		"https://user@x.example": false, "https://x.example?a=b": false, "https://x.example#a": false, "https:x": false, "https://a b": false,
	} {
		if _, err := New(server, nil); (err == nil) != ok || !ok && !errors.Is(err, ErrServer) {
			t.Errorf("%q: %v", server, err)
		}
	}
}

func FuzzFind(f *testing.F) {
	suffix := suffixOf("x")
	for _, seed := range []string{"", filler, suffix + ":3\r\n" + filler, suffix + ":0", suffix + ":", "<html>", "\r\n\r\n", suffix + ":99999999999"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		times, err := find(answer, []byte(suffix))
		switch {
		case err != nil && (times != 0 || !errors.Is(err, ErrStrangeAnswer)):
			t.Errorf("%d and %v", times, err)
		case times > 0 && !bytes.Contains(bytes.ToUpper(answer), []byte(suffix+":")):
			t.Error("found what is not there")
		}
	})
}
