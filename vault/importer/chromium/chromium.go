// Package chromium reads the passwords that Chromium and the browsers made from it keep in their profiles.
//
// A profile has up to two SQLite files of logins. Each password is encrypted on its own, and a prefix says how, so that one
// profile mixes several ways (os_crypt in the Chromium source):
//
//	Linux    v10  AES-128-CBC under a key everybody knows      v11  under a secret of the Secret Service   v12  portal: not to be had
//	macOS    v10  AES-128-CBC under a secret of the keychain
//	Windows  v10  AES-256-GCM under a key in "Local State"     v20  app-bound: not to be had               none  DPAPI
//
// Passkeys are not in these files.
package chromium

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

const (
	localStateName = "Local State"
	maxLocalState  = 64 << 20
)

// storeNames are the files of a profile: logins of this device, and those of the signed-in account.
var storeNames = []string{"Login Data", "Login Data For Account"}

// Discover finds the profiles of all browsers of the family. It decrypts nothing and asks the user nothing.
func Discover(ctx context.Context, env importer.Environment) (sources []importer.Source) {
	ids := importer.IDs{}
	for _, b := range browsers {
		for _, folder := range b.userDataFolders(env) {
			sources = append(sources, discoverProfiles(ctx, env, b, folder, ids)...)
		}
	}
	return sources
}

// Folder finds the profiles in one folder: a profile, or what holds several of them and "Local State". Nothing is found in any other.
func Folder(ctx context.Context, env importer.Environment, folder string) []importer.Source {
	userData, name := path.Split(folder)
	userData = strings.TrimSuffix(userData, "/")
	p := &profile{env: env, browser: browserOf(env, folder), userData: userData, folder: name}
	if len(p.files()) == 0 || !env.Exists(importer.Join(userData, localStateName)) {
		return discoverProfiles(ctx, env, p.browser, folder, importer.IDs{})
	}
	p.describe(ctx, profileNames(env, userData), p.files())
	return []importer.Source{p}
}

// browserOf is the browser whose folder it is, or that is in its path as in that of a copy; else Chromium, from which all are made.
func browserOf(env importer.Environment, folder string) browser {
	for _, b := range browsers {
		for _, own := range b.userDataFolders(env) {
			if folder == own || strings.HasPrefix(folder, own+"/") {
				return b
			}
		}
	}
	for _, b := range browsers {
		for _, place := range slices.Concat(b.windows, b.darwin, b.linux) {
			_, below, found := strings.Cut(place, "/")
			if found && strings.Contains(folder+"/", "/"+below+"/") {
				return b
			}
		}
	}
	return browsers[len(browsers)-1]
}

// discoverProfiles finds the profiles of one installation: every folder with a login file, and for Opera the folder itself.
func discoverProfiles(ctx context.Context, env importer.Environment, b browser, userData string, ids importer.IDs) (sources []importer.Source) {
	entries, err := env.Files.ReadDir(userData)
	if err != nil {
		return nil // the browser is not installed
	}
	names := profileNames(env, userData)
	folders := []string{""}
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != "Guest Profile" && entry.Name() != "System Profile" {
			folders = append(folders, entry.Name())
		}
	}
	for _, folder := range folders {
		p := &profile{env: env, browser: b, userData: userData, folder: folder}
		if files := p.files(); len(files) > 0 {
			p.describe(ctx, names, files)
			p.info.ID = ids.Unique(p.info.ID)
			sources = append(sources, p)
		}
	}
	return sources
}

// profile is an importer.Source.
type profile struct {
	env      importer.Environment
	browser  browser
	userData string
	folder   string // below userData; empty if the profile is userData itself
	info     importer.Info
}

func (p *profile) Info() importer.Info { return p.info }

// files lists the login files that exist.
func (p *profile) files() (files []string) {
	folder := p.userData
	if p.folder != "" {
		folder = importer.Join(folder, p.folder)
	}
	for _, name := range storeNames {
		if file := importer.Join(folder, name); p.env.Exists(file) {
			files = append(files, file)
		}
	}
	return files
}

func (p *profile) describe(ctx context.Context, names map[string]string, files []string) {
	folder := p.folder
	if folder == "" {
		folder = "Default"
	}
	p.info = importer.Info{ID: p.browser.id + "/" + folder, Browser: p.browser.name, Profile: names[folder]}
	if p.info.Profile == "" {
		p.info.Profile = folder
	}
	for _, file := range files {
		n, err := countLogins(ctx, p.env, file)
		if err != nil {
			p.info.Count = -1
			return
		}
		p.info.Count += n
	}
}

// Rows implements importer.Source. The family has no primary password.
func (p *profile) Rows(ctx context.Context, _ secret.Bytes) iter.Seq2[importer.Row, error] {
	return func(yield func(importer.Row, error) bool) {
		keys := &keyring{env: p.env, browser: p.browser, localState: importer.Join(p.userData, localStateName)}
		defer keys.wipe()
		var failed error
		for _, file := range p.files() {
			more, err := p.readFile(ctx, file, keys, yield)
			if !more {
				return
			}
			failed = errors.Join(failed, err) // the other file may still be good
		}
		if failed != nil {
			yield(importer.Row{}, failed)
		}
	}
}

// profileNames reads the names that the user gave the profiles, by folder.
func profileNames(env importer.Environment, userData string) map[string]string {
	names := map[string]string{}
	data, err := env.ReadFile(importer.Join(userData, localStateName), maxLocalState)
	if err != nil {
		return names // only the names are missing then
	}
	state, _ := parseLocalState(data)
	for folder, entry := range state.Profile.InfoCache {
		names[folder] = entry.Name
	}
	return names
}

// localState is what matters of the file of that name.
type localState struct {
	Profile struct {
		InfoCache map[string]struct {
			Name string `json:"name"`
		} `json:"info_cache"`
	} `json:"profile"`
	OSCrypt struct {
		EncryptedKey []byte `json:"encrypted_key"` // base64 in the file
	} `json:"os_crypt"`
}

func parseLocalState(data []byte) (state localState, err error) {
	err = json.Unmarshal(data, &state)
	return state, err
}
