package policy

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What administrators are given has the settings that Coffer reads, and values that it takes.

const installers = "../../installer"

func readTemplate(t *testing.T, path string, into any) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(installers, path))
	if err == nil && into != nil {
		err = xml.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// admx is what a test reads of an administrative template.
type admx struct {
	Policies []struct {
		Name      string   `xml:"name,attr"`
		Class     string   `xml:"class,attr"`
		Key       string   `xml:"key,attr"`
		ValueName string   `xml:"valueName,attr"`
		Enabled   number   `xml:"enabledValue>decimal"`
		Disabled  number   `xml:"disabledValue>decimal"`
		Elements  elements `xml:"elements"`
	} `xml:"policies>policy"`
}

type number struct {
	Value string `xml:"value,attr"`
}

type elements struct {
	Text []struct {
		ValueName string `xml:"valueName,attr"`
		MaxLength int    `xml:"maxLength,attr"`
	} `xml:"text"`
	Decimal []struct {
		ValueName string `xml:"valueName,attr"`
		Min       string `xml:"minValue,attr"`
		Max       string `xml:"maxValue,attr"`
	} `xml:"decimal"`
	Enum []struct {
		ValueName string   `xml:"valueName,attr"`
		Items     []string `xml:"item>value>string"`
	} `xml:"enum"`
}

// accepted fails the test if a value is not taken.
func accepted(t *testing.T, name string, v any) {
	t.Helper()
	if p := parse(values{name: v}); len(p.Problems) > 0 || len(p.InForce()) != 1 {
		t.Errorf("%s=%v: %v", name, v, p.Problems)
	}
}

func dword(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		t.Errorf("no number: %v", err)
	}
	return n
}

// longest are the longest values that are right, for the length of their fields.
var longest = map[string]string{
	"Server": strings.Repeat("a23456789.", 25) + "abc", "UpdatePin": "255.255.65535", "UpdatePause": "2026-12-31",
	"MaintenanceWindow": "Mon,Tue,Wed,Thu,Fri,Sat 22:00-05:00",
}

func TestAdministrativeTemplate(t *testing.T) {
	var template admx
	readTemplate(t, "windows/policy/coffer.admx", &template)
	var names []string
	for _, p := range template.Policies {
		if p.Class != "Machine" || p.Key != `Software\Policies\Coffer` {
			t.Errorf("%s is written to %s of %s", p.Name, p.Key, p.Class)
		}
		written := []string{}
		if p.ValueName != "" {
			written = append(written, p.ValueName)
			accepted(t, p.ValueName, dword(t, p.Enabled.Value))
			accepted(t, p.ValueName, dword(t, p.Disabled.Value))
		}
		for _, e := range p.Elements.Text {
			written = append(written, e.ValueName)
			accepted(t, e.ValueName, longest[e.ValueName])
			if e.MaxLength < len(longest[e.ValueName]) {
				t.Errorf("%s: a field of %d characters", e.ValueName, e.MaxLength)
			}
		}
		for _, e := range p.Elements.Decimal {
			written = append(written, e.ValueName)
			accepted(t, e.ValueName, dword(t, e.Min))
			accepted(t, e.ValueName, dword(t, e.Max))
		}
		for _, e := range p.Elements.Enum {
			written = append(written, e.ValueName)
			for _, item := range e.Items {
				accepted(t, e.ValueName, item)
			}
		}
		if !slices.Equal(written, []string{p.Name}) {
			t.Errorf("%s writes %v", p.Name, written)
		}
		names = append(names, p.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, Names()) {
		t.Errorf("the template has %v, Coffer reads %v", names, Names())
	}
}

// Group policy shows nothing at all of a template that refers to a text which is not there.
func TestAdministrativeTemplateHasItsTexts(t *testing.T) {
	references := regexp.MustCompile(`\$\((string|presentation)\.(\w+)\)`)
	texts := regexp.MustCompile(`<(string|presentation) id="(\w+)"`)
	pairs := func(pattern *regexp.Regexp, data []byte) (found []string) {
		for _, m := range pattern.FindAllSubmatch(data, -1) {
			found = append(found, string(m[1])+" "+string(m[2]))
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	wanted := pairs(references, readTemplate(t, "windows/policy/coffer.admx", nil))
	there := pairs(texts, readTemplate(t, "windows/policy/en-US/coffer.adml", &struct{}{}))
	if !slices.Equal(wanted, there) || len(wanted) < 2*len(fields) {
		t.Errorf("the template refers to\n%v\nthere are\n%v", wanted, there)
	}
}

func TestConfigurationProfile(t *testing.T) {
	profile := property(t, xml.NewDecoder(strings.NewReader(string(readTemplate(t, "macos/coffer.mobileconfig", nil))))).(values)
	payload := profile["PayloadContent"].([]any)[0].(values)
	if kind := payload["PayloadType"]; !strings.HasSuffix(preferencesOnMac(t), "/"+kind.(string)+".plist") {
		t.Errorf("the profile sets %s", kind)
	}
	p := parse(withoutPayload(payload))
	if len(p.Problems) > 0 || len(p.InForce()) != len(fields) {
		t.Errorf("%v of %d: %v", p.InForce(), len(fields), p.Problems)
	}
}

// preferencesOnMac is the file that read_darwin.go reads, whose constants no other system has.
func preferencesOnMac(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("read_darwin.go")
	if err != nil {
		t.Fatal(err)
	}
	return string(regexp.MustCompile(`const preferences = "(.+)"`).FindSubmatch(source)[1])
}

// property reads the next value of a property list (Apple's PropertyList-1.0.dtd).
func property(t *testing.T, d *xml.Decoder) any {
	t.Helper()
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if _, ends := token.(xml.EndElement); ends {
			return nil
		}
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "plist":
			return property(t, d)
		case "dict":
			dict := values{}
			for key := property(t, d); key != nil; key = property(t, d) {
				dict[key.(string)] = property(t, d)
			}
			return dict
		case "array":
			var all []any
			for v := property(t, d); v != nil; v = property(t, d) {
				all = append(all, v)
			}
			return all
		}
		return scalar(t, d, start)
	}
}

func scalar(t *testing.T, d *xml.Decoder, start xml.StartElement) any {
	t.Helper()
	var text string
	if err := d.DecodeElement(&text, &start); err != nil {
		t.Fatal(err)
	}
	switch start.Name.Local {
	case "true", "false":
		return start.Name.Local == "true"
	case "integer":
		return dword(t, text)
	}
	return text
}
