package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestLaterSignalEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals, stops, ends := make(chan os.Signal), 0, 0
		go obey(signals, func() { stops++ }, func() { ends++ })
		signals <- os.Interrupt
		signals <- syscall.SIGTERM // of a script that was interrupted too
		synctest.Wait()
		if stops != 1 || ends != 0 {
			t.Fatalf("one wish: %d stops, %d ends", stops, ends)
		}
		time.Sleep(sameWish)
		signals <- os.Interrupt
		synctest.Wait()
		if stops != 1 || ends != 1 {
			t.Errorf("wished again: %d stops, %d ends", stops, ends)
		}
	})
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
