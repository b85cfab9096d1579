package screen

import "github.com/coffer-vault/coffer/internal/policy"

func (v *Vault) mayExport() bool { return v.config.Unlocked.Policy().ExportAllowed != policy.No }

// OpenExport leads to a file that other programs read.
func (v *Vault) OpenExport() {
	v.openSheet(NewExport(v.env, ExportConfig{Unlocked: v.config.Unlocked, Close: v.closeSheet}))
}
