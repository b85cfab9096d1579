// Package mail writes and sends the server's mails.
//
// Every language is one file of templates; a mail's HTML form is made from its text, so that the two cannot differ. SMTP sends to a
// mail server; Sink is a mail server for development and tests, so that a mail always travels by SMTP.
package mail

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"net/netip"
	"path"
	"strings"
	"text/template"
	"time"

	"github.com/coffer-vault/coffer/cloud"
)

//go:embed templates
var templateFiles embed.FS

const defaultLanguage = "en"

// Message is a mail as people see it.
type Message struct {
	Subject string
	Text    string
	HTML    string
}

// templates are those of a language, by its code: for each kind "device-code.subject" and "device-code.text", for all of them
// "months" and "moment".
var templates = parseTemplates()

func parseTemplates() map[string]*template.Template {
	files, err := fs.Glob(templateFiles, "templates/*.txt")
	if err != nil {
		panic(err)
	}
	all := map[string]*template.Template{}
	for _, file := range files {
		language := strings.TrimSuffix(path.Base(file), ".txt")
		all[language] = template.Must(template.New(language).Option("missingkey=error").ParseFS(templateFiles, file))
	}
	return all
}

// Render writes a mail in its language, or in English where there is no translation.
func Render(m cloud.Mail) (Message, error) {
	language := languageOf(m.Language)
	w := writer{templates: templates[language]}
	fields := map[string]string{
		"Code": m.Code, "Device": unlinked.Replace(m.Device), "Platform": platformName(m.Platform), "Address": m.Address,
		"Time": w.moment(m.Time), "Ready": w.moment(m.ReadyAt), "From": origin(m.From),
	}
	subject, text := w.write(string(m.Kind)+".subject", fields), w.write(string(m.Kind)+".text", fields)
	if w.err != nil {
		return Message{}, fmt.Errorf("render mail %q: %w", m.Kind, w.err)
	}
	html, err := renderHTML(language, text)
	return Message{Subject: subject, Text: text, HTML: html}, err
}

// languageOf tries "de-AT", then "de", then English. The language is the client's word: it is only ever compared with names of ours.
func languageOf(wanted string) string {
	base, _, _ := strings.Cut(wanted, "-")
	for _, language := range []string{wanted, base} {
		if templates[language] != nil {
			return language
		}
	}
	return defaultLanguage
}

// writer executes templates of one language until the first error.
type writer struct {
	templates *template.Template
	err       error
}

func (w *writer) write(name string, data any) string {
	if w.err != nil {
		return ""
	}
	var out bytes.Buffer
	w.err = w.templates.ExecuteTemplate(&out, name, data)
	return out.String()
}

// moment is a time as the language writes it. It is in UTC: nobody knows where the reader is.
func (w *writer) moment(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	months := strings.Fields(w.write("months", nil))
	if len(months) != 12 {
		w.err = cmp.Or(w.err, fmt.Errorf("%d months", len(months)))
		return ""
	}
	return w.write("moment", map[string]any{
		"Day": t.Day(), "Month": months[t.Month()-1], "Year": t.Year(), "Clock": t.Format("15:04"),
	})
}

// origin is an address of a network as people may ask their provider about it; empty if it is not known.
func origin(from netip.Addr) string {
	if !from.IsValid() {
		return ""
	}
	return from.String()
}

// unlinked keeps a name that a stranger may have chosen from becoming a link: mail programs make one of everything that looks like an
// address, and it would stand in a mail of ours.
var unlinked = strings.NewReplacer(".", "·", "@", "·", "/", "·", "\\", "·", "。", "·", "．", "·", "｡", "·", "＠", "·", "／", "·")

func platformName(platform string) string {
	switch platform {
	case "windows":
		return "Windows"
	case "macos":
		return "macOS"
	case "linux":
		return "Linux"
	}
	return unlinked.Replace(platform)
}

// A paragraph that is indented in the text is set apart: a code, or a table of facts.
var page = htmltemplate.Must(htmltemplate.New("page").Parse(`<!doctype html>
<html lang="{{.Language}}"><body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1b1f24;background:#ffffff">
<div style="max-width:560px">
{{range .Paragraphs}}{{if .Apart}}<pre style="padding:12px 16px;font:18px/1.5 monospace;background:#f2f4f7;border-radius:6px">{{.Text}}</pre>
{{else}}<p>{{.Text}}</p>
{{end}}{{end}}</div></body></html>
`))

type paragraph struct {
	Text  string
	Apart bool
}

func renderHTML(language, text string) (string, error) {
	const indent = "    "
	var paragraphs []paragraph
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		apart := strings.HasPrefix(block, indent)
		if apart {
			block = strings.TrimPrefix(strings.ReplaceAll(block, "\n"+indent, "\n"), indent)
		}
		paragraphs = append(paragraphs, paragraph{Text: block, Apart: apart})
	}
	var out bytes.Buffer
	if err := page.Execute(&out, map[string]any{"Language": language, "Paragraphs": paragraphs}); err != nil {
		return "", fmt.Errorf("render mail: %w", err)
	}
	return out.String(), nil
}
