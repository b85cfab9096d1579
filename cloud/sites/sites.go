// Package sites answers for the two names of a server that have no program yet: portal. and app. It says so, and asks for nothing.
package sites

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	style string

	page = template.Must(template.New("page").Parse(pageText))
)

type content struct {
	Style                 template.CSS
	Title, What, Download string
}

// Portal returns the page of portal., which will be the place of those who administer organizations.
func Portal() http.Handler {
	return static(content{Title: "Coffer portal", What: "This is where organizations will be administered. That part does not exist yet: there is nothing to sign in to here."})
}

// App returns the page of app., which will be Coffer in the browser.
func App() http.Handler {
	return static(content{Title: "Coffer", What: "This is where your vault will open in the browser. That part does not exist yet: use Coffer on your computer. " +
		"No page here asks for your master password or your Secret Key."})
}

// static renders once: what is served does not depend on who asks.
func static(c content) http.Handler {
	c.Style = template.CSS(style)
	c.Download = "Coffer for Windows, macOS and Linux comes from whoever runs this server, as a package for your computer."
	var out bytes.Buffer
	if err := page.Execute(&out, c); err != nil {
		panic(err) // the template and its data are those of this file
	}
	hash := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case r.URL.Path != "/":
			http.Error(w, "not found", http.StatusNotFound)
		default:
			header.Set("Content-Type", "text/html; charset=utf-8")
			header.Set("Cache-Control", "public, max-age=300")
			w.Write(out.Bytes())
		}
	})
}
