package session

// Settled tells whether a check has examined everything, with every answer of the breach server.
func Settled(c *Checkup) bool {
	c.leaks.mu.Lock()
	defer c.leaks.mu.Unlock()
	return len(c.leaks.ask) == 0 && c.leaks.failure == nil && c.Result().Left == 0
}
