package policy

import (
	"reflect"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	vs, problems, err := decode(strings.NewReader("{\"a\": \"x\", \"b\": 7, \"c\": false, \"d\": -1, \"e\": 1.5, \"f\": 1e3, \"g\": {\"h\": 1}, \"i\": 1, \"i\": 2}\n"))
	want := values{"a": "x", "b": uint64(7), "c": false, "d": nil, "e": nil, "f": nil, "g": map[string]any{"h": vs["g"].(map[string]any)["h"]}, "i": nil}
	if err != nil || !reflect.DeepEqual(vs, want) {
		t.Errorf("%v, %v", vs, err)
	}
	if len(problems) != 1 || problems[0].Name != `"i"` {
		t.Errorf("problems %v", problems)
	}
	many := "{" + strings.Repeat(`"x":1,`, 3) + strings.Join(numbered(maxSettings+1), ",") + "}"
	for _, bad := range []string{"", "null", "[]", `"x"`, "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{"a":1}{}`, `{"a":1} x`, `{a:1}`, "{\"a\":\"\x01\"}", many} {
		if vs, _, err := decode(strings.NewReader(bad)); err == nil {
			t.Errorf("%.40q was read as %v", bad, vs)
		}
	}
}

func numbered(n int) (members []string) {
	for i := range n {
		members = append(members, `"`+strings.Repeat("n", i+1)+`":1`)
	}
	return members
}

// Whatever is in the file: what holds can be written down and read again, and means the same.
func FuzzDecode(f *testing.F) {
	f.Add(`{"Server":"coffer.example.com","AutoUpdate":true,"UpdateRing":"pilot","UpdatePin":"1.4.0","AutoLockCeiling":15}`)
	f.Add(`{"UpdatePause":"2026-12-31","MaintenanceWindow":"Sat,Sun 22:00-05:00","BrowserImport":0,"ExportAllowed":false}`)
	f.Add(`{"server":1,"Server":"x","Server":"y","nest":{"a":[1,2]},"n":1e400}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, text string) {
		vs, _, err := decode(strings.NewReader(text))
		if err != nil {
			return
		}
		p := parse(vs)
		for _, problem := range p.Problems {
			if problem.Name == "" || problem.Reason == "" || len(problem.Name) > 400 {
				t.Errorf("a problem that says nothing, or too much: %q", problem)
			}
		}
		if len(p.InForce()) > len(fields) {
			t.Errorf("in force: %v", p.InForce())
		}
	})
}

func TestPayloadIsNoSetting(t *testing.T) {
	vs := withoutPayload(values{"Enroll": "CE1.a.b", "PayloadUUID": "x", "PayloadVersion": uint64(1), "UpdateRing": "pilot"})
	if !reflect.DeepEqual(vs, values{"UpdateRing": "pilot"}) {
		t.Errorf("%v", vs)
	}
}
