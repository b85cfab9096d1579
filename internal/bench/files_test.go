//go:build linux

package bench

import (
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// fileSize is 20 MB, more than comes to a computer by itself.
const fileSize = 20_000_000

// BenchmarkFile moves a file of 20 MB between two computers over the real server, with HTTP on loopback and everything on disk. What the
// server does is in the figures too.
//
//	attach    reads the file, seals its chunks and writes them
//	upload    sends them
//	download  another computer fetches, opens and writes them
//	save      opens them again into a file
func BenchmarkFile(b *testing.B) {
	w := newFileWorld(b)
	b.Run("attach", func(b *testing.B) { w.measure(b, func() {}, func() { w.attach(b) }) })
	b.Run("upload", func(b *testing.B) {
		w.measure(b, func() {
			carry(b, w.a) // what was attached before
			w.attach(b)
		}, func() { carry(b, w.a) })
	})
	b.Run("download", func(b *testing.B) {
		w.measure(b, func() {
			w.attach(b)
			carry(b, w.a)
			testpc.Sync(b, w.a)
			testpc.Sync(b, w.b)
			w.b.FetchAttachment(w.file)
		}, func() { carry(b, w.b) })
	})
	b.Run("save", func(b *testing.B) {
		w.measure(b, func() {}, func() {
			if err := w.a.SaveAttachment(b.Context(), w.file, filepath.Join(b.TempDir(), "saved")); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// fileWorld is an account on two computers that do nothing by themselves.
type fileWorld struct {
	a, b       *session.Unlocked
	item, file id.ID
}

func newFileWorld(b *testing.B) *fileWorld {
	b.Helper()
	server := testkit.Cloud(b)
	server.Quota = 1 << 40
	server.Restart()
	driven := func(c *session.Config) { c.Driven = true }
	w := &fileWorld{a: testpc.New(b, "PC A", driven).SignUp(b, server, anna)}
	w.item = testpc.Save(b, w.a, testpc.Login("with files", "anna", "secret")).ID
	testpc.Sync(b, w.a)
	w.b = testpc.New(b, "PC B", driven).SignIn(b, server, anna, w.a.SecretKey())
	return w
}

func (w *fileWorld) attach(b *testing.B) {
	b.Helper()
	content := io.LimitReader(rand.NewChaCha8([32]byte{}), fileSize)
	a, err := w.a.Attach(b.Context(), w.item, "a file", content, fileSize)
	if err != nil {
		b.Fatal(err)
	}
	w.file = a.ID
}

func carry(b *testing.B, u *session.Unlocked) {
	b.Helper()
	if err := u.CarryFiles(b.Context()); err != nil {
		b.Fatal(err)
	}
	if left := u.Transfers(); len(left) > 0 {
		b.Fatalf("%+v", left)
	}
}

func (w *fileWorld) measure(b *testing.B, prepare, work func()) {
	measure(b, prepare, work)
	b.SetBytes(fileSize)
}
