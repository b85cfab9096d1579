package buildinfo

import (
	"encoding/json"
	"testing"
)

func TestParseNumber(t *testing.T) {
	good := map[string]Number{"0.0.0": {}, "1.4.0": {1, 4, 0}, "255.255.65535": {255, 255, 65535}, "10.20.30": {10, 20, 30}}
	for text, want := range good {
		if got, err := ParseNumber(text); err != nil || got != want {
			t.Errorf("ParseNumber(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "1.2", "1.2.3.4", "1.2.x", "v1.2.3", "1.2.3-rc1", "01.2.3", "1.-2.3", "1.+2.3",
		"256.0.0", "0.256.0", "0.0.65536", "1..3", " 1.2.3", "1.2.3 ", "1.2.99999999999999999999", "１.2.3"} {
		if got, err := ParseNumber(text); err == nil {
			t.Errorf("ParseNumber(%q) = %v, want an error", text, got)
		}
	}
}

func TestCompareIsNumeric(t *testing.T) {
	ascending := []Number{{}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {1, 9, 0}, {1, 10, 0}, {1, 10, 9}, {1, 10, 10}, {2, 0, 0}}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := a.Less(b); got != (i < j) {
				t.Errorf("%v.Less(%v) = %v", a, b, got)
			}
			if (a.Compare(b) == 0) != (i == j) {
				t.Errorf("%v.Compare(%v) = %d", a, b, a.Compare(b))
			}
		}
	}
}

func TestNumberInJSON(t *testing.T) {
	var v struct{ V Number }
	if err := json.Unmarshal([]byte(`{"V":"1.4.0"}`), &v); err != nil || v.V != (Number{1, 4, 0}) {
		t.Fatalf("read %v, %v", v, err)
	}
	if out, err := json.Marshal(v); err != nil || string(out) != `{"V":"1.4.0"}` {
		t.Errorf("wrote %s, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"V":"1.4"}`), &v); err == nil {
		t.Error("a two-part version was read")
	}
}

func TestDevelopmentBuild(t *testing.T) {
	if !Dev() || Current() != (Number{}) {
		t.Errorf("a plain build is Dev() %v, Current() %v", Dev(), Current())
	}
	defer func(v, c string) { Version, Channel = v, c }(Version, Channel)
	Version, Channel = "1.4.0", "stable"
	if Dev() || Current() != (Number{1, 4, 0}) {
		t.Errorf("a release is Dev() %v, Current() %v", Dev(), Current())
	}
	Version = "broken"
	if Current() != (Number{}) {
		t.Errorf("Current() = %v for a malformed version", Current())
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, seed := range []string{"1.4.0", "", "255.255.65535", "01.0.0", "1.2.3.4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := ParseNumber(text); err == nil && n.String() != text {
			t.Errorf("%q was read as %v", text, n)
		}
	})
}
