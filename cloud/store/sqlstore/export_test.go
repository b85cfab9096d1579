package sqlstore

import "time"

// Waiting is how many transactions wait for their turn.
func (s *Store) Waiting() int { return int(s.groups.waiting.Load()) }

// GroupFor has groups go on for so long, however slow the machine is.
func (s *Store) GroupFor(d time.Duration) { s.groups.time = d }
