package remote

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/sync/wire"
)

func sessionOf(c *Client) *Session {
	return c.Session(someSigner(), tokens("t", time.Now().Add(time.Hour)), Hooks{Keep: func(wire.Session) error { return nil }})
}

// A chunk travels as it is, under the device's signature.
func TestChunkTravelsAsItIs(t *testing.T) {
	s, vault, attachment, sealed := someSigner(), id.New(), id.New(), bytes.Repeat([]byte{0, '"', 0xff}, 100)
	var c *Client
	c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if media := r.Header.Get("Content-Type"); media != "" && media != octets || (media != "") != (len(body) > 0) {
			t.Errorf("%d bytes of type %q", len(body), media)
		}
		// check is of requests in JSON; what it verifies is the same.
		r.Body, r.Header["Content-Type"] = io.NopCloser(bytes.NewReader(body)), []string{asJSON}
		check(t, c.Origin(), s, r, []byte("t"))
		want := "/v1/vaults/" + vault.String() + "/attachments/" + attachment.String() + "/chunks/7"
		switch {
		case r.Method == "PUT" && r.URL.RequestURI() == want+"?count=9" && bytes.Equal(body, sealed):
			w.WriteHeader(http.StatusNoContent)
		case r.Method == "GET" && r.URL.RequestURI() == want:
			answer(200, octets, string(sealed))(w, r)
		default:
			t.Errorf("%s %s with %d bytes", r.Method, r.URL, len(body))
		}
	})
	session := c.Session(s, tokens("t", time.Now().Add(time.Hour)), Hooks{})
	if err := session.PutChunk(t.Context(), vault, attachment, 7, 9, sealed); err != nil {
		t.Error(err)
	}
	if got, err := session.Chunk(t.Context(), vault, attachment, 7); err != nil || !bytes.Equal(got, sealed) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// What is no chunk is never handed on, and no more is read than one can have.
func TestStrangeChunks(t *testing.T) {
	for name, c := range map[string]struct {
		handler  http.HandlerFunc
		get, put error // nil: accepted
	}{
		"a chunk":             {answer(200, octets, "sealed"), nil, ErrStrangeAnswer},
		"no content":          {answer(204, "", ""), ErrStrangeAnswer, nil},
		"the largest":         {answer(200, octets, strings.Repeat("x", wire.MaxEnvelope)), nil, ErrStrangeAnswer},
		"a byte too long":     {answer(200, octets, strings.Repeat("x", wire.MaxEnvelope+1)), ErrStrangeAnswer, ErrStrangeAnswer},
		"endless":             {endless, ErrStrangeAnswer, ErrStrangeAnswer},
		"cut off":             {cutOff, ErrUnreachable, ErrUnreachable},
		"JSON":                {answer(200, asJSON, "{}"), ErrStrangeAnswer, ErrStrangeAnswer},
		"a page of a hotel":   {answer(200, "text/html", "<html>"), ErrStrangeAnswer, ErrStrangeAnswer},
		"no content type":     {answer(200, "", "sealed"), ErrStrangeAnswer, ErrStrangeAnswer},
		"created":             {answer(201, octets, "sealed"), ErrStrangeAnswer, ErrStrangeAnswer},
		"a part":              {answer(206, octets, "sealed"), ErrStrangeAnswer, ErrStrangeAnswer},
		"a redirect":          {answer(302, octets, "sealed"), ErrStrangeAnswer, ErrStrangeAnswer},
		"an error as a chunk": {answer(404, octets, "sealed"), ErrStrangeAnswer, ErrStrangeAnswer},
		"a proxy's error":     {answer(502, "text/html", "<h1>Bad gateway"), ErrUnreachable, ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			s := sessionOf(serve(t, c.handler))
			if got, err := s.Chunk(t.Context(), id.New(), id.New(), 0); !errors.Is(err, c.get) || (err != nil && got != nil) {
				t.Errorf("get: %d bytes, %v; want %v", len(got), err, c.get)
			}
			if err := s.PutChunk(t.Context(), id.New(), id.New(), 0, 1, []byte("sealed")); !errors.Is(err, c.put) {
				t.Errorf("put: %v, want %v", err, c.put)
			}
		})
	}
}

func TestQuotaKeepsItsNumbers(t *testing.T) {
	s := sessionOf(serve(t, answer(413, asJSON, `{"code":"quota_exceeded","limit":2147483648,"used":2147483000}`)))
	err := s.PutChunk(t.Context(), id.New(), id.New(), 0, 1, []byte("sealed"))
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.CodeQuotaExceeded || e.Limit != 2<<30 || e.Used != 2147483000 {
		t.Errorf("got %v", err)
	}
}

// Whoever asks which chunks are there may use the answer as indexes.
func TestChunkLists(t *testing.T) {
	for text, want := range map[string]struct {
		count   int
		present []int // nil: refused
	}{
		`{"count":0,"present":[]}`:                {0, []int{}},
		`{"count":3,"present":[0,2]}`:             {3, []int{0, 2}},
		`{"count":101,"present":[100]}`:           {101, []int{100}},
		`{"count":102,"present":[]}`:              {0, nil},
		`{"count":-1,"present":[]}`:               {0, nil},
		`{"count":0,"present":[0]}`:               {0, nil},
		`{"count":3,"present":[3]}`:               {0, nil},
		`{"count":3,"present":[-1]}`:              {0, nil},
		`{"count":3,"present":[1,1]}`:             {0, nil},
		`{"count":3,"present":[2,1]}`:             {0, nil},
		`{"count":9e99,"present":[]}`:             {0, nil},
		`{"count":1000000000,"present":[999999]}`: {0, nil},
	} {
		count, present, err := sessionOf(serve(t, answer(200, asJSON, text))).Chunks(t.Context(), id.New(), id.New())
		if count != want.count || !slices.Equal(present, want.present) || errors.Is(err, ErrStrangeAnswer) != (want.present == nil) {
			t.Errorf("%s: %d, %v, %v", text, count, present, err)
		}
	}
}

// A chunk is sent again, once, with the server's time or with a new token.
func TestChunkIsSentAgain(t *testing.T) {
	ahead := time.Now().Add(3 * time.Hour).UnixMilli()
	asked := map[string]int{}
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked[r.Method]++
		sent, _ := strconv.ParseInt(r.Header.Get(wire.HeaderTime), 10, 64)
		switch {
		case sent < ahead:
			answer(401, asJSON, fmt.Sprintf(`{"code":"clock_skew","server_time":%d}`, ahead))(w, r)
		case r.URL.Path == "/v1/sessions/refresh":
			data, _ := json.Marshal(tokens("new", time.Now().Add(9*time.Hour)))
			answer(200, asJSON, string(data))(w, r)
		case r.Header.Get("Authorization") != "Bearer "+base64.RawURLEncoding.EncodeToString([]byte("new")):
			answer(401, asJSON, `{"code":"session_ended"}`)(w, r)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
	s := c.Session(someSigner(), tokens("old", time.Now().Add(9*time.Hour)), Hooks{Keep: func(wire.Session) error { return nil }})
	if err := s.PutChunk(t.Context(), id.New(), id.New(), 0, 1, []byte("sealed")); err != nil || asked["PUT"] != 3 {
		t.Errorf("%d times, %v", asked["PUT"], err)
	}
	never := sessionOf(serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked["never"]++
		answer(401, asJSON, `{"code":"session_ended"}`)(w, r)
	}))
	if err := never.PutChunk(t.Context(), id.New(), id.New(), 0, 1, []byte("sealed")); !IsCode(err, wire.CodeSessionEnded) || asked["never"] != 2 {
		t.Errorf("%d requests, %v", asked["never"], err)
	}
}

func FuzzChunks(f *testing.F) {
	f.Add(200, asJSON, []byte(`{"count":2,"present":[0,1]}`))
	f.Add(413, asJSON, []byte(`{"code":"quota_exceeded","limit":-1,"used":9223372036854775807}`))
	f.Add(200, octets, []byte("CFE1"))
	var status int
	var contentType string
	var body []byte
	c := &Client{origin: "http://localhost", now: time.Now, http: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	}), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	s := sessionOf(c)
	f.Fuzz(func(t *testing.T, withStatus int, withType string, with []byte) {
		status, contentType, body = withStatus, withType, with
		count, present, err := s.Chunks(t.Context(), id.ID{}, id.ID{})
		for i, index := range present {
			if index < 0 || index >= count || count > wire.MaxChunks || i > 0 && index <= present[i-1] {
				t.Errorf("chunks %v of %d", present, count)
			}
		}
		_, errGet := s.Chunk(t.Context(), id.ID{}, id.ID{}, 0)
		for _, err := range []error{err, errGet, s.PutChunk(t.Context(), id.ID{}, id.ID{}, 0, 1, nil)} {
			var e *wire.Error
			if err != nil && !errors.Is(err, ErrStrangeAnswer) && !errors.Is(err, ErrUnreachable) && !errors.As(err, &e) {
				t.Errorf("an error without a name: %v", err)
			}
		}
	})
}
