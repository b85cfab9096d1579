package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// An update host lets go of whoever announces a body and never sends it, and of whoever never reads.
func TestUpdateHostsWaitForNobody(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	s := &service{options: options{updatesListen: []string{"127.0.0.1:0"}}, log: log, sockets: &sockets{log: log}, drain: newDrain(), conns: newConnections(10, 0, log)}
	if err := s.openUpdates(nil, http.NotFoundHandler()); err != nil {
		t.Fatal(err)
	}
	host := s.servers[0]
	if host.server.WriteTimeout == 0 {
		t.Error("an answer may take for ever")
	}
	host.server.ReadTimeout /= 100
	go host.serve()
	defer host.server.Close()
	conn, err := net.Dial("tcp", host.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /metadata/timestamp.json HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(3 * time.Minute))
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the host still waits: %v", err)
	}
}
