// Package updatehost serves the public folder of a TUF repository as static files. It decides nothing: what it serves is signed, and
// a client refuses whatever a host changes. It keeps no cookie and no log of who asked.
package updatehost

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"time"
)

// Names that exist in a repository (see updater/manifest): versioned metadata and artefacts never change, the timestamp does.
var (
	immutableMetadata = regexp.MustCompile(`^metadata/[1-9][0-9]{0,9}\.(root|snapshot|targets|(stable|beta)-[a-z0-9]{2,16}-[a-z0-9]{2,16})\.json$`)
	artefact          = regexp.MustCompile(`^targets/(stable|beta)/[a-z0-9]{2,16}-[a-z0-9]{2,16}/[0-9a-f]{64}\.[a-z0-9][a-z0-9._-]{0,62}$`)
)

const timestamp = "metadata/timestamp.json"

// maxMetadata bounds metadata files, which are read into memory for their ETag.
const maxMetadata = 1 << 20

// Host serves one folder.
type Host struct{ root *os.Root }

// New serves the folder dir, which holds metadata/ and targets/. A symbolic link that leads out of it is not followed.
func New(dir string) (*Host, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open update folder: %w", err)
	}
	return &Host{root}, nil
}

// Close lets go of the folder; nothing is served any more.
func (h *Host) Close() error { return h.root.Close() }

func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/")
	if !ok || !h.serve(w, r, name) {
		// Nobody may remember that a file was missing: the next root appears under a name that was asked for before.
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "not found", http.StatusNotFound)
	}
}

// serve reports false if there is no such file.
func (h *Host) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	var cache, contentType string
	switch {
	case name == timestamp:
		cache, contentType = "no-cache", "application/json"
	case immutableMetadata.MatchString(name):
		cache, contentType = "public, max-age=31536000, immutable", "application/json"
	case artefact.MatchString(name):
		cache, contentType = "public, max-age=31536000, immutable", "application/octet-stream"
	default:
		return false
	}
	file, err := h.root.Open(name)
	if err != nil {
		return false
	}
	defer file.Close()
	tag, ok := etag(name, file)
	if !ok {
		return false
	}
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("Content-Type", contentType)
	http.ServeContent(w, r, "", time.Time{}, file)
	return true
}

// etag is the SHA-256 of the content: an artefact has it in its name. It leaves the file at its beginning.
func etag(name string, file *os.File) (tag string, ok bool) {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	if artefact.MatchString(name) {
		hash, _, _ := strings.Cut(path.Base(name), ".")
		return `"` + hash + `"`, true
	}
	if info.Size() > maxMetadata {
		return "", false
	}
	content := make([]byte, info.Size())
	if _, err := file.ReadAt(content, 0); err != nil {
		return "", false
	}
	return fmt.Sprintf(`"%x"`, sha256.Sum256(content)), true
}
