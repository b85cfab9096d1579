package screen

import "context"

// Salvage saves what is being typed and locks, for a program whose window is gone: the system ends it, or its terminal does. It asks
// nobody and tells no view; the shell is of no use afterwards. It waits, also for a lock that had begun, which saves on its way. The
// error is that of saving.
func (s *Shell) Salvage() error {
	s.listen = nil
	if s.closed != nil {
		<-s.closed
	}
	unlocked := s.open()
	if unlocked == nil {
		return nil
	}
	defer unlocked.Lock()
	item, dirty := s.handOver()
	if !dirty {
		return nil
	}
	return saveWiping(context.Background(), unlocked.Vault(), item)
}
