package vault

// Closing is closed when the vault begins to lock.
func (v *Vault) Closing() <-chan struct{} { return v.life.Done() }
