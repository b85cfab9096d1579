package exporter

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/vault"
)

// Each program writes the codes of Steam Guard in its own way; the standard has none.
func TestSteamCodes(t *testing.T) {
	for _, text := range []string{"steam://JBSW Y3DP EHPK 3PXP", "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&encoder=steam"} {
		it := item(vault.Login, "Valve", "username", "ann", "totp", text)
		e := &entry{Item: &it, export: &export{losses: losses{}}}
		if code, ok := keePassCode(e); !ok || code != "otpauth://totp/Valve?encoder=steam&secret=JBSWY3DPEHPK3PXP" {
			t.Errorf("KeePass: %s", code)
		}
		var b bitwardenItem
		b.addLogin(e)
		if b.Login.TOTP == nil || *b.Login.TOTP != "steam://JBSWY3DPEHPK3PXP" {
			t.Errorf("Bitwarden: %v", b.Login.TOTP)
		}
		cxf, err := json.Marshal(newCXFItem(e).Credentials)
		check(t, err)
		if strings.Contains(string(cxf), `"type":"totp"`) || !strings.Contains(string(cxf), "JBSW") {
			t.Errorf("CXF: %s", cxf)
		}
	}
}
