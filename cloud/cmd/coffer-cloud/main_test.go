package main

import (
	"bufio"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/sync/remote"
	"github.com/coffer-vault/coffer/sync/wire"
)

// TestMain lets the test binary be the program, so that signals and exit codes are the real ones.
func TestMain(m *testing.M) {
	if os.Getenv("COFFER_CLOUD_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process is a running coffer-cloud.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   *bufio.Reader
	ready map[string]string // the words of the ready line
}

func itself(t *testing.T, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "COFFER_CLOUD_TEST_MAIN=1")
	return cmd
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	return started(t, itself(t, args...))
}

// started starts a server and waits until it is ready.
func started(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	p := &process{t: t, cmd: cmd, out: bufio.NewReader(out), ready: map[string]string{}}
	line, err := p.out.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready ") {
		t.Fatalf("first line %q, %v", line, err)
	}
	line, p.ready["mail"], _ = strings.Cut(strings.TrimSuffix(line, "\n"), " mail=") // last: a path may have spaces
	for _, word := range strings.Fields(line)[1:] {
		name, value, _ := strings.Cut(word, "=")
		p.ready[name] = value
	}
	return p
}

func (p *process) signal(s os.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	io.Copy(io.Discard, p.out)
	return p.cmd.Wait()
}

func TestServeInDevelopment(t *testing.T) {
	data, updates := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(updates, "metadata"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(updates, "metadata", "timestamp.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, "serve", "--dev", "--data", data, "--updates", updates)
	for _, path := range []string{"/healthz", "/readyz"} {
		get(t, p.ready["api"]+path, http.StatusNoContent)
	}
	hosts := strings.Split(p.ready["updates"], ",")
	if len(hosts) != 2 {
		t.Fatalf("update hosts %v", hosts)
	}
	for _, host := range hosts {
		get(t, host+"/metadata/timestamp.json", http.StatusOK)
	}
	askForCode(t, p)
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	// The write-ahead log was moved into the file: the file alone is a backup.
	if _, err := os.Stat(filepath.Join(data, "cloud.db-wal")); !os.IsNotExist(err) {
		t.Errorf("write-ahead log is left: %v", err)
	}
}

func get(t *testing.T, url string, status int) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != status {
		t.Errorf("GET %s: %d, want %d", url, resp.StatusCode, status)
	}
}

// askForCode begins a sign-up with the real client, and finds the mail both in the folder and on standard output.
func askForCode(t *testing.T, p *process) {
	t.Helper()
	client, err := remote.NewClient(p.ready["api"], nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.SignupStart(t.Context(), wire.SignupStart{Email: "ada@example.org"}); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "mail to=ada@example.org ") {
		t.Fatalf("printed %q, %v", line, err)
	}
	files, err := fs.Glob(os.DirFS(p.ready["mail"]), "*.eml")
	if err != nil || len(files) != 1 {
		t.Fatalf("mails in the folder: %v, %v", files, err)
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	data := t.TempDir()
	first := start(t, "serve", "--dev", "--data", data)
	out, err := itself(t, "serve", "--dev", "--data", data).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another coffer-cloud uses") {
		t.Errorf("second server: %v, %s", err, out)
	}
	// A killed server leaves nothing that would refuse the next one.
	first.signal(syscall.SIGKILL)
	next := start(t, "serve", "--dev", "--data", data)
	if err := next.signal(os.Interrupt); err != nil {
		t.Errorf("after SIGINT: %v", err)
	}
}

func TestLostSecretIsNotReplaced(t *testing.T) {
	data := t.TempDir()
	start(t, "serve", "--dev", "--data", data).signal(os.Interrupt)
	if err := os.Remove(filepath.Join(data, "server.secret")); err != nil {
		t.Fatal(err)
	}
	if out, err := itself(t, "serve", "--dev", "--data", data).CombinedOutput(); err == nil || !strings.Contains(string(out), "server secret") {
		t.Errorf("server without its secret: %v, %s", err, out)
	}
}
