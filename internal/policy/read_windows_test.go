package policy

import (
	"testing"

	"golang.org/x/sys/windows/registry"
)

// The same reader on a key that a test can write.
func TestRegistry(t *testing.T) {
	const path = `Software\CofferPolicyTest`
	key, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	defer registry.DeleteKey(registry.CURRENT_USER, path)
	defer key.Close()
	for _, err := range []error{
		key.SetStringValue("UpdateRing", "pilot"), key.SetDWordValue("AutoLockCeiling", 15), key.SetDWordValue("ExportAllowed", 0),
		key.SetExpandStringValue("Server", "%USERNAME%"), key.SetBinaryValue("AutoUpdate", []byte{1}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	vs, problems := readKey(registry.CURRENT_USER, path)
	p := parse(vs)
	if len(problems) > 0 || p.UpdateRing != Pilot || p.AutoLockCeiling.Minutes() != 15 || p.ExportAllowed != No {
		t.Errorf("%+v, %v", p, problems)
	}
	if p.Server != "" || p.AutoUpdate != NotSet || len(p.Problems) != 2 {
		t.Errorf("values of other types: %+v", p)
	}
	if vs, problems := readKey(registry.CURRENT_USER, path+"No"); vs != nil || problems != nil {
		t.Errorf("no key: %v, %v", vs, problems)
	}
}
