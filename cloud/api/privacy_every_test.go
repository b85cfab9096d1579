package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
)

// lockedBuffer is a log that the server writes while the test reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// document is what of an OpenAPI document says how to call an operation.
type document struct {
	Paths map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
			}
		}
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct {
				Type            any
				ContentEncoding string
			}
		}
	}
}

// Whatever is put into whichever field of whichever operation, by a caller who is signed in or by nobody: the log repeats none of it. It is
// read as the server wrote it, at its most talkative, before anything that package logging would take out.
func TestLogRepeatsNothingOfAnyOperation(t *testing.T) {
	s := testkit.Cloud(t)
	var log lockedBuffer
	s.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.Restart()
	closeIdle()
	u := signUp(t, s, "quinn@leak.example")
	var d document
	if r := u.first.call("GET", "/openapi.json", nil, nil); json.Unmarshal(r.body, &d) != nil || len(d.Paths) < 40 {
		t.Fatalf("document %.200s", r.body)
	}
	object := id.New()
	raw := bytes.Repeat([]byte("leaked-token-"), 3)[:32]
	asked := 0
	for path, methods := range d.Paths {
		path = regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(path, object.String())
		if path == "/v1/events" || path == "/v1/account/delete" || strings.HasPrefix(path, "/v1/session") {
			continue // a stream does not end; the others end what the rest needs
		}
		for method, op := range methods {
			method = strings.ToUpper(method)
			schema := op.RequestBody.Content["application/json"].Schema.Ref
			for _, fill := range []any{"leak-text quinn@leak.example", base64.StdEncoding.EncodeToString(raw), object.String(), 424242} {
				body := map[string]any{}
				for name, property := range d.Components.Schemas[schema[strings.LastIndex(schema, "/")+1:]].Properties {
					body[name] = fill
					if property.Type == "array" {
						body[name] = []any{fill}
					}
				}
				var in any
				if method != "GET" {
					in = body
				}
				u.first.call(method, path, in, nil)
				u.first.call(method, path+"?leak-query=leak-query", in, nil)
				if method == "POST" {
					u.post(path, in, nil)
				}
				asked++
			}
		}
	}
	s.Stop()
	text := log.String()
	if lines := strings.Count(text, `"msg":"request"`); asked < 150 || lines < 2*asked {
		t.Fatalf("%d operations and %d lines of log", asked, lines)
	}
	for what, secret := range map[string]string{
		"an address": "leak.example", "a name": "Laptop of Ada", "text": "leak-text", "a query": "leak-query", "an object's id": object.String(),
		"the account's id": u.account.String(), "the device's id": u.first.id.String(), "the vault's id": u.vault.String(), "a machine's address": "127.0.0.1",
		"the session's token": base64.StdEncoding.EncodeToString(u.first.session.AccessToken), "its token in hex": hex.EncodeToString(u.first.session.AccessToken),
		"a token": base64.StdEncoding.EncodeToString(raw), "bytes": "leaked-token", "the lookup tag": base64.StdEncoding.EncodeToString(u.tag),
	} {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("the log has %s: %s", what, text[max(0, at-200):min(len(text), at+100)])
		}
	}
}
