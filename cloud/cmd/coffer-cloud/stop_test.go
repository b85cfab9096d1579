package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// holdRequest begins a request that the server waits for: its body does not come.
func holdRequest(t *testing.T, p *process) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.ready["api"], "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	io.WriteString(conn, "POST /v1/signup/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	// The server asks for the body once its handler reads it.
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := start(t, "serve", "--dev", "--data", t.TempDir())
	conn := holdRequest(t, p)
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	// Nobody else is let in any more: so the first signal has been heard.
	for refused := false; !refused; {
		probe, err := net.Dial("tcp", conn.RemoteAddr().String())
		if refused = err != nil; !refused {
			probe.Close()
		}
	}
	if err := p.signal(syscall.SIGINT); err == nil {
		t.Error("a server that was not let finish says that all went well")
	}
	if took := time.Since(began); took >= shutdownPatience {
		t.Errorf("ended after %v", took)
	}
}

// A request that does not end is cut off when its time is over, and its handler told.
func TestStopIsBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered, told := make(chan struct{}), make(chan struct{})
	r := running{listener: listener, server: &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(told)
	})}}
	served := make(chan error, 1)
	go func() { served <- r.serve() }()
	go http.Get("http://" + listener.Addr().String())
	<-entered
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.stop(over); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	<-told
}

func TestWaitAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w sync.WaitGroup
		if !waitAtMost(&w, time.Second) {
			t.Error("nothing to wait for")
		}
		w.Go(func() { time.Sleep(time.Minute) })
		if waitAtMost(&w, time.Second) {
			t.Error("waited for longer than that")
		}
		if !waitAtMost(&w, time.Minute) {
			t.Error("it has ended")
		}
	})
}
