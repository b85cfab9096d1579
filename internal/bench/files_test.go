//go:build linux

package bench

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/internal/testpc"
	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/exporter"
)

// BenchmarkFile moves a file of 20 MB, more than comes to a computer by itself, between two computers over the real server, with HTTP on
// loopback and everything on disk. What the server does is in the figures too, and peak-MB is the most memory that this process, server and
// both computers, held meanwhile.
//
//	attach    reads the file, seals its chunks and writes them
//	upload    sends them
//	download  another computer fetches, opens and writes them
//	save      opens them again into a file
//	export    writes them into an encrypted archive
func BenchmarkFile(b *testing.B) { benchFile(b, 20_000_000) }

// BenchmarkLargestFile is BenchmarkFile with the largest file there may be, 100 MiB: memory must not grow with it.
func BenchmarkLargestFile(b *testing.B) { benchFile(b, vault.MaxAttachment) }

func benchFile(b *testing.B, size int64) {
	w := newFileWorld(b, size)
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
	b.Run("export", func(b *testing.B) {
		w.measure(b, func() { w.keepOne(b) }, func() {
			o := exporter.Options{Format: exporter.Archive, Password: testpc.Typed("a password of the archive"), Replace: true}
			if _, err := w.a.Export(b.Context(), filepath.Join(b.TempDir(), "archive"), o, nil); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// fileWorld is an account on two computers that do nothing by themselves.
type fileWorld struct {
	a, b       *session.Unlocked
	item, file id.ID
	size       int64
}

func newFileWorld(b *testing.B, size int64) *fileWorld {
	b.Helper()
	server := testkit.Cloud(b)
	server.Quota = 1 << 40
	server.Restart()
	driven := func(c *session.Config) { c.Driven = true }
	w := &fileWorld{size: size, a: testpc.New(b, "PC A", driven).SignUp(b, server, anna)}
	w.item = testpc.Save(b, w.a, testpc.Login("with files", "anna", "secret")).ID
	testpc.Sync(b, w.a)
	w.b = testpc.New(b, "PC B", driven).SignIn(b, server, anna, w.a.SecretKey())
	return w
}

func (w *fileWorld) attach(b *testing.B) {
	b.Helper()
	content := io.LimitReader(rand.NewChaCha8([32]byte{}), w.size)
	a, err := w.a.Attach(b.Context(), w.item, "a file", content, w.size)
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

// keepOne removes the files of the runs before, but for the last one.
func (w *fileWorld) keepOne(b *testing.B) {
	b.Helper()
	all, err := w.a.Attachments(b.Context(), w.item)
	for _, a := range all {
		if err == nil && a.ID != w.file {
			err = w.a.Detach(b.Context(), w.item, a.ID)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
}

func (w *fileWorld) measure(b *testing.B, prepare, work func()) {
	peak := 0
	measure(b, func() {
		prepare()
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak begins anew (proc(5))
			b.Fatal(err)
		}
	}, func() {
		work()
		peak = max(peak, residentKiB())
	})
	b.ReportMetric(float64(peak)/1024, "peak-MB")
	b.SetBytes(w.size)
}
