package attacks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Any byte of any answer may be anything. These tests garble the answers of an honest server at every step of a client's life and
// demand that the client ends, with few requests and little memory, and that what it has stays true (existing and fresh check that).

const (
	// garbled is how many answers each course has garbled; the seeds are fixed.
	garbled = 40
	// mostRequests is more than a course of this size needs, and what it may send while it tries again.
	mostRequests = 100
	// mostMemory is what a life may allocate in all: several times the largest answer, 16 MiB.
	mostMemory = 512 << 20
)

// course is a way through the program that asks the server for things.
type course struct {
	name string
	run  func(*scene, *testing.T, *liar) error
}

var courses = []course{
	{"sign-up", signUpThrough},
	{"sign-in", (*scene).freshThrough},
	{"sync", (*scene).existingThrough},
	{"save and sync", saveThrough},
}

func signUpThrough(s *scene, t *testing.T, l *liar) error {
	s.server.Clock.Advance(25 * time.Hour)
	pc := testpc.New(t, "PC N", func(c *session.Config) { c.Transport = l })
	up, err := pc.BeginSignUp(t.Context(), s.server.URL, fmt.Sprintf("new-%d@example.com", s.server.Clock.Now().UnixNano()))
	if err != nil {
		return err
	}
	address := lastAddress(l)
	if err := up.Verify(t.Context(), s.server.LastCode(t, address)); err != nil {
		return err
	}
	u, err := up.Finish(t.Context(), testpc.Typed(testpc.Password))
	if err != nil {
		return err
	}
	defer u.Lock()
	return u.Sync(t.Context())
}

// lastAddress is the e-mail address of the newest sign-up that a liar has seen.
func lastAddress(l *liar) string {
	var in struct{ Email string }
	for _, a := range l.requests() {
		if strings.HasSuffix(a.path, "/signup/start") {
			json.Unmarshal(a.body, &in)
		}
	}
	return in.Email
}

// saveThrough saves while it syncs, so that it pushes too. At the next start, with a server that has become honest, what was saved goes
// where it belongs.
func saveThrough(s *scene, t *testing.T, l *liar) error {
	pc := s.pcB.Copy(t, l)
	b := pc.Unlock(t)
	saved := testpc.Save(t, b, canaryItem())
	err := b.Sync(t.Context())
	b.Lock()
	l.lie(nil)
	l.speak(nil)
	b = pc.Unlock(t)
	defer b.Lock()
	if got := testpc.Get(t, b, saved.ID); got.Title != titleCanary {
		t.Error("what was saved is gone")
	}
	testpc.Sync(t, b)
	testpc.Sync(t, s.a)
	if testpc.Contents(t, s.a)[saved.ID] == "" {
		t.Error("what was saved has not arrived")
	}
	s.nothingSent(t, l)
	return err
}

func TestGarbledAnswers(t *testing.T) {
	s := newScene(t)
	for _, course := range courses {
		t.Run(course.name, func(t *testing.T) {
			paths := pathsOf(t, s, course.run)
			for seed := range uint64(garbled) {
				random := rand.New(rand.NewPCG(seed, 29))
				path := paths[random.IntN(len(paths))]
				kind := garblers[random.IntN(len(garblers))]
				t.Run(fmt.Sprintf("%d %s %s", seed, kind.name, path[4:]), func(t *testing.T) {
					l := newLiar(t, s.server)
					l.garble(random, path, kind)
					expectModest(t, l, func() { course.run(s, t, l) })
				})
			}
		})
	}
}

// garble garbles every answer on a path.
func (l *liar) garble(random *rand.Rand, path string, kind garbler) {
	l.lieAs(func(p string) int {
		if generic(p) != path || !kind.refuses {
			return 0
		}
		return refusals[random.IntN(len(refusals))]
	}, func(p string, body []byte) []byte {
		if generic(p) != path || len(body) == 0 && !kind.refuses {
			return body
		}
		return kind.garble(random, body)
	})
}

// expectModest runs a course and fails if it took too many requests or too much memory. That it ends is for the test's deadline, that
// it does not panic for the test's process.
func expectModest(t *testing.T, l *liar, run func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	if n := len(l.requests()); n > mostRequests {
		t.Errorf("the client sent %d requests", n)
	}
	if after.TotalAlloc > before.TotalAlloc+mostMemory {
		t.Errorf("the client allocated %d MiB", (after.TotalAlloc-before.TotalAlloc)>>20)
	}
}

// garbler makes something else of an answer.
type garbler struct {
	name    string
	refuses bool // gives it the status of a refusal
	garble  func(*rand.Rand, []byte) []byte
}

var garblers = []garbler{
	{"bits", false, func(r *rand.Rand, b []byte) []byte {
		b = slices.Clone(b)
		for range 1 + r.IntN(8) {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		return b
	}},
	{"cut", false, func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] }},
	{"twice", false, func(_ *rand.Rand, b []byte) []byte { return slices.Concat(b, b) }},
	{"noise", false, func(r *rand.Rand, _ []byte) []byte {
		b := make([]byte, r.IntN(4096))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}},
	{"another type", false, func(r *rand.Rand, b []byte) []byte { return garbleField(r, b, otherTypes) }},
	{"huge number", false, func(r *rand.Rand, b []byte) []byte { return garbleField(r, b, hugeNumbers) }},
	{"garbled binary", false, garbleBinary},
	{"altered", false, func(r *rand.Rand, b []byte) []byte {
		return onField(b, func(v any, all []field) any { return edit(v, all[r.IntN(len(all))], alter) })
	}},
	{"exchanged", false, func(r *rand.Rand, b []byte) []byte {
		return onField(b, func(v any, all []field) any { return exchange(r, v, all) })
	}},
	{"deep nesting", false, func(r *rand.Rand, b []byte) []byte {
		return garbleField(r, b, []any{json.RawMessage(strings.Repeat("[", 9000) + strings.Repeat("]", 9000))})
	}},
	{"bottomless nesting", false, func(*rand.Rand, []byte) []byte { return bytes.Repeat([]byte(`{"a":`), 1<<18) }},
	{"refused", true, refuse},
}

var refusals = []int{400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503}

// refuse says that what was done was not done, or that all is over, with numbers that mean nothing.
func refuse(r *rand.Rand, _ []byte) []byte {
	codes := []wire.Code{
		wire.CodeInvalid, wire.CodeProofFailed, wire.CodeSessionEnded, wire.CodeClockSkew, wire.CodeCodeWrong, wire.CodeCodeExpired,
		wire.CodeDeviceRevoked, wire.CodeDeviceUnlisted, wire.CodeRecoveryWaits, wire.CodeNotFound, wire.CodeConflict, wire.CodeOpReused,
		wire.CodeBadEntry, wire.CodeSlowDown, wire.CodeUnavailable, "nonsense", "",
	}
	number := hugeNumbers[r.IntN(len(hugeNumbers))]
	const form = `{"code":%q,"server_time":%[2]s,"retry_after":%[2]s,"tries_left":%[2]s,"ready_at":%[2]s,"log_seq":%[2]s}`
	return fmt.Appendf(nil, form, codes[r.IntN(len(codes))], number)
}

var otherTypes = []any{nil, true, 0, -1, "", "x", []any{}, map[string]any{}, []any{nil}, map[string]any{"commit": 1}}

var hugeNumbers = []any{
	json.RawMessage("18446744073709551615"), json.RawMessage("9223372036854775807"), json.RawMessage("-9223372036854775808"),
	json.RawMessage("1e999"), json.RawMessage(strings.Repeat("9", 400)), json.RawMessage("4294967296"), json.RawMessage("0.5"),
}

// onField changes an answer that is JSON, by its fields.
func onField(body []byte, change func(v any, all []field) any) []byte {
	return reencode(body, func(v any) any { return change(v, append(fields(v, nil), field{})) })
}

// garbleField replaces one field, or a whole list or object, by one of the values.
func garbleField(r *rand.Rand, body []byte, values []any) []byte {
	return onField(body, func(v any, all []field) any {
		f := all[r.IntN(len(all))]
		return edit(v, f[:r.IntN(len(f)+1)], set(values[r.IntN(len(values))]))
	})
}

// garbleBinary flips bits inside one of the binaries, so that what is garbled is the CBOR and not the base64.
func garbleBinary(r *rand.Rand, body []byte) []byte {
	return onField(body, func(v any, all []field) any {
		f := all[r.IntN(len(all))]
		for range 1 + r.IntN(4) {
			edit(v, f, flipBit(r.IntN(200)))
		}
		return v
	})
}

// exchange gives one field the value of another.
func exchange(r *rand.Rand, v any, all []field) any {
	scalars := all[:max(1, len(all)-1)] // the last is the whole
	var value any
	edit(v, scalars[r.IntN(len(scalars))], func(old any) any {
		value = old
		return old
	})
	return edit(v, scalars[r.IntN(len(scalars))], set(value))
}

// Answers that do not end, or hold more elements than any page, one for each question.
func TestBottomlessAnswers(t *testing.T) {
	s := newScene(t)
	for _, course := range courses[1:] {
		for _, path := range pathsOf(t, s, course.run) {
			for name, write := range bottomless {
				t.Run(course.name+" "+path[4:]+" "+name, func(t *testing.T) {
					l := newLiar(t, s.server)
					l.speak(onlyAt(path, write))
					expectModest(t, l, func() {
						if course.run(s, t, l) == nil && !strings.HasSuffix(path, "/account/keys") { // not needed every time
							t.Error("it was believed")
						}
					})
				})
			}
		}
	}
}

// bottomless are answers that do not end, or hold more elements than any page.
var bottomless = map[string]func(http.ResponseWriter, string){"endless": writeSpaces, "empty elements": writeElements}

// onlyAt answers requests on one path in the server's place.
func onlyAt(path string, write func(http.ResponseWriter, string)) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if generic(r.URL.Path) != path {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		write(w, path)
		return true
	}
}

func writeSpaces(w http.ResponseWriter, _ string) {
	for block := bytes.Repeat([]byte(" "), 1<<20); ; { // until the client hangs up
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// lists are the lists in the answers, by the end of their path.
var lists = map[string]string{"/log": "entries", "/changes": "commits", "/objects": "rows", "/fetch": "envelopes", "/keys": "log", "/me": "devices", "/pairings": "pairings"}

// writeElements writes a list of the most elements that fit an answer of the protocol's size.
func writeElements(w http.ResponseWriter, path string) {
	name := lists[path[strings.LastIndex(path, "/"):]]
	fmt.Fprintf(w, `{%q:[{}%s]}`, name, strings.Repeat(",{}", 5<<20))
}
