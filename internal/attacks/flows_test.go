package attacks

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
)

// What a server asks for that the protocol does not have, and what a client sends of itself: rows 3, 7, 14 and 27.
func init() {
	register("3", fresh, "a sign-up where every answer asks for keys", escrowAtSignUp)
	register("3", fresh, "every answer of a sign-in asks for keys", func(t *testing.T) { askForKeys(t, (*scene).freshThrough) })
	register("3", existing, "every answer of a sync asks for keys", func(t *testing.T) { askForKeys(t, (*scene).existingThrough) })
	register("3", fresh, "redirects and refusals that ask for keys", func(t *testing.T) { refuseForKeys(t, (*scene).freshThrough) })
	register("3", existing, "redirects and refusals that ask for keys", func(t *testing.T) { refuseForKeys(t, (*scene).existingThrough) })
	register("7", existing, "items with addresses of a trap", baitWebsites)
	register("7", fresh, "items with addresses of a trap", baitWebsitesAtFirstSync)
	register("14", fresh, "old versions and missing features", func(t *testing.T) { reportOldVersion(t, (*scene).freshThrough) })
	register("14", existing, "old versions and missing features", func(t *testing.T) { reportOldVersion(t, (*scene).existingThrough) })
	register("27", existing, "sizes of what is pushed", measureSizes)
}

// knownPaths are the paths of docs/protocol.md that a client asks for while it signs up, signs in, syncs and changes its account.
var knownPaths = regexp.MustCompile(`^/v1/(signup/(start|mail|verify|finish)|signin/(lookup|challenge|prove|verify-device|resend|mail)|sessions(/refresh|/log|/end-others)?|account/(keys|log|challenge|change|delete)|email/(start|resend|mail|finish)|recovery/(lookup|challenge|start|verify|open|cancel)|me|events|pairings|vaults|vaults/[0-9a-f]{32}/(head|changes|objects|objects/fetch|commits))$`)

// onlyKnownPaths fails for a request that the protocol does not have.
func onlyKnownPaths(t *testing.T, l *liar) {
	t.Helper()
	for _, a := range l.requests() {
		if !knownPaths.MatchString(a.path) {
			t.Errorf("the client asked for %s", a)
		}
	}
}

// escrow are answers to questions that nobody asked: names of flows that other password managers have.
var escrow = map[string]any{
	"escrow": map[string]any{"required": true, "public_key": make([]byte, 32), "upload": "/v1/account/escrow"},
	"organization": map[string]any{
		"id": strings.Repeat("ab", 16), "reset_password_enrolled": true, "use_key_connector": true, "public_key": make([]byte, 1216),
	},
	"key_connector_url": "/v1/key-connector", "admin_public_key": make([]byte, 1216), "require_account_key": true,
	"recovery_group": []any{map[string]any{"public_key": make([]byte, 1216)}}, "trusted_device": true,
}

func addEscrow(_ string, body []byte) []byte {
	return reencode(body, func(v any) any {
		if m, ok := v.(map[string]any); ok {
			for name, value := range escrow {
				if _, taken := m[name]; !taken {
					m[name] = value
				}
			}
		}
		return v
	})
}

func escrowAtSignUp(t *testing.T) {
	server := cloud(t)
	l := newLiar(t, server)
	l.lie(addEscrow)
	pc := testpc.New(t, "PC A", func(c *session.Config) { c.Transport = l })
	u := pc.SignUp(t, server, email)
	testpc.Save(t, u, canaryItem())
	testpc.Sync(t, u)
	u.Lock()
	for _, set := range []secrets{canaries, secretsOf(t, pc)} {
		if leaked := set.in(l.transcript()); leaked != "" {
			t.Errorf("%s was sent", leaked)
		}
	}
	onlyKnownPaths(t, l)
}

func askForKeys(t *testing.T, run func(*scene, *testing.T, *liar) error) {
	s := newScene(t)
	l := newLiar(t, s.server)
	l.lie(addEscrow)
	if err := run(s, t, l); err != nil {
		t.Errorf("the client minds: %v", err)
	}
	onlyKnownPaths(t, l)
}

// refuseForKeys answers each request of an honest run, one after the other, with a refusal that demands something else.
func refuseForKeys(t *testing.T, run func(*scene, *testing.T, *liar) error) {
	s := newScene(t)
	for _, honest := range pathsOf(t, s, run) {
		for name, answer := range map[string]func(http.ResponseWriter){
			"redirected": func(w http.ResponseWriter) {
				w.Header().Set("Location", "/v1/account/escrow")
				w.WriteHeader(http.StatusTemporaryRedirect)
			},
			"refused": func(w http.ResponseWriter) { answerError(w, 403, "escrow_required") },
		} {
			t.Run(honest[4:]+" "+name, func(t *testing.T) {
				l := newLiar(t, s.server)
				l.speak(func(w http.ResponseWriter, r *http.Request) bool {
					if generic(r.URL.Path) != honest {
						return false
					}
					answer(w)
					return true
				})
				if err := run(s, t, l); err == nil {
					t.Error("the client went on without an answer")
				}
				onlyKnownPaths(t, l)
			})
		}
	}
}

var anyID = regexp.MustCompile(`[0-9a-f]{32}`)

// generic is a path without its ids.
func generic(path string) string { return anyID.ReplaceAllString(path, "*") }

// inBackground are questions that a client asks beside a sync, at a time of its own, and does well without an answer to.
var inBackground = regexp.MustCompile(`^/v1/(events|me|pairings)$`)

// pathsOf lists what an honest run asks for, but for what it asks in the background.
func pathsOf(t *testing.T, s *scene, run func(*scene, *testing.T, *liar) error) []string {
	t.Helper()
	return pathsThrough(t, newLiar(t, s.server), func(l *liar) error { return run(s, t, l) })
}

func pathsThrough(t *testing.T, l *liar, run func(*liar) error) []string {
	t.Helper()
	if err := run(l); err != nil {
		t.Fatal(err)
	}
	paths := map[string]bool{}
	for _, a := range l.requests() {
		if !inBackground.MatchString(a.path) {
			paths[generic(a.path)] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// reportOldVersion claims that the server is an old one that lacks things. The client does the very same, or stops; there is nothing
// that it would fall back to.
func reportOldVersion(t *testing.T, run func(*scene, *testing.T, *liar) error) {
	s := newScene(t)
	honest := pathsOf(t, s, run)
	l := newLiar(t, s.server)
	l.lie(func(_ string, body []byte) []byte {
		return reencode(body, func(v any) any {
			if m, ok := v.(map[string]any); ok {
				maps.Copy(m, map[string]any{
					"version": 0, "server_version": "0.0.1", "min_client": "0.0.1", "suite": 0, "suites": []any{0}, "deprecated": true,
					"features": map[string]any{"commitment": false, "padding": false, "signed_requests": false, "state_root": false},
				})
			}
			return v
		})
	})
	if err := run(s, t, l); err != nil {
		t.Errorf("the client minds: %v", err)
	}
	for _, path := range honest {
		for _, status := range []int{404, 426, 501} {
			t.Run(http.StatusText(status)+" "+path[4:], func(t *testing.T) {
				l := newLiar(t, s.server)
				l.speak(func(w http.ResponseWriter, r *http.Request) bool {
					if generic(r.URL.Path) != path {
						return false
					}
					answerError(w, status, "not_found")
					return true
				})
				if err := run(s, t, l); err == nil {
					t.Error("the client went on without an answer")
				}
				for _, a := range l.requests() {
					if !inBackground.MatchString(a.path) && !slices.Contains(honest, generic(a.path)) {
						t.Errorf("the client fell back to %s", a)
					}
				}
			})
		}
	}
}

// trap is a web server that nobody may visit.
func trap(t *testing.T) (url string, visits *atomic.Int32) {
	t.Helper()
	visits = new(atomic.Int32)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			visits.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, visits
}

func baitedItem(url string) vault.Item {
	it := canaryItem()
	it.Websites = append(it.Websites, url+"/login", url+"/favicon.ico", url)
	it.Set(vault.Notes, testpc.Typed(url+"/notes"))
	return it
}

// baitWebsites saves, shows, finds and syncs items whose addresses lead to a trap.
func baitWebsites(t *testing.T) {
	s := newScene(t)
	url, visits := trap(t)
	l := newLiar(t, s.server)
	b := s.pcB.Copy(t, l).Unlock(t)
	saved := testpc.Save(t, b, baitedItem(url))
	testpc.Sync(t, b)
	testpc.Get(t, b, saved.ID)
	b.Vault().Query(vault.Filter{Text: titleCanary})
	b.Lock()
	if visits.Load() != 0 {
		t.Errorf("an address of an item was visited %d times", visits.Load())
	}
	s.nothingSent(t, l)
}

func baitWebsitesAtFirstSync(t *testing.T) {
	s := newScene(t)
	url, visits := trap(t)
	testpc.Save(t, s.a, baitedItem(url))
	testpc.Sync(t, s.a)
	s.after = testpc.Contents(t, s.a)
	if err := s.fresh(t, nil); err != nil {
		t.Error(err)
	}
	if visits.Load() != 0 {
		t.Errorf("an address of an item was visited %d times", visits.Load())
	}
}

// measureSizes looks at the sizes that a server sees: they come in steps, and items of like length are alike.
func measureSizes(t *testing.T) {
	s := newScene(t)
	l := newLiar(t, s.server)
	b := s.pcB.Copy(t, l).Unlock(t)
	for n := range 40 {
		testpc.Save(t, b, testpc.Login(strings.Repeat("t", n+1), strings.Repeat("u", n), strings.Repeat("p", 40-n)))
	}
	long := testpc.Login("long", "", "")
	long.Set(vault.Notes, testpc.Typed(strings.Repeat("n", 9000)))
	testpc.Save(t, b, long)
	testpc.Sync(t, b)
	b.Lock()
	sizes := map[int]int{}
	for _, a := range l.requests() {
		var in struct{ Envelopes []struct{ Envelope []byte } }
		if strings.HasSuffix(a.path, "/commits") && json.Unmarshal(a.body, &in) == nil {
			for _, e := range in.Envelopes {
				sizes[len(e.Envelope)]++
			}
		}
	}
	const overhead = 50 + 32 + 16
	for size := range sizes {
		if padded := size - overhead; paddedTo(padded) != padded {
			t.Errorf("an envelope of %d bytes is between the steps", size)
		}
	}
	if len(sizes) > 3 || sizes[paddedTo(9000)+overhead] != 1 {
		t.Errorf("40 items of like length and a long one: sizes %v", sizes)
	}
}
