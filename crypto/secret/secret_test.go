package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/fxamacker/cbor/v2"

	"github.com/coffer-vault/coffer/crypto/secret"
)

// canary is what must not be found in any output, in any spelling of its bytes.
const canary = "Canary-7!"

func leaks(output string) bool {
	spellings := []string{
		canary,
		fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
		strings.Trim(fmt.Sprint([]byte(canary)), "[]"),
		strings.Trim(fmt.Sprintf("%b", []byte(canary)), "[]"),
		strings.Trim(fmt.Sprintf("%o", []byte(canary)), "[]"),
		fmt.Sprintf("%#v", []byte(canary))[len("[]byte{"):][:20],
		"Q2FuYXJ5LTch", // base64
	}
	for _, spelling := range spellings {
		if strings.Contains(output, spelling) {
			return true
		}
	}
	return false
}

type exported struct {
	Name string
	Key  secret.Bytes
	Ptr  *secret.Bytes
}

type hidden struct {
	name string
	key  secret.Bytes
	ptr  *secret.Bytes
	deep struct{ keys []secret.Bytes }
}

// holders puts a secret wherever code may put one.
func holders() map[string]any {
	key := secret.FromString(canary)
	deep := hidden{name: "n", key: key, ptr: &key}
	deep.deep.keys = []secret.Bytes{key}
	return map[string]any{
		"value":           key,
		"pointer":         &key,
		"exported":        exported{"n", key, &key},
		"exported ptr":    &exported{"n", key, &key},
		"hidden":          deep,
		"hidden ptr":      &deep,
		"slice":           []secret.Bytes{key},
		"array":           [1]secret.Bytes{key},
		"map":             map[string]secret.Bytes{"k": key},
		"map of hidden":   map[string]hidden{"k": deep},
		"any":             []any{key, deep},
		"func result":     fmt.Errorf("open: %v", key),
		"wrapped pointer": struct{ p **secret.Bytes }{func() **secret.Bytes { p := &key; return &p }()},
	}
}

func TestNoVerbPrints(t *testing.T) {
	for name, holder := range holders() {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspw!z" {
			for _, flags := range []string{"", "+", "#", " ", "0", "-", "+#", "# ", "8.4"} {
				format := "%" + flags + string(verb)
				if output := fmt.Sprintf(format, holder); leaks(output) {
					t.Errorf("%s with %s: %s", name, format, output)
				}
			}
		}
	}
}

func TestDirectlyPrintsRedacted(t *testing.T) {
	key := secret.FromString(canary)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%z"} {
		for _, v := range []any{key, &key} {
			if got := fmt.Sprintf(format, v); got != secret.Redacted {
				t.Errorf("%s of %T gives %q", format, v, got)
			}
		}
	}
	if got := key.String(); got != secret.Redacted {
		t.Errorf("String gives %q", got)
	}
}

func TestNoLogPrints(t *testing.T) {
	for name, holder := range holders() {
		var out bytes.Buffer
		all := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, all), slog.NewJSONHandler(&out, all)} {
			logger := slog.New(handler).With("with", holder).WithGroup("group")
			logger.Info("message", "key", holder, slog.Group("nested", "key", holder))
		}
		log.New(&out, "", 0).Println(holder)
		if leaks(out.String()) {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

func TestNoEncodingCarries(t *testing.T) {
	for name, holder := range holders() {
		for codec, encode := range map[string]func(any) ([]byte, error){
			"json": json.Marshal,
			"xml":  xml.Marshal,
			"gob": func(v any) ([]byte, error) {
				var out bytes.Buffer
				err := gob.NewEncoder(&out).Encode(v)
				return out.Bytes(), err
			},
			"cbor": cbor.Marshal,
		} {
			// Types that a codec cannot encode are an error, which is as good.
			output, err := encode(holder)
			if leaks(string(output)) || (err != nil && leaks(err.Error())) {
				t.Errorf("%s of %s: %q %v", codec, name, output, err)
			}
		}
	}
}

func TestEncodesAsRedacted(t *testing.T) {
	key := secret.FromString(canary)
	if got, err := json.Marshal(map[string]any{"k": key}); err != nil || string(got) != `{"k":"[redacted]"}` {
		t.Errorf("JSON gives %s, %v", got, err)
	}
	if got, err := key.MarshalText(); err != nil || string(got) != secret.Redacted {
		t.Errorf("text gives %s, %v", got, err)
	}
	if got, err := key.GobEncode(); err != nil || string(got) != secret.Redacted {
		t.Errorf("gob gives %s, %v", got, err)
	}
	for _, v := range []any{key, &key, exported{Key: key}} {
		if _, err := cbor.Marshal(v); !errors.Is(err, secret.ErrMarshal) {
			t.Errorf("CBOR of %T gives %v", v, err)
		}
	}
}

func TestNewTakesOwnership(t *testing.T) {
	raw := []byte(canary)
	key := secret.New(raw)
	if &key.Reveal()[0] != &raw[0] {
		t.Error("New copied: the caller's bytes would never be wiped")
	}
	key.Wipe()
	if !bytes.Equal(raw, make([]byte, len(raw))) {
		t.Errorf("after Wipe: %q", raw)
	}
}

func TestWipeReachesCopiesButNotClones(t *testing.T) {
	key := secret.FromString(canary)
	copied, clone, lent := key, key.Clone(), key.Reveal()
	key.Wipe()
	key.Wipe()
	if copied.Reveal() != nil || copied.Len() != 0 || !copied.IsZero() {
		t.Errorf("copy after Wipe: %q", copied.Reveal())
	}
	if string(clone.Reveal()) != canary {
		t.Errorf("clone after Wipe: %q", clone.Reveal())
	}
	if !bytes.Equal(lent, make([]byte, len(canary))) {
		t.Errorf("lent bytes after Wipe: %q", lent)
	}
}

// Who still has a wiped secret does not keep its memory, nor what others have tied to that.
func TestWipeLetsGo(t *testing.T) {
	raw := make([]byte, 64)
	there := weak.Make(&raw[0])
	key := secret.New(raw)
	runtime.GC()
	if there.Value() == nil {
		t.Fatal("gone before Wipe")
	}
	key.Wipe()
	runtime.GC()
	if there.Value() != nil {
		t.Error("still there after Wipe")
	}
	runtime.KeepAlive(key)
}

func TestZeroValue(t *testing.T) {
	var none secret.Bytes
	none.Wipe()
	if !none.IsZero() || none.Len() != 0 || none.Reveal() != nil || !none.Clone().IsZero() {
		t.Error("the zero value is not empty")
	}
	if got := fmt.Sprintf("%v", none); got != secret.Redacted {
		t.Errorf("the zero value prints %q: whether there is a secret is nobody's business", got)
	}
}

func TestEqual(t *testing.T) {
	a, b, c := secret.FromString("a"), secret.FromString("b"), secret.FromString("aa")
	var none secret.Bytes
	for _, test := range []struct {
		name string
		x, y secret.Bytes
		want bool
	}{
		{"same value", a, a, true},
		{"same bytes", a, a.Clone(), true},
		{"other bytes", a, b, false},
		{"other length", a, c, false},
		{"empty and zero", secret.New(nil), none, true},
		{"one and zero", a, none, false},
	} {
		if test.x.Equal(test.y) != test.want {
			t.Errorf("%s: not %v", test.name, test.want)
		}
	}
}

func TestRandom(t *testing.T) {
	a, b := secret.Random(32), secret.Random(32)
	if a.Len() != 32 || a.Equal(b) || bytes.Equal(a.Reveal(), make([]byte, 32)) {
		t.Error("Random is not random")
	}
}
