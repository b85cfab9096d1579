package attacks

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/sync/chain"
	"github.com/coffer-vault/coffer/sync/engine"
)

// What a server sends when a device pulls: rows 5, 6, 9, 10 and 22.
func init() {
	register("5", existing, "every field of a pull", func(t *testing.T) { alterEveryField(t, (*scene).existing, "/changes", "/account/log") })
	register("5", fresh, "every field of a first sync", func(t *testing.T) { alterEveryField(t, (*scene).fresh, "/head", "/objects", "/fetch") })
	register("5", existing, "every field of the answer to a push", func(t *testing.T) { alterEveryField(t, pushAgainst, "/commits") })
	register("5", fresh, "every field of a sign-in", func(t *testing.T) {
		alterEveryField(t, (*scene).fresh, "/signin/lookup", "/signin/challenge", "/signin/prove", "/signin/verify-device")
	})
	register("6", existing, "envelopes of every pair swapped", swapEveryPair)
	register("6", fresh, "envelopes of every pair swapped", swapEveryPairAtFirstSync)
	register("9", existing, "bits of every part of an envelope flipped", flipEnvelopes)
	register("9", fresh, "bits of every part of an envelope flipped", flipEnvelopesAtFirstSync)
	register("10", existing, "commits dropped, repeated, reordered", loseCommits)
	register("10", existing, "commits of a real device that break one rule each", bendCommits)
	register("10", fresh, "rows dropped, repeated, altered, without an end", loseRows)
	register("22", existing, "an older head, and another", rollBack)
	register("22", existing, "two histories that meet", fork)
}

// harmless are the fields that a lie gains nothing with: either they say a second time what something signed says, or the client asks
// for the envelope, the log or the token again, and gets it in this check, or they say how long a person has time.
var harmless = regexp.MustCompile(`^(\.more|\.head_seq|\.(head|log)\.(seq|hash)|\.(envelopes|rows)\.\d+\.(envelope|revision|object_id)|\.session\.(access|refresh)_(token|expires)|\.code_expires)$`)

// alterEveryField alters every field of the answers on some paths, and makes it missing.
func alterEveryField(t *testing.T, run func(*scene, *testing.T, lie) error, paths ...string) {
	s := newScene(t)
	try := func(t *testing.T, l lie) error { return run(s, t, l) }
	for path, body := range honestAnswers(t, paths, try) {
		v, err := decode(body)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields(v, nil) {
			for name, change := range map[string]func(any) any{"altered": alter, "missing": null} {
				t.Run(path[1:]+f.String()+" "+name, func(t *testing.T) {
					err := try(t, onPath(path, func(v any) any { return edit(v, f, change) }))
					if err == nil && !harmless.MatchString(f.String()) {
						t.Error("not noticed")
					}
				})
			}
		}
	}
}

// pushAgainst is a save and a sync; what was saved has to arrive, whatever the server has said of it.
func pushAgainst(s *scene, t *testing.T, lie lie) error {
	l := newLiar(t, s.server)
	l.lie(lie)
	pc := s.pcB.Copy(t, l)
	b := pc.Unlock(t)
	saved := testpc.Save(t, b, canaryItem()).ID
	err := b.Sync(t.Context())
	b.Lock() // what broke the protocol is told until then
	l.lie(nil)
	b = pc.Unlock(t)
	defer b.Lock()
	testpc.Sync(t, b)
	testpc.Sync(t, s.a)
	if testpc.Contents(t, s.a)[saved] == "" {
		t.Error("what was saved has not arrived")
	}
	s.nothingSent(t, l)
	return err
}

// swapEveryPair lets the envelopes of two objects change places, also when the client asks for them again.
func swapEveryPair(t *testing.T) {
	s := newScene(t)
	for i := range 4 {
		for j := range i {
			err := s.existing(t, func(path string, body []byte) []byte {
				if strings.HasSuffix(path, "/fetch") {
					return reencode(body, func(v any) any { return swap(v, "envelopes", 0, 1) })
				}
				return reencode(body, func(v any) any { return swap(v, "envelopes", i, j) })
			})
			if !errors.Is(err, engine.ErrWithheld) {
				t.Errorf("%d and %d: not noticed: %v", i, j, err)
			}
		}
	}
}

func swapEveryPairAtFirstSync(t *testing.T) {
	s := newScene(t)
	for i := range 5 {
		for j := range i {
			err := s.fresh(t, func(path string, body []byte) []byte {
				return reencode(body, func(v any) any {
					m, _ := v.(map[string]any)
					if all, _ := m["envelopes"].([]any); len(all) == 2 { // the two are asked for again
						return swap(v, "envelopes", 0, 1)
					}
					return swap(v, "envelopes", i, j)
				})
			})
			if !errors.Is(err, engine.ErrWithheld) {
				t.Errorf("%d and %d: not noticed: %v", i, j, err)
			}
		}
	}
}

// swap exchanges the envelopes of two elements of a list.
func swap(v any, list string, i, j int) any {
	m, _ := v.(map[string]any)
	if all, ok := m[list].([]any); ok && len(all) > max(i, j) {
		x, y := all[i].(map[string]any), all[j].(map[string]any)
		x["envelope"], y["envelope"] = y["envelope"], x["envelope"]
	}
	return v
}

// The parts of an envelope, by an offset in each: magic, suite, purpose, epoch, key id, nonce, commitment, ciphertext, tag (from the
// end).
var envelopeParts = []int{0, 4, 5, 9, 12, 40, 60, 90, -1}

func flipEnvelopes(t *testing.T) {
	s := newScene(t)
	for _, offset := range envelopeParts {
		t.Run(fmt.Sprint("byte ", offset), func(t *testing.T) {
			err := s.existing(t, func(_ string, body []byte) []byte { return reencode(body, flipIn("envelopes", offset)) })
			if !errors.Is(err, engine.ErrWithheld) {
				t.Errorf("not noticed: %v", err)
			}
		})
	}
}

func flipEnvelopesAtFirstSync(t *testing.T) {
	s := newScene(t)
	for _, offset := range envelopeParts {
		t.Run(fmt.Sprint("byte ", offset), func(t *testing.T) {
			err := s.fresh(t, func(_ string, body []byte) []byte {
				return reencode(body, flipIn("envelopes", offset))
			})
			if !errors.Is(err, engine.ErrWithheld) {
				t.Errorf("not noticed: %v", err)
			}
		})
	}
}

// flipIn flips one bit of each envelope of a list.
func flipIn(list string, offset int) func(any) any {
	return func(v any) any {
		m, _ := v.(map[string]any)
		all, _ := m[list].([]any)
		for i := range all {
			edit(all, field{i, "envelope"}, flipBit(offset))
		}
		return v
	}
}

// loseCommits changes which commits a pull shows.
func loseCommits(t *testing.T) {
	s := newScene(t)
	for name, change := range map[string]func([]any) []any{
		"first dropped":     func(c []any) []any { return c[1:] },
		"one in the middle": func(c []any) []any { return append(append([]any{}, c[0]), c[2:]...) },
		"last dropped":      func(c []any) []any { return c[:3] },
		"first twice":       func(c []any) []any { return append([]any{c[0]}, c...) },
		"last twice":        func(c []any) []any { return append(c, c[len(c)-1]) },
		"two swapped":       func(c []any) []any { c[0], c[1] = c[1], c[0]; return c },
		"reversed":          func(c []any) []any { return []any{c[3], c[2], c[1], c[0]} },
		"all withheld":      func([]any) []any { return []any{} },
	} {
		t.Run(name, func(t *testing.T) {
			mustNotice(t, s.existing(t, onPath("/changes", func(v any) any {
				m := v.(map[string]any)
				if c, ok := m["commits"].([]any); ok && len(c) >= 4 {
					m["commits"] = change(c)
				} else if ok && name == "last dropped" {
					m["commits"] = []any{}
				}
				return v
			})))
		})
	}
}

// bendCommits shows commits that a device of the account has signed, and that break one rule of the chain each.
func bendCommits(t *testing.T) {
	s := newScene(t)
	a := s.accomplice(t)
	for name, bend := range map[string]func(*chain.Commit){
		"another parent":    func(c *chain.Commit) { c.Parent[0] ^= 1 },
		"a place ahead":     func(c *chain.Commit) { c.Seq++ },
		"another root":      func(c *chain.Commit) { c.Root[0] ^= 1 },
		"another vault":     func(c *chain.Commit) { c.Vault = id.New() },
		"another epoch":     func(c *chain.Commit) { c.Epoch = 2 },
		"another log":       func(c *chain.Commit) { c.LogHash[0] ^= 1 },
		"an earlier log":    func(c *chain.Commit) { c.LogSeq--; c.LogHash, _ = a.log.HashAt(c.LogSeq) },
		"the first log":     func(c *chain.Commit) { c.LogSeq = 0; c.LogHash, _ = a.log.HashAt(0) },
		"a stranger's hand": func(c *chain.Commit) { c.Device = id.New() },
		"as another device": func(c *chain.Commit) { c.Device = a.log.Devices()[1].Device },
		"none":              nil,
		"a later log":       func(c *chain.Commit) { c.LogSeq += 100 },
	} {
		t.Run(name, func(t *testing.T) {
			object := id.New()
			l := newLiar(t, s.server)
			a.bend = bend
			a.deliver(t, l, object, a.seal(t, object, 1, a.plaintext(t, s.items[0]), func([]byte) {}))
			b := s.pcB.Copy(t, l).Unlock(t)
			defer b.Lock()
			err := b.Sync(t.Context())
			if bend != nil {
				mustNotice(t, err)
			} else if err != nil {
				t.Errorf("the honest commit is refused: %v", err)
			}
		})
	}
}

// loseRows changes the pages of a first sync.
func loseRows(t *testing.T) {
	s := newScene(t)
	rows := func(change func([]any) []any) func(any) any {
		return func(v any) any {
			m := v.(map[string]any)
			if r, ok := m["rows"].([]any); ok && len(r) > 1 {
				m["rows"] = change(r)
			}
			return v
		}
	}
	for name, change := range map[string]func(any) any{
		"a row dropped":      rows(func(r []any) []any { return r[1:] }),
		"the last dropped":   rows(func(r []any) []any { return r[:len(r)-1] }),
		"a row twice":        rows(func(r []any) []any { return append(r, r[0]) }),
		"a row made dead":    rows(func(r []any) []any { return edit(r, field{0, "state"}, set(2)).([]any) }),
		"a revision altered": rows(func(r []any) []any { return edit(r, field{0, "revision"}, alter).([]any) }),
		"a hash altered":     rows(func(r []any) []any { return edit(r, field{0, "env_hash"}, alter).([]any) }),
		"no rows at all":     rows(func([]any) []any { return []any{} }),
		"pages without end":  func(v any) any { return edit(v, field{"next"}, set("again")) },
	} {
		t.Run(name, func(t *testing.T) { mustNotice(t, s.fresh(t, onPath("/objects", change))) })
	}
}

// rollBack shows an earlier state to a device that has seen a later one.
func rollBack(t *testing.T) {
	s := newScene(t)
	l := newLiar(t, s.server)
	pc := s.pcB.Copy(t, l)
	b := pc.Unlock(t)
	testpc.Sync(t, b) // B has seen the newest state
	for name, change := range map[string]func(head map[string]any){
		"an older head": func(head map[string]any) { head["seq"] = 1 },
		"another head":  func(head map[string]any) { head["hash"] = alter(head["hash"]) },
	} {
		t.Run(name, func(t *testing.T) {
			b.Lock()
			l.lie(onPath("/changes", func(v any) any {
				m := v.(map[string]any)
				m["commits"] = []any{}
				change(m["head"].(map[string]any))
				return m
			}))
			b = pc.Unlock(t)
			mustNotice(t, b.Sync(t.Context()))
			if got := testpc.Contents(t, b); !maps.Equal(got, s.after) {
				t.Error("what B had seen is gone")
			}
		})
	}
	b.Lock()
}

// fork gives each of two devices a history of its own. Neither can see that by itself; when the server lets them meet, the device
// that is shown the other's history notices, and keeps what it has.
func fork(t *testing.T) {
	s := newScene(t)
	b := s.pcB.Unlock(t)
	testpc.Sync(t, b)
	b.Lock() // who is locked hears of nothing
	common := backUp(t, s.server)
	testpc.Save(t, s.a, testpc.Login("A's", "", ""))
	testpc.Sync(t, s.a)
	s.a.Lock()
	worldOfA := backUp(t, s.server)
	common.restore(t, s.server)
	b = s.pcB.Unlock(t)
	own := testpc.Save(t, b, testpc.Login("B's", "", "")).ID
	testpc.Sync(t, b)
	b.Lock()
	worldOfA.restore(t, s.server)
	b = s.pcB.Unlock(t)
	mustNotice(t, b.Sync(t.Context()))
	if _, ok := testpc.Contents(t, b)[own]; !ok {
		t.Error("what B wrote is gone")
	}
	b.Lock()
}
