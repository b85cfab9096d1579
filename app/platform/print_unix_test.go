//go:build unix

package platform

import (
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// standInForCUPS puts programs of its own in the place of CUPS's: lp keeps its arguments and its input in files of the folder that is
// returned, lpstat answers with the files that are there by its first argument.
func standInForCUPS(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, script := range map[string]string{
		"lp": `printf '%s\n' "$@" >"$FOLDER/arguments"; /bin/cat >"$FOLDER/input"
/bin/cat "$FOLDER/refusal" >&2 2>/dev/null && exit 1
/bin/cat "$FOLDER/said"`,
		// The queue gets shorter by one job whenever it is looked at.
		"lpstat": `/bin/cat "$FOLDER/lpstat$1"
[ "$1" != -W ] || /bin/sed -i.old 1d "$FOLDER/lpstat-W"`,
	} {
		script = "#!/bin/sh\nFOLDER='" + folder + "'\n" + script + "\n"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder)
	return folder
}

func say(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var aPage = PrintPage{Title: "Coffer", Media: "A4", Width: 210, Height: 297, PDF: []byte("%PDF-1.3 the secret"), Paint: func(Painter) {}}

func TestPrintersOfCUPS(t *testing.T) {
	for _, c := range []struct {
		name, list, usual string
		want              []Printer
	}{
		{"none", "", "no system default destination\n", nil},
		{"none is the usual one", "A\nB\n", "no system default destination\n", []Printer{{Name: "A"}, {Name: "B"}}},
		{"one is", "A\nB/duplex\n", "system default destination: B/duplex\n", []Printer{{Name: "A"}, {Name: "B/duplex", Default: true}}},
		{"names that are none", "-o\nA B\n\n\x1b[2J\n\u202eD\nC\n", "system default destination: C\n", []Printer{{Name: "C", Default: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			say(t, standInForCUPS(t), map[string]string{"lpstat-e": c.list, "lpstat-d": c.usual})
			if got, err := Printers(t.Context()); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestWithoutCUPS(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Printers(t.Context()); !errors.Is(err, ErrNoPrinting) {
		t.Errorf("printers: %v", err)
	}
	if _, err := Print(t.Context(), "A", aPage); !errors.Is(err, ErrNoPrinting) {
		t.Errorf("print: %v", err)
	}
}

// The page goes through the standard input alone: every program of the user can read arguments and environment of another.
func TestPageGoesThroughStandardInput(t *testing.T) {
	folder := standInForCUPS(t)
	say(t, folder, map[string]string{"said": "request id is Office-7 (0 file(s))\n", "lpstat-W": "", "lpstat-H": "printers.example.com:631\n"})
	settled, err := Print(t.Context(), "Office", aPage)
	if err != nil {
		t.Fatal(err)
	}
	if err := settled(t.Context()); !errors.Is(err, errKept) {
		t.Errorf("on another computer: %v, want %v", err, errKept)
	}
	input, err := os.ReadFile(filepath.Join(folder, "input"))
	if err != nil || string(input) != string(aPage.PDF) {
		t.Errorf("lp was given %q, %v", input, err)
	}
	arguments, err := os.ReadFile(filepath.Join(folder, "arguments"))
	want := "-d Office -t Coffer -o document-format=application/pdf -o media=A4 -o sides=one-sided"
	if got := strings.Join(strings.Fields(string(arguments)), " "); err != nil || got != want {
		t.Errorf("arguments: %s, %v", got, err)
	}
}

func TestNotPrinted(t *testing.T) {
	folder := standInForCUPS(t)
	say(t, folder, map[string]string{"refusal": "lp: Error - The printer or class does not exist.\n"})
	if _, err := Print(t.Context(), "Office", aPage); !errors.Is(err, ErrNotPrinted) || !strings.Contains(err.Error(), "does not exist") || strings.Contains(err.Error(), "secret") {
		t.Errorf("refused: %v", err)
	}
	for _, name := range []string{"", "-o", "A B", "A\n"} {
		if _, err := Print(t.Context(), name, aPage); !errors.Is(err, ErrNotPrinted) {
			t.Errorf("on %q: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(folder, "refusal")); err != nil {
		t.Fatal(err)
	}
	say(t, folder, map[string]string{"said": "thank you\n"})
	settled, err := Print(t.Context(), "Office", aPage)
	if err != nil {
		t.Fatal(err)
	}
	if err := settled(t.Context()); !errors.Is(err, errKept) {
		t.Errorf("which job it is was not said: %v, want %v", err, errKept)
	}
}

// The copy is deleted when the job is done, not before: CUPS would not print it.
func TestCopyIsDeletedOncePrinted(t *testing.T) {
	defer func(d time.Duration) { printPoll = d }(printPoll)
	printPoll = time.Millisecond
	for _, c := range []struct {
		name   string
		answer string
		status int
		ok     bool
	}{
		{"deleted", "\x01\x01\x00\x00\x00\x00\x00\x01\x03", http.StatusOK, true},
		{"not allowed", "\x01\x01\x04\x03\x00\x00\x00\x01\x03", http.StatusOK, false},
		{"not authenticated", "", http.StatusUnauthorized, false},
		{"cut off", "\x01\x01", http.StatusOK, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := standInForCUPS(t)
			request := make(chan []byte, 1)
			socket := serveOnce(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				queue, _ := os.ReadFile(filepath.Join(folder, "lpstat-W"))
				request <- append(body, queue...)
				w.WriteHeader(c.status)
				io.WriteString(w, c.answer)
			})
			// It is printed when Office-12 is no longer in the queue; Office-1 is another job.
			say(t, folder, map[string]string{
				"said": "request id is Office-1 (0 file(s))\n", "lpstat-H": socket + "\n",
				"lpstat-W": "Office-1   anna 1024 Sun\nOffice-1   anna 1024 Sun\nOffice-12  anna 1024 Sun\n",
			})
			settled, err := Print(t.Context(), "Office", aPage)
			if err != nil {
				t.Fatal(err)
			}
			if err := settled(t.Context()); (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
			if got := <-request; string(got) != string(purgeRequest(1, userName())) {
				t.Errorf("asked, with this left in the queue:\n%s", hex.Dump(got))
			}
		})
	}
}

// serveOnce is a server at a socket.
func serveOnce(t *testing.T, handle http.HandlerFunc) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handle}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return socket
}

func TestPurgeRequest(t *testing.T) {
	want := "0101" + "0008" + "00000001" + "01" +
		"47" + "0012" + hex.EncodeToString([]byte("attributes-charset")) + "0005" + hex.EncodeToString([]byte("utf-8")) +
		"48" + "001b" + hex.EncodeToString([]byte("attributes-natural-language")) + "0002" + hex.EncodeToString([]byte("en")) +
		"45" + "0007" + hex.EncodeToString([]byte("job-uri")) + "0017" + hex.EncodeToString([]byte("ipp://localhost/jobs/12")) +
		"42" + "0014" + hex.EncodeToString([]byte("requesting-user-name")) + "0004" + hex.EncodeToString([]byte("anna")) +
		"22" + "0009" + hex.EncodeToString([]byte("purge-job")) + "0001" + "01" + "03"
	if got := hex.EncodeToString(purgeRequest(12, "anna")); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
