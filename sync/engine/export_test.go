package engine

// SetPage makes even small vaults come in pages.
func (e *Engine) SetPage(objects int) { e.page = objects }
