package firefox

import (
	"path"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

const maxINI = 1 << 20

// roots lists the folders that may hold a profiles.ini.
func roots(env importer.Environment) []string {
	switch env.OS {
	case "windows":
		return []string{
			importer.Join(env.Folder("APPDATA", "AppData/Roaming"), "Mozilla/Firefox"),
			importer.Join(env.Folder("LOCALAPPDATA", "AppData/Local"), "Packages/Mozilla.Firefox_n80bbvh6b1yt2/LocalCache/Roaming/Mozilla/Firefox"),
		}
	case "darwin":
		return []string{importer.Join(env.Home, "Library/Application Support/Firefox")}
	}
	return []string{
		importer.Join(env.Folder("XDG_CONFIG_HOME", ".config"), "mozilla/firefox"), // newer versions
		importer.Join(env.Home, ".mozilla/firefox"),
		importer.Join(env.Home, "snap/firefox/common/.mozilla/firefox"),
		importer.Join(env.Home, ".var/app/org.mozilla.firefox/.mozilla/firefox"),
		importer.Join(env.Home, ".var/app/org.mozilla.firefox/config/mozilla/firefox"),
	}
}

// profilesIn lists the profiles of one root: all of profiles.ini, and the defaults that only installs.ini still knows.
func profilesIn(env importer.Environment, root string) (profiles []*profile) {
	for _, s := range readINI(env, importer.Join(root, "profiles.ini")) {
		if strings.HasPrefix(s.name, "Profile") {
			profiles = append(profiles, newProfile(env, root, s.values["path"], s.values["name"]))
		}
	}
	for _, s := range readINI(env, importer.Join(root, "installs.ini")) {
		profiles = append(profiles, newProfile(env, root, s.values["default"], ""))
	}
	return profiles
}

// newProfile is the profile in a folder that is relative to root or absolute; IsRelative in the file only repeats that.
func newProfile(env importer.Environment, root, folder, name string) *profile {
	if env.OS == "windows" {
		folder = strings.ReplaceAll(folder, `\`, "/")
	}
	folder = strings.TrimRight(folder, "/")
	base := path.Base(folder)
	if name == "" {
		name = base
	}
	if !isAbsolute(folder) {
		folder = importer.Join(root, folder)
	}
	return &profile{env: env, folder: folder, info: importer.Info{ID: "firefox/" + base, Browser: "Firefox", Profile: name}}
}

func isAbsolute(folder string) bool {
	hasDrive := len(folder) > 1 && folder[1] == ':'
	return strings.HasPrefix(folder, "/") || hasDrive
}

// readINI returns nothing if there is no such file: Firefox was never started, or is an old one without installs.ini.
func readINI(env importer.Environment, name string) []section {
	data, err := env.ReadFile(name, maxINI)
	if err != nil {
		return nil
	}
	return parseINI(data)
}

// section is one [section] of an INI file; keys are in lower case.
type section struct {
	name   string
	values map[string]string
}

func parseINI(data []byte) (sections []section) {
	text := strings.TrimPrefix(string(data), "\ufeff")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			sections = append(sections, section{name: line[1 : len(line)-1], values: map[string]string{}})
		}
		key, value, found := strings.Cut(line, "=")
		if found && len(sections) > 0 {
			sections[len(sections)-1].values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return sections
}
