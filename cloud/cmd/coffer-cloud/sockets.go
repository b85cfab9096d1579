package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/coffer-vault/coffer/cloud/systemd"
)

// sockets are listening sockets by name, some of which the process before us has left with the service manager.
type sockets struct {
	manager   systemd.Manager
	inherited map[string]net.Listener
	log       *slog.Logger
}

func openSockets(env systemd.Environment, log *slog.Logger) (*sockets, error) {
	inherited, err := systemd.Inherited(env)
	return &sockets{systemd.New(env), inherited, log}, err
}

// listen returns the inherited socket of this name if it listens where it should, else one of its own.
func (s *sockets) listen(name, address string) (net.Listener, error) {
	old := s.inherited[name]
	delete(s.inherited, name)
	if old != nil && samePlace(old.Addr(), address) {
		return old, nil
	}
	if old != nil {
		old.Close()
		s.tell(func(m systemd.Manager) error { return m.Forget(name) })
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s.tell(func(m systemd.Manager) error { return m.Keep(name, l) })
	return l, nil
}

// dropUnused lets go of sockets that no setting asks for any more.
func (s *sockets) dropUnused() {
	for name, l := range s.inherited {
		l.Close()
		s.tell(func(m systemd.Manager) error { return m.Forget(name) })
	}
}

// samePlace tells whether a socket listens on the address of a setting. Port 0 is any; a host name is whatever it was resolved to.
func samePlace(have net.Addr, address string) bool {
	tcp, ok := have.(*net.TCPAddr)
	want, err := net.ResolveTCPAddr("tcp", address)
	if !ok || err != nil || want.Port != 0 && want.Port != tcp.Port {
		return false
	}
	return want.IP.Equal(tcp.IP) || (len(want.IP) == 0 || want.IP.IsUnspecified()) && tcp.IP.IsUnspecified()
}

// tell tells the service manager. That it did not hear is no reason to end.
func (s *sockets) tell(say func(systemd.Manager) error) {
	if err := say(s.manager); err != nil {
		s.log.Warn("service manager", "err", err)
	}
}

// watch tells the manager that the process works as long as alive returns.
func (s *sockets) watch(ctx context.Context, alive func()) {
	interval := s.manager.Watchdog() / 2
	if interval == 0 {
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		alive()
		s.tell(systemd.Manager.Alive)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
