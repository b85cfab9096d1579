//go:build journey

package journey

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// TestDemo runs what make run does with a display, as somebody who tries Coffer would: sign up, close, come back, start over, Ctrl-C.
func TestDemo(t *testing.T) {
	if err := os.MkdirAll(results, 0o755); err != nil {
		t.Fatal(err)
	}
	p := newPC(t, "demo")
	defer p.showFailure()
	folder := t.TempDir()
	p.env = append(p.env, "COFFER_HOME="+filepath.Join(folder, ".coffer", "pc"))

	first := startDemo(p, folder, "")
	p.turn(func() { p.keys("Return") })
	p.text(anna)
	p.turn(func() { p.keys("Return") })
	code := first.code()
	p.settle() // the mail may be there before the page that asks for its code
	p.turn(func() { p.text(code) })
	p.text(password)
	p.keys("Tab", "Tab")
	p.text(password)
	p.keys("Return")
	eventually(t, "an account on this PC", func() bool { return p.accounts() == 1 })
	p.settle()
	p.keys("alt+F4")
	first.ends()

	again := startDemo(p, folder, "")
	if p.accounts() != 1 {
		t.Error("the second run does not go on with the data of the first")
	}
	p.shot("demo-again")
	p.text(password)
	p.turn(func() { p.keys("Return") })
	p.shot("demo-unlocked")
	p.turn(func() { p.keys("Escape") }) // the browsers' passwords, another time
	p.turn(func() { p.keys("ctrl+n") })
	p.text("half a thought")
	p.drawn()
	p.shot("demo-typed")
	again.interrupt()
	again.ends()
	if kept := p.items(password); len(kept) != 1 || kept[0].Title != "half a thought" {
		t.Errorf("of what was being typed at Ctrl-C there is %v", kept)
	}

	fresh := startDemo(p, folder, "1")
	if p.accounts() != 0 {
		t.Error("FRESH=1 goes on with old data")
	}
	p.shot("demo-fresh")
	fresh.interrupt()
	fresh.ends()
}

// accounts counts the accounts of the computer.
func (p *pc) accounts() int {
	p.t.Helper()
	var status struct{ Accounts []struct{ Email string } }
	p.ctl(&status, "", "status")
	return len(status.Accounts)
}

// demo is a running demo.sh.
type demo struct {
	p      *pc
	cmd    *exec.Cmd
	output string // file with what it printed
	ended  chan struct{}
}

func startDemo(p *pc, folder, fresh string) *demo {
	p.t.Helper()
	script, err := filepath.Abs("demo.sh")
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := os.CreateTemp(p.t.TempDir(), "demo")
	if err != nil {
		p.t.Fatal(err)
	}
	d := &demo{p: p, output: out.Name(), ended: make(chan struct{})}
	d.cmd = p.command("sh", script, filepath.Dir(binary(p.t, "coffer")), fresh)
	d.cmd.Dir, d.cmd.Stdout, d.cmd.Stderr = folder, out, out
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.turn(func() {
		if err := d.cmd.Start(); err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(func() {
			syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
			if data, err := os.ReadFile(d.output); err == nil && p.t.Failed() {
				p.t.Logf("the demo printed\n%s", data)
			}
		})
		go func() {
			d.cmd.Wait()
			out.Close()
			close(d.ended)
		}()
		p.firstPage()
	})
	return d
}

// printedCode has a line to itself: the ids of requests, in the server's log, can look like one.
var printedCode = regexp.MustCompile(`(?m)^ +([0-9A-Z]{4})-([0-9A-Z]{4})\r?$`)

// code waits for the mail that is printed.
func (d *demo) code() (code string) {
	d.p.t.Helper()
	eventually(d.p.t, "a code in what the demo prints", func() bool {
		data, _ := os.ReadFile(d.output)
		m := printedCode.FindSubmatch(data)
		if m != nil {
			code = string(m[1]) + string(m[2])
		}
		return m != nil
	})
	return code
}

// interrupt is Ctrl-C: the terminal sends the signal to all of the foreground.
func (d *demo) interrupt() { syscall.Kill(-d.cmd.Process.Pid, syscall.SIGINT) }

// ends waits for the end and for every process of it to be gone.
func (d *demo) ends() {
	d.p.t.Helper()
	select {
	case <-d.ended:
	case <-time.After(patience):
		left, _ := exec.Command("ps", "-o", "pid,stat,wchan,args", "--sid", fmt.Sprint(d.cmd.Process.Pid)).Output()
		syscall.Kill(-d.cmd.Process.Pid, syscall.SIGQUIT) // Go programs say where they are
		time.Sleep(time.Second)
		d.p.t.Fatalf("the demo does not end:\n%s", left)
	}
	eventually(d.p.t, "no process of the demo to be left", func() bool {
		return syscall.Kill(-d.cmd.Process.Pid, 0) == syscall.ESRCH
	})
}
