// Package importertest gives tests of sources a machine of any operating system, made of files in memory or in testdata.
package importertest

import (
	"bytes"
	"context"
	"encoding/csv"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// Home folders of the machines that New makes.
var homes = map[string]string{"linux": "/home/ann", "darwin": "/Users/ann", "windows": "C:/Users/ann"}

// Machine is a computer with one user.
type Machine struct {
	Files fstest.MapFS // names without the leading slash: "home/ann/x", "C:/Users/ann/x"
	Keys  Keys
	Vars  map[string]string // environment variables
	os    string
}

// New returns an empty machine.
func New(os string) *Machine {
	return &Machine{Files: fstest.MapFS{}, Vars: map[string]string{}, os: os}
}

// Home is the user's home folder.
func (m *Machine) Home() string { return homes[m.os] }

// Put writes a file below the home folder.
func (m *Machine) Put(name string, data []byte) {
	m.Files[strings.TrimPrefix(m.Home()+"/"+name, "/")] = &fstest.MapFile{Data: data}
}

// PutFolder copies a folder of the real file system to one below the home folder.
func (m *Machine) PutFolder(t testing.TB, name, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		relative, _ := filepath.Rel(from, file)
		m.Put(path.Join(name, filepath.ToSlash(relative)), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Environment is what sources see of the machine. Waiting takes no time.
func (m *Machine) Environment() importer.Environment {
	return importer.Environment{
		OS: m.os, Home: m.Home(), Getenv: func(name string) string { return m.Vars[name] },
		Files: files{m.Files}, Keys: m.Keys, Wait: func(time.Duration) <-chan time.Time { return time.After(0) },
	}
}

// files is an fs.FS under absolute names.
type files struct{ fs.FS }

func (f files) Open(name string) (fs.File, error) { return f.FS.Open(strings.TrimPrefix(name, "/")) }

func (f files) ReadDir(name string) ([]fs.DirEntry, error) {
	return fs.ReadDir(f.FS, strings.TrimPrefix(name, "/"))
}

// Keys is a key store without a system. What is not in it does not exist.
type Keys struct {
	Secrets     map[string]string // of the Secret Service, by the attribute "application"
	Keychained  map[string]string // of the keychain, by "service/account"
	Unprotected map[string]string // by what CryptProtectData made of it
}

func (k Keys) SecretService(_ context.Context, attributes map[string]string) (secret.Bytes, error) {
	attributes = maps.Clone(attributes)
	application := attributes["application"]
	if delete(attributes, "application"); len(attributes) != 1 || attributes["xdg:schema"] != "chrome_libsecret_os_crypt_password_v2" {
		return secret.Bytes{}, importer.ErrNoKey
	}
	return lookup(k.Secrets, application)
}

func (k Keys) UnprotectData(blob []byte) (secret.Bytes, error) {
	return lookup(k.Unprotected, string(blob))
}

func (k Keys) Keychain(_ context.Context, service, account string) (secret.Bytes, error) {
	return lookup(k.Keychained, service+"/"+account)
}

func lookup(values map[string]string, name string) (secret.Bytes, error) {
	value, found := values[name]
	if !found {
		return secret.Bytes{}, importer.ErrNoKey
	}
	return secret.FromString(value), nil
}

// ReadCSV reads a browser's own export: one map per row, by the names in the header.
func ReadCSV(t testing.TB, file string) (rows []map[string]string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil || len(table) == 0 {
		t.Fatalf("%s: %v", file, err)
	}
	for _, cells := range table[1:] {
		row := map[string]string{}
		for i, name := range table[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}
