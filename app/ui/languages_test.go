package ui

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/widget"
)

// An interpreter turns what stands in the window in another language back into English, so that one scene is played in all of them.
type interpreter struct {
	code  string
	texts []interpreted
	forms []string
	known map[string][]string
}

// interpreted is one form of a text: what it looks like in the window, and its English.
type interpreted struct {
	form    string
	pattern *regexp.Regexp
	english string
}

var namedPlace = regexp.MustCompile(`\{(\w+)\}`)

func newInterpreter(t testing.TB, code string) *interpreter {
	t.Helper()
	read := func(code string) (texts map[string]json.RawMessage) {
		data, err := os.ReadFile(filepath.Join("..", "..", "assets", "translations", code+".json"))
		if err == nil {
			err = json.Unmarshal(data, &texts)
		}
		if err != nil {
			t.Fatal(err)
		}
		return texts
	}
	english, own := read("en"), read(code)
	in := &interpreter{code: code, known: map[string][]string{}}
	for key := range english {
		source := forms(english[key])
		for name, form := range forms(own[key]) {
			match := source[name]
			if match == "" {
				match = source["other"]
			}
			in.forms = append(in.forms, form)
			in.texts = append(in.texts, interpreted{form, pattern(form), match})
			if len(source) > 1 && name == "other" {
				in.texts = append(in.texts, interpreted{form, pattern(form), source["one"]})
			}
		}
	}
	return in
}

func forms(raw json.RawMessage) map[string]string {
	var single string
	if json.Unmarshal(raw, &single) == nil {
		return map[string]string{"other": single}
	}
	var all map[string]string
	_ = json.Unmarshal(raw, &all) // package assets tests the format
	return all
}

// pattern is an expression for what a text looks like with values in its places.
func pattern(form string) *regexp.Regexp {
	quoted, at, seen := "", 0, map[string]bool{}
	for _, place := range namedPlace.FindAllStringSubmatchIndex(form, -1) {
		quoted += regexp.QuoteMeta(form[at:place[0]])
		if name := form[place[2]:place[3]]; seen[name] {
			quoted += "(?:.+?)"
		} else {
			seen[name] = true
			quoted += "(?P<" + name + ">.+?)"
		}
		at = place[1]
	}
	return regexp.MustCompile("^" + quoted + regexp.QuoteMeta(form[at:]) + "$")
}

// hears gives all that a label may be in English, itself among it.
func (in *interpreter) hears(label string) []string {
	if in == nil {
		return []string{label}
	}
	if known, ok := in.known[label]; ok {
		return known
	}
	meanings := []string{label}
	for _, text := range in.texts {
		switch match := text.pattern.FindStringSubmatch(label); {
		case match != nil:
			meanings = append(meanings, namedPlace.ReplaceAllStringFunc(text.english, func(place string) string {
				if i := text.pattern.SubexpIndex(strings.Trim(place, "{}")); i >= 0 {
					return match[i]
				}
				return "1"
			}))
		default:
			// A label may be put together of several texts: what follows the place, or the whole text, is found in it.
			if own, english := afterPlace(text.form), afterPlace(text.english); len(own) > 3 && english != "" && strings.Contains(label, own) {
				meanings = append(meanings, strings.ReplaceAll(label, own, english))
			}
		}
	}
	in.known[label] = meanings
	return meanings
}

// afterPlace is what follows the one place that a text begins with, or the whole of a text without places; else empty.
func afterPlace(form string) string {
	_, rest, found := strings.Cut(form, "}")
	switch {
	case !strings.Contains(form, "{"):
		return form
	case found && strings.HasPrefix(form, "{") && !strings.Contains(rest, "{"):
		return rest
	}
	return ""
}

// language is what the desks of a test speak; nil for English.
var language *interpreter

// speak has the desks speak a language until the test ends.
func speak(t *testing.T, code string) {
	t.Helper()
	if code != "en" {
		language = newInterpreter(t, code)
		t.Cleanup(func() { language = nil })
	}
}

// speaks is the code of the language that the desks speak.
func speaks() string {
	if language == nil {
		return "en"
	}
	return language.code
}

// languageSuffix tells the pictures of another language from the English ones.
func languageSuffix() string {
	if language == nil {
		return ""
	}
	return "-" + language.code
}

// What is typed in the editor is still there when the language was changed, and all that is around it is in the new one.
func TestTypedTextOutlivesTheLanguage(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionNew)
	d.typeText("Half typed")
	d.press(screen.ActionSettings)
	d.shell.Vault().Settings().SetLanguage("de")
	d.queue.Drain()
	for _, text := range []string{"Darstellung", "Neuer Login"} {
		if !d.reads(text) {
			t.Errorf("%q cannot be read: %q", text, d.texts())
		}
	}
	d.keys(fyne.KeyEscape)
	found := false
	d.walk(func(o fyne.CanvasObject) {
		entry, ok := o.(*widget.Entry)
		found = found || ok && entry.Text() == "Half typed"
	})
	if !found || d.reads("Appearance") || d.reads("New login") {
		t.Errorf("the typed text is in the window: %v; there is %q", found, d.texts())
	}
	if code := d.env.Words.Code(); code != "de" {
		t.Errorf("the language is %s", code)
	}
}
