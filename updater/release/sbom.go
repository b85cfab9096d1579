package release

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/internal/atomicfile"
	"github.com/coffer-vault/coffer/updater/manifest"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// bill is a software bill of materials, as CycloneDX 1.5 writes it (ECMA-424).
type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     about        `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type about struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"` // application or library
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl,omitempty"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"` // hex
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// AddBill drafts the bill of materials of a target's present release, a target of its own, <file>.cdx.json. Programs are the Go
// programs that the artefact is or contains: what they were linked from, their own build information says. Nothing in it depends on
// when or where it was written.
func (r *Repository) AddBill(target manifest.Target, programs []string) error {
	return r.edit(target.Role(), func(signed *metadata.TargetsType) error {
		info, ok := signed.Targets[target.Path()]
		if !ok {
			return fmt.Errorf("add bill of materials: no such target: %s", target.Path())
		}
		m, err := manifest.FromTarget(info)
		if err != nil {
			return fmt.Errorf("add bill of materials: %w", err)
		}
		whole := component{Type: "application", Ref: target.File, Name: target.File, Version: m.Version.String(),
			Hashes: []hash{{"SHA-256", info.Hashes["sha256"].String()}}}
		data, err := makeBill(whole, programs)
		if err != nil {
			return fmt.Errorf("add bill of materials: %w", err)
		}
		listed, err := r.publishBeside(target, data)
		if err != nil {
			return fmt.Errorf("add bill of materials: %w", err)
		}
		signed.Targets[listed.Path] = listed
		return nil
	})
}

// publishBeside puts the bill among the public files.
func (r *Repository) publishBeside(target manifest.Target, data []byte) (*metadata.TargetFiles, error) {
	target.File += ".cdx.json"
	if err := target.Validate(); err != nil {
		return nil, err
	}
	info, err := metadata.TargetFile().FromBytes(target.Path(), data, "sha256")
	if err != nil {
		return nil, err
	}
	return info, atomicfile.WriteFile(r.artefact(info), data, 0o644)
}

func makeBill(whole component, programs []string) ([]byte, error) {
	b := bill{Format: "CycloneDX", Spec: "1.5", Version: 1, Metadata: about{whole}}
	libraries := map[string]component{}
	contains := dependency{Ref: whole.Ref}
	for _, file := range programs {
		program, linked, err := materials(file, whole.Version)
		if err != nil {
			return nil, err
		}
		b.Components = append(b.Components, program)
		contains.DependsOn = append(contains.DependsOn, program.Ref)
		uses := dependency{Ref: program.Ref}
		for _, l := range linked {
			libraries[l.Ref] = l
			uses.DependsOn = append(uses.DependsOn, l.Ref)
		}
		b.Dependencies = append(b.Dependencies, uses)
	}
	b.Dependencies = append([]dependency{contains}, b.Dependencies...)
	for _, ref := range slices.Sorted(maps.Keys(libraries)) {
		b.Components = append(b.Components, libraries[ref])
	}
	return json.MarshalIndent(b, "", "\t")
}

// materials are a program and what it was linked from: modules, and Go's standard library.
func materials(file, version string) (program component, linked []component, err error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return component{}, nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return component{}, nil, err
	}
	name := filepath.Base(file)
	program = component{Type: "application", Ref: "program:" + name, Name: name, Version: version, PURL: "pkg:golang/" + info.Path + "@v" + version,
		Hashes: []hash{{"SHA-256", digest(content)}}}
	linked = append(linked, library("std", strings.TrimPrefix(info.GoVersion, "go"), ""))
	for _, m := range info.Deps {
		linked = append(linked, fromModule(m))
	}
	return program, linked, nil
}

func fromModule(m *debug.Module) component {
	if m.Replace != nil {
		m = m.Replace
	}
	return library(m.Path, m.Version, m.Sum)
}

// library is named as package URLs name modules of Go. The sum is go.sum's, which is no hash of one file.
func library(name, version, sum string) component {
	purl := "pkg:golang/" + name + "@" + version
	c := component{Type: "library", Ref: purl, Name: path.Clean(name), Version: version, PURL: purl}
	if sum != "" {
		c.Properties = []property{{"go.sum", sum}}
	}
	return c
}
