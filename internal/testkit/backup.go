package testkit

import (
	"errors"
	"io/fs"
	"os"
)

// Backup is the server's database at some moment.
type Backup struct{ data []byte }

// Backup stops the server for a moment and copies its database, as an administrator would.
func (s *Server) Backup() Backup {
	s.t.Helper()
	s.Stop()
	data, err := os.ReadFile(s.Database())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Restart()
	return Backup{data}
}

// Restore puts the database of a backup in the place of the server's.
func (s *Server) Restore(b Backup) {
	s.t.Helper()
	s.Stop()
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(s.Database() + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.Database(), b.data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.Restart()
}
