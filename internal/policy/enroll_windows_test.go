package policy

import (
	"testing"

	"golang.org/x/sys/windows/registry"
)

// The same reader on a key that a test can write.
func TestEnrollValue(t *testing.T) {
	const path = `Software\CofferEnrollTest`
	if text, err := enrollValue(registry.CURRENT_USER, path); text != "" || err != nil {
		t.Errorf("no key: %q, %v", text, err)
	}
	key, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	defer registry.DeleteKey(registry.CURRENT_USER, path)
	defer key.Close()
	if text, err := enrollValue(registry.CURRENT_USER, path); text != "" || err != nil {
		t.Errorf("no value: %q, %v", text, err)
	}
	if err := key.SetStringValue("Enroll", "CE1.a.b"); err != nil {
		t.Fatal(err)
	}
	if text, err := enrollValue(registry.CURRENT_USER, path); text != "CE1.a.b" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if err := key.SetDWordValue("Enroll", 1); err != nil {
		t.Fatal(err)
	}
	if text, err := enrollValue(registry.CURRENT_USER, path); text != "" || err == nil {
		t.Errorf("a number: %q, %v", text, err)
	}
}
