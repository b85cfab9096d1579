//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/internal/testkit"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
	"github.com/coffer-vault/coffer/vault/importer/intake"
)

// importSizes are rows of an imported file. One is what a process of keepassxc-cli and its key derivation cost.
var importSizes = []int{1, 10_000}

// BenchmarkImport is an import of KeePass's XML: reading and planning alone (plan), the whole into the vault of a new account, sealed and on
// the disk (coffer), and the process of keepassxc-cli that makes a database of it.
func BenchmarkImport(b *testing.B) {
	for _, n := range importSizes {
		xml := plainXML(n)
		b.Run("rows="+strconv.Itoa(n)+"/program=plan", func(b *testing.B) {
			var u usage
			for b.Loop() {
				before := processSeconds()
				d, err := intake.NewDraft(b.Context(), []importer.Source{openXML(b, xml)}, secret.Bytes{})
				if err != nil || len(d.Items) != n {
					b.Fatal(len(d.Items), err)
				}
				u.cpu, u.peak = u.cpu+processSeconds()-before, max(u.peak, residentKiB())
				d.Wipe()
			}
			u.report(b)
		})
		b.Run("rows="+strconv.Itoa(n)+"/program=coffer", func(b *testing.B) { measureImport(b, n, xml) })
		b.Run("rows="+strconv.Itoa(n)+"/program=keepassxc", func(b *testing.B) { measureKeePassImport(b, xml) })
	}
}

// plainXML is n records as KeePass exports them.
func plainXML(n int) []byte {
	var out bytes.Buffer
	out.WriteString(`<?xml version="1.0" encoding="UTF-8"?><KeePassFile><Meta/><Root><Group><UUID>` + keePassUUID() + `</UUID><Name>Root</Name>`)
	const field = "<String><Key>%s</Key><Value>%s</Value></String>"
	for i := range n {
		r := recordNumber(i)
		if i%perGroup == 0 {
			fmt.Fprintf(&out, "<Group><UUID>%s</UUID><Name>Group %d</Name>", keePassUUID(), i)
		}
		fmt.Fprintf(&out, "<Entry><UUID>%s</UUID>"+field+field+field+field+"</Entry>", keePassUUID(), "Title", r.title, "UserName", r.user, "URL", r.url, "Password", r.password)
		if i%perGroup == perGroup-1 || i == n-1 {
			out.WriteString("</Group>\n")
		}
	}
	out.WriteString("</Group></Root></KeePassFile>")
	return out.Bytes()
}

func openXML(b *testing.B, xml []byte) importer.Source {
	source, err := format.Open(xml)
	if err != nil {
		b.Fatal(err)
	}
	return source
}

// measureImport imports into an empty vault each time. What the account costs is not measured.
func measureImport(b *testing.B, n int, xml []byte) {
	startDesktop(b)
	var u usage
	for b.Loop() {
		b.StopTimer()
		server := testkit.Cloud(b)
		paths, err := platform.PathsBelow(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		unlocked := signUp(b, paths, server)
		b.StartTimer()
		before := processSeconds()
		result, err := unlocked.Import(b.Context(), []importer.Source{openXML(b, xml)}, secret.Bytes{}, nil)
		b.StopTimer()
		if err != nil || result.Report.Count(importer.Imported) != n {
			b.Fatal(result.Report.Count(importer.Imported), err)
		}
		u.cpu, u.peak = u.cpu+processSeconds()-before, max(u.peak, residentKiB())
		unlocked.Lock()
		server.Stop()
		b.StartTimer()
	}
	u.report(b)
}

// measureKeePassImport has the key derived in a tenth of a second, the least that keepassxc-cli offers.
func measureKeePassImport(b *testing.B, xml []byte) {
	desk, dir := startDesktop(b), b.TempDir()
	file := filepath.Join(dir, "items.xml")
	if err := os.WriteFile(file, xml, 0o600); err != nil {
		b.Fatal(err)
	}
	var u usage
	for i := 0; b.Loop(); i++ {
		database := filepath.Join(dir, fmt.Sprint(i, ".kdbx"))
		u.run(b, desk.Command("keepassxc-cli", "import", "-q", "-p", "-t", "100", file, database), masterPassword+"\n"+masterPassword+"\n")
	}
	u.report(b)
}

// processSeconds is what this process has taken of the processors so far.
func processSeconds() float64 {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// residentKiB is the most memory that this process has held: later measurements of a run contain the earlier.
func residentKiB() (kib int) {
	status, _ := os.ReadFile("/proc/self/status")
	if _, after, found := bytes.Cut(status, []byte("VmHWM:")); found {
		fmt.Sscan(string(after), &kib)
	}
	return kib
}
