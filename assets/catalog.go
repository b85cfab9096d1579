package assets

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

//go:embed translations/*.json
var translationFiles embed.FS

// fallback is the language in which every text exists.
const fallback = "en"

// A Language can be chosen for the program's texts. Name is written in the language itself.
type Language struct{ Code, Name string }

// planned are the languages the program is made for; those without a file in translations/ are not offered.
var planned = []Language{
	{"en", "English"}, {"fr", "Français"}, {"de", "Deutsch"}, {"es", "Español"},
	{"it", "Italiano"}, {"nl", "Nederlands"}, {"ja", "日本語"},
}

// Languages lists the languages that have a translation, English first.
func Languages() []Language {
	return slices.DeleteFunc(slices.Clone(planned), func(l Language) bool {
		_, err := translationFiles.ReadFile(translationPath(l.Code))
		return err != nil
	})
}

func translationPath(code string) string { return "translations/" + code + ".json" }

// A Catalog holds the texts of one language. Texts it lacks come from English. It is not changed after Load, so that
// any goroutine may use it.
type Catalog struct {
	code    string
	numbers *message.Printer
	texts   map[string]text
	english map[string]text
}

// A text has one form for each plural category of its language (see pluralForms); without a count it has "other" alone.
type text map[string]string

// UnmarshalJSON reads "text" or {"one": "text", "other": "text"}.
func (t *text) UnmarshalJSON(data []byte) error {
	var single string
	if json.Unmarshal(data, &single) == nil && single != "" {
		*t = text{"other": single}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(data, &forms); err != nil {
		return fmt.Errorf("neither a text nor its plural forms: %w", err)
	}
	if forms["other"] == "" {
		return fmt.Errorf(`plural forms without "other"`)
	}
	*t = forms
	return nil
}

// Load reads the catalog that suits a BCP 47 tag best ("de-AT" finds German); no match, or "", gives English.
func Load(tag string) (*Catalog, error) {
	code := match(tag)
	english, err := readTexts(fallback)
	if err != nil {
		return nil, err
	}
	texts := english
	if code != fallback {
		if texts, err = readTexts(code); err != nil {
			return nil, err
		}
	}
	return &Catalog{code: code, numbers: message.NewPrinter(language.Make(code)), texts: texts, english: english}, nil
}

func match(tag string) string {
	code, _ := nearest(tag)
	return code
}

// nearest finds the language that suits a tag best; it reports false, and English, where none does.
func nearest(tag string) (code string, found bool) {
	offered := Languages()
	tags := make([]language.Tag, len(offered))
	for i, l := range offered {
		tags[i] = language.Make(l.Code)
	}
	wanted, err := language.Parse(tag)
	if err != nil {
		return fallback, false
	}
	_, index, confidence := language.NewMatcher(tags).Match(wanted)
	if confidence == language.No {
		return fallback, false
	}
	return offered[index].Code, true
}

// Best is the code of the first of the wanted languages (BCP 47) that there is a translation for, English if there is none.
func Best(wanted ...string) string {
	for _, tag := range wanted {
		if code, found := nearest(tag); found {
			return code
		}
	}
	return fallback
}

func readTexts(code string) (map[string]text, error) {
	data, err := translationFiles.ReadFile(translationPath(code))
	if err != nil {
		return nil, fmt.Errorf("translation %s: %w", code, err)
	}
	var texts map[string]text
	if err := json.Unmarshal(data, &texts); err != nil {
		return nil, fmt.Errorf("translation %s: %w", code, err)
	}
	return texts, nil
}

// Characters lists every character of a language's texts, each once: what a font must have to show them.
func Characters(code string) ([]rune, error) {
	texts, err := readTexts(code)
	if err != nil {
		return nil, err
	}
	var all []rune
	for _, forms := range texts {
		for _, form := range forms {
			all = append(all, []rune(form)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Code is the language the catalog was loaded for, one of Languages.
func (c *Catalog) Code() string { return c.code }

// Has reports whether the text exists.
func (c *Catalog) Has(key string) bool {
	forms, _ := c.find(key)
	return forms != nil
}

// find gives the forms of a text and the language they are in, which is English where the own one lacks it.
func (c *Catalog) find(key string) (forms text, code string) {
	if forms := c.texts[key]; forms != nil {
		return forms, c.code
	}
	return c.english[key], fallback
}

// Text returns a text. Arguments alternate between the name of a placeholder and its value: {name} in the text becomes
// the value. Numbers are written as the language does, fractions with one decimal. A key that does not exist is returned
// in brackets, where it catches the eye.
func (c *Catalog) Text(key string, args ...any) string {
	forms, _ := c.find(key)
	return c.fill(key, forms["other"], args)
}

// Count is Text for a text that depends on a number: it picks the form for n, which is also the placeholder {n}.
func (c *Catalog) Count(key string, n int, args ...any) string {
	forms, code := c.find(key)
	form, ok := forms[pluralForm(code, n)]
	if !ok {
		form = forms["other"]
	}
	return c.fill(key, form, append([]any{"n", n}, args...))
}

func (c *Catalog) fill(key, form string, args []any) string {
	if form == "" {
		return "⟦" + key + "⟧"
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", c.format(args[i+1]))
	}
	// A replacer goes over the text once: braces within a value stay what they are.
	return strings.NewReplacer(pairs...).Replace(form)
}

func (c *Catalog) format(value any) string {
	switch value.(type) {
	case int, int64, uint64:
		return c.numbers.Sprint(value)
	case float64:
		return c.numbers.Sprint(number.Decimal(value, number.MaxFractionDigits(1)))
	}
	return fmt.Sprint(value)
}

// Date writes a day as the language does: 20 September 2026.
func (c *Catalog) Date(t time.Time) string {
	month, day := int(t.Month()), fmt.Sprint(t.Day())
	if t.Day() == 1 {
		day = c.Text("date.first") // French alone has a word of its own for it
	}
	return c.Text("date.day", "day", day, "month", c.Text(fmt.Sprintf("date.month.%d", month)),
		"monthNumber", fmt.Sprint(month), "year", fmt.Sprint(t.Year()))
}

// DateTime writes a day and its time: 20 September 2026, 00:50.
func (c *Catalog) DateTime(t time.Time) string {
	return c.Text("date.time", "date", c.Date(t), "time", t.Format("15:04"))
}
