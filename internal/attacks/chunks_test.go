package attacks

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/seal"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

func init() {
	register("6", existing, "chunks of files swapped", swapChunks)
	register("9", existing, "bits of every part of a chunk flipped", flipChunks)
	register("10", existing, "chunks of files withheld, cut, invented", loseChunks)
}

// fileScene is an account with two files of two chunks each, and a device B that has not fetched them yet.
type fileScene struct {
	server  *testkit.Server
	pcB     *testpc.PC // locked
	account id.ID
	files   map[id.ID][]byte
	chunks  map[string][]byte // by path, as an honest server answers
}

func newFileScene(t *testing.T) *fileScene {
	t.Helper()
	s := &fileScene{server: cloud(t), files: map[id.ID][]byte{}, chunks: map[string][]byte{}}
	upload := newLiar(t, s.server)
	pcA := testpc.New(t, "PC A", func(c *session.Config) { c.Driven, c.Transport = true, upload })
	a := pcA.SignUp(t, s.server, email)
	s.pcB = testpc.New(t, "PC B", nil)
	s.pcB.SignIn(t, s.server, email, a.SecretKey()).Lock()
	item := testpc.Save(t, a, canaryItem()).ID
	for n := range 2 {
		content := make([]byte, 2*seal.MaxPlaintext) // the length tells neither chunk from the other
		rand.Read(content)
		copy(content[seal.MaxPlaintext/2:], passwordCanary)
		file, err := a.Attach(t.Context(), item, fmt.Sprintf("%s %d", titleCanary, n), bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		s.files[file.ID] = content
	}
	testpc.Sync(t, a)
	if err := a.CarryFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	testpc.Sync(t, a)
	s.account = pcA.Accounts()[0].ID
	if leaked := canaries.in(upload.transcript()); leaked != "" {
		t.Errorf("%s was sent with the files", leaked)
	}
	s.record(t)
	return s
}

// record lets B fetch the files from an honest server.
func (s *fileScene) record(t *testing.T) {
	t.Helper()
	got := s.fetch(t, newLiar(t, s.server), func(path string, body []byte) []byte {
		if strings.Contains(path, "/chunks/") {
			s.chunks[path] = body
		}
		return body
	})
	if got != 2 || len(s.chunks) != 4 {
		t.Fatalf("an honest server gives %d files in %d chunks", got, len(s.chunks))
	}
}

// paths are those of the chunks, the two of a file beside each other.
func (s *fileScene) paths() []string { return slices.Sorted(maps.Keys(s.chunks)) }

// fetch lets B fetch the files while the server lies. Each one is as it was attached, or is not there at all; how many are is returned.
// Afterwards an honest server gives what is lacking: nothing of the lie was kept.
func (s *fileScene) fetch(t *testing.T, l *liar, lie lie) (whole int) {
	t.Helper()
	l.lie(lie)
	b := s.pcB.Copy(t, l).Unlock(t)
	defer b.Lock()
	testpc.Sync(t, b)
	b.CarryFiles(t.Context())
	for file := range s.files {
		if s.isWhole(t, b, file) {
			whole++
		}
	}
	l.lie(nil)
	l.speak(nil)
	for file := range s.files {
		b.FetchAttachment(file)
		if err := b.CarryFiles(t.Context()); err != nil || !s.isWhole(t, b, file) {
			t.Errorf("a file does not come from an honest server either: %v", err)
		}
	}
	return whole
}

// isWhole saves a file and tells whether it was given out.
func (s *fileScene) isWhole(t *testing.T, b *session.Unlocked, file id.ID) bool {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "saved")
	if err := b.SaveAttachment(t.Context(), file, path); err != nil {
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s is left of a file that is not whole", left[0].Name())
		}
		return false
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, s.files[file]) {
		t.Errorf("a file is another one: %d bytes, %v", len(got), err)
	}
	return true
}

// answered lies about one chunk.
func answered(path string, sealed []byte) lie {
	return func(asked string, body []byte) []byte {
		if asked == path {
			return sealed
		}
		return body
	}
}

// wantOneLess tries an answer in the place of the first chunk of a file.
func (s *fileScene) wantOneLess(t *testing.T, what string, sealed []byte) {
	t.Helper()
	if got := s.fetch(t, newLiar(t, s.server), answered(s.paths()[0], sealed)); got != 1 {
		t.Errorf("%s: %d files are given out, not 1", what, got)
	}
}

func swapChunks(t *testing.T) {
	s := newFileScene(t)
	paths := s.paths()
	for _, other := range paths[1:] {
		s.wantOneLess(t, other, s.chunks[other])
		renamed := bytes.Clone(s.chunks[other])
		copy(renamed[10:26], s.chunks[paths[0]][10:26])
		s.wantOneLess(t, other+", renamed", renamed)
	}
	l := newLiar(t, s.server)
	if got := s.fetch(t, l, func(path string, body []byte) []byte {
		if at := slices.Index(paths, path); at >= 0 {
			return s.chunks[paths[(at+2)%4]]
		}
		return body
	}); got != 0 {
		t.Errorf("the files in each other's place: %d are given out", got)
	}
}

func flipChunks(t *testing.T) {
	s := newFileScene(t)
	good := s.chunks[s.paths()[0]]
	// Magic, purpose, epoch, key id, nonce, commitment, ciphertext, tag.
	for _, at := range []int{0, 5, 9, 10, 26, 50, 82, len(good) / 2, len(good) - 1} {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		s.wantOneLess(t, fmt.Sprintf("bit of byte %d", at), bad)
	}
}

func loseChunks(t *testing.T) {
	s := newFileScene(t)
	good := s.chunks[s.paths()[0]]
	for what, sealed := range map[string][]byte{
		"half": good[:len(good)/2], "a byte less": good[:len(good)-1], "a byte more": append(bytes.Clone(good), 0), "nothing": {},
		"the server's own": s.invented(t),
	} {
		s.wantOneLess(t, what, sealed)
	}
	for what, list := range map[string]string{
		"none": `{"count":2,"present":[]}`, "one": `{"count":2,"present":[1]}`, "unknown": `{"count":0,"present":[]}`, "more": `{"count":3,"present":[0,1,2]}`,
		"fewer": `{"count":1,"present":[0]}`, "strange": `{"count":2,"present":[1,0]}`,
	} {
		file, _, _ := strings.Cut(s.paths()[0], "/chunks/")
		if got := s.fetch(t, newLiar(t, s.server), answered(file, []byte(list))); got > 1 {
			t.Errorf("the server has %s of a file, and %d are given out", what, got)
		}
	}
	for what, answer := range map[string]http.HandlerFunc{
		"not found": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"code":"not_found"}`, http.StatusNotFound)
		},
		"a page": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
	} {
		l := newLiar(t, s.server)
		l.speak(func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "/chunks/") {
				answer(w, r)
				return true
			}
			return false
		})
		if got := s.fetch(t, l, nil); got != 0 {
			t.Errorf("%s: %d files are given out", what, got)
		}
	}
}

// invented is a chunk that is right in all but its key, which the server does not have.
func (s *fileScene) invented(t *testing.T) []byte {
	t.Helper()
	steps := strings.Split(s.paths()[0], "/") // "", v1, vaults, id, attachments, id, chunks, index
	vault, errVault := id.Parse(steps[3])
	attachment, errAttachment := id.Parse(steps[5])
	if errVault != nil || errAttachment != nil {
		t.Fatal(errVault, errAttachment)
	}
	ref := keys.ChunkRef{Account: s.account, Vault: vault, Attachment: attachment, Index: 0, Count: 2}
	sealed, err := keys.SealChunk(secret.Random(keys.Size), ref, make([]byte, seal.MaxPlaintext))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
