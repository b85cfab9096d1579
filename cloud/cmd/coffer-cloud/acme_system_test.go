//go:build system

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// launch runs a program until the test ends, and returns when it has written a line with ready in it.
func launch(t *testing.T, ready, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s (make setup-system installs it): %v", name, err)
	}
	in.Close()
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); out.Close() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), ready) {
			go func() { // so that it never waits for a reader
				for lines.Scan() {
				}
			}()
			return cmd
		}
	}
	t.Fatalf("%s ended before it was ready", name)
	return nil
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// A real ACME server issues for each of the names that are ours, and is not asked for others. What it issued is used after a restart
// without it.
func TestACMEServerIssues(t *testing.T) {
	dns, directory, ours := gone(t), gone(t), gone(t)
	launch(t, "Starting", "pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", dns, "-http01", "", "-https01", "", "-tlsalpn01", "",
		"-management", gone(t))
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", dns)
	}}
	patience, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for patience.Err() == nil {
		if _, err := resolver.LookupHost(patience, "api.coffer.test"); err == nil {
			break
		}
	}
	pebble, _ := newPair(t, "localhost", time.Now().Add(24*time.Hour))
	config := write(t, "pebble.json", fmt.Sprintf(`{"pebble":{"listenAddress":%q,"managementListenAddress":%q,"certificate":%q,"privateKey":%q,"httpPort":%s,"tlsPort":%s}}`,
		directory, gone(t), pebble.chain, pebble.key, port(gone(t)), port(ours)))
	authority := launch(t, "ACME directory available", "pebble", "-config", config, "-dnsserver", dns)
	data := t.TempDir()
	args := []string{
		"serve", "--data", data, "--domain", "coffer.test", "--acme", "https://localhost:" + port(directory) + "/dir", "--acme-ca", pebble.chain, "--listen", ours,
		"--smtp", "smtp://127.0.0.1:1?starttls=never", "--updates", updateFolder(t), "--linger", "0s",
	}
	names := []string{"api.coffer.test", "portal.coffer.test", "app.coffer.test", "app-updates.coffer.test", "app-updates2.coffer.test"}
	p := start(t, args...)
	for _, name := range names {
		issuer, err := issuerOf(ours, name)
		if err != nil || !strings.Contains(issuer, "Pebble") {
			t.Errorf("%s: issued by %q, %v", name, issuer, err)
		}
	}
	for _, name := range []string{"coffer.test", "evil.test", "api.evil.test"} {
		if _, err := issuerOf(ours, name); err == nil {
			t.Errorf("a certificate for %s", name)
		}
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	authority.Process.Kill()
	p = start(t, args...)
	for _, name := range names {
		if _, err := issuerOf(ours, name); err != nil {
			t.Errorf("%s after a restart without the authority: %v", name, err)
		}
	}
	states, details, _ := examined(t, args[1:]...)
	if states["certificate"] != fine {
		t.Errorf("doctor: %s", details["certificate"])
	}
	if info, err := os.Stat(filepath.Join(data, "acme")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the keys can be read by others: %v, %v", info.Mode(), err)
	}
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
}

// issuerOf asks for a name and returns who has issued the certificate, which has to be for that name.
func issuerOf(address, name string) (string, error) {
	dialer := &net.Dialer{Timeout: time.Minute}
	conn, err := tls.DialWithDialer(dialer, "tcp", address, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	leaf := conn.ConnectionState().PeerCertificates[0]
	return leaf.Issuer.CommonName, leaf.VerifyHostname(name)
}
