package session

// Locking is closed when an account begins to lock.
func Locking(u *Unlocked) <-chan struct{} { return u.ctx.Done() }
