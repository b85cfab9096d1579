package screen

// OpenExport leads to a file that other programs read.
func (v *Vault) OpenExport() {
	v.openSheet(NewExport(v.env, ExportConfig{Unlocked: v.config.Unlocked, Close: v.closeSheet}))
}
