// Package mail writes and sends the server's mails.
//
// Every mail is one text template per language; its HTML form is made from the text, so that the two cannot differ. SMTP sends to a
// mail server; Sink is a mail server for development and tests, so that a mail always travels by SMTP.
package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	texttemplate "text/template"
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

// templates holds the text template of each language and kind, "en/device-code".
var templates = parseTemplates()

func parseTemplates() map[string]*texttemplate.Template {
	files, err := fs.Glob(templateFiles, "templates/*/*.txt")
	if err != nil {
		panic(err)
	}
	all := map[string]*texttemplate.Template{}
	for _, file := range files {
		name := path.Base(path.Dir(file)) + "/" + strings.TrimSuffix(path.Base(file), ".txt")
		all[name] = texttemplate.Must(texttemplate.New(name).Option("missingkey=error").ParseFS(templateFiles, file))
	}
	return all
}

// Render writes a mail in its language, or in English where there is no translation.
func Render(m cloud.Mail) (Message, error) {
	t := lookup(m.Language, m.Kind)
	if t == nil {
		return Message{}, fmt.Errorf("no template for mail %q", m.Kind)
	}
	fields := map[string]string{
		"Code": m.Code, "Device": unlinked.Replace(m.Device), "Platform": platformName(m.Platform),
		"Address": m.Address, "Time": moment(m.Time), "Ready": moment(m.ReadyAt),
	}
	var subject, text bytes.Buffer
	if err := t.ExecuteTemplate(&subject, "subject", fields); err != nil {
		return Message{}, fmt.Errorf("render mail: %w", err)
	}
	if err := t.ExecuteTemplate(&text, "text", fields); err != nil {
		return Message{}, fmt.Errorf("render mail: %w", err)
	}
	html, err := renderHTML(text.String())
	return Message{Subject: subject.String(), Text: text.String(), HTML: html}, err
}

func moment(ms int64) string { return time.UnixMilli(ms).UTC().Format("2 January 2006, 15:04 UTC") }

// lookup tries "de-AT", then "de", then English. The language is the client's word: it is only ever compared with file names.
func lookup(language string, kind cloud.MailKind) *texttemplate.Template {
	base, _, _ := strings.Cut(language, "-")
	for _, l := range []string{language, base, defaultLanguage} {
		if t := templates[l+"/"+string(kind)]; t != nil {
			return t
		}
	}
	return nil
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
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html><body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1b1f24;background:#ffffff">
<div style="max-width:560px">
{{range .}}{{if .Apart}}<pre style="padding:12px 16px;font:18px/1.5 monospace;background:#f2f4f7;border-radius:6px">{{.Text}}</pre>
{{else}}<p>{{.Text}}</p>
{{end}}{{end}}</div></body></html>
`))

type paragraph struct {
	Text  string
	Apart bool
}

func renderHTML(text string) (string, error) {
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
	if err := page.Execute(&out, paragraphs); err != nil {
		return "", fmt.Errorf("render mail: %w", err)
	}
	return out.String(), nil
}
