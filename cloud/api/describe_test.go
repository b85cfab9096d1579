package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/coffer-vault/coffer/internal/testkit"
)

// described is docs/openapi.json as a reader of it sees it.
type described struct {
	Paths      map[string]map[string]describedOperation
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct{ Description string }
		}
		SecuritySchemes map[string]any
	}
}

type describedOperation struct {
	Description string
	Security    []map[string][]string
}

func servedDescription(t *testing.T) []byte {
	t.Helper()
	s := testkit.Cloud(t)
	resp, err := http.Get(s.URL + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, data, "", " "); err != nil {
		t.Fatal(err)
	}
	return append(bytes.TrimSpace(indented.Bytes()), '\n')
}

// TestDescriptionIsInTheDocuments keeps docs/openapi.json what the server does. UPDATE_OPENAPI=1 writes it.
func TestDescriptionIsInTheDocuments(t *testing.T) {
	const path = "../../docs/openapi.json"
	served := servedDescription(t)
	if os.Getenv("UPDATE_OPENAPI") != "" {
		if err := os.WriteFile(path, served, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, served) {
		t.Fatal("docs/openapi.json is not what the server does: run go generate ./cloud/api")
	}
}

func TestEverythingIsDescribed(t *testing.T) {
	var d described
	if err := json.Unmarshal(servedDescription(t), &d); err != nil {
		t.Fatal(err)
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.Description == "" {
				t.Errorf("%s %s has no description", method, path)
			}
			for _, demanded := range op.Security {
				for name := range demanded {
					if d.Components.SecuritySchemes[name] == nil {
						t.Errorf("%s %s demands the signature %q, which is not described", method, path, name)
					}
				}
			}
		}
	}
	for name, schema := range d.Components.Schemas {
		for field, property := range schema.Properties {
			if property.Description == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
		}
	}
}
