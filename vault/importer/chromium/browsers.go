package chromium

import (
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// browser is one product of the family. Folders hold "Local State" and the profiles; their first element is an environment
// variable on Windows and the place below the home folder elsewhere, see userDataFolder.
type browser struct {
	id, name string
	windows  []string
	darwin   []string
	linux    []string
	// safeStorage names the keychain item on macOS: service "<x> Safe Storage", account "<x>".
	safeStorage string
	// applications are the attribute "application" of the Secret Service item on Linux; forks often kept that of what they forked.
	applications []string
}

var browsers = []browser{
	{
		id: "chrome", name: "Google Chrome",
		windows:     []string{"LOCALAPPDATA/Google/Chrome/User Data"},
		darwin:      []string{"Google/Chrome"},
		linux:       []string{"CONFIG/google-chrome", "HOME/.var/app/com.google.Chrome/config/google-chrome"},
		safeStorage: "Chrome", applications: []string{"chrome"},
	},
	{
		id: "edge", name: "Microsoft Edge",
		windows:     []string{"LOCALAPPDATA/Microsoft/Edge/User Data"},
		darwin:      []string{"Microsoft Edge"},
		linux:       []string{"CONFIG/microsoft-edge", "HOME/.var/app/com.microsoft.Edge/config/microsoft-edge"},
		safeStorage: "Microsoft Edge", applications: []string{"microsoft-edge", "chromium"},
	},
	{
		id: "brave", name: "Brave",
		windows:     []string{"LOCALAPPDATA/BraveSoftware/Brave-Browser/User Data"},
		darwin:      []string{"BraveSoftware/Brave-Browser"},
		linux:       []string{"CONFIG/BraveSoftware/Brave-Browser", "HOME/.var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser"},
		safeStorage: "Brave", applications: []string{"brave"},
	},
	{
		id: "vivaldi", name: "Vivaldi",
		windows:     []string{"LOCALAPPDATA/Vivaldi/User Data"},
		darwin:      []string{"Vivaldi"},
		linux:       []string{"CONFIG/vivaldi"},
		safeStorage: "Vivaldi", applications: []string{"vivaldi", "chrome"},
	},
	{
		id: "opera", name: "Opera",
		windows:     []string{"APPDATA/Opera Software/Opera Stable"},
		darwin:      []string{"com.operasoftware.Opera"},
		linux:       []string{"CONFIG/opera"},
		safeStorage: "Opera", applications: []string{"opera", "chromium"},
	},
	{
		id: "arc", name: "Arc",
		darwin:      []string{"Arc/User Data"},
		safeStorage: "Arc",
	},
	{
		id: "chromium", name: "Chromium",
		windows:     []string{"LOCALAPPDATA/Chromium/User Data"},
		darwin:      []string{"Chromium"},
		linux:       []string{"CONFIG/chromium", "HOME/snap/chromium/common/chromium", "HOME/.var/app/org.chromium.Chromium/config/chromium"},
		safeStorage: "Chromium", applications: []string{"chromium"},
	},
}

// userDataFolders lists the absolute folders where the browser may keep its profiles on this machine.
func (b browser) userDataFolders(env importer.Environment) (folders []string) {
	switch env.OS {
	case "windows":
		for _, folder := range b.windows {
			folders = append(folders, resolve(folder, map[string]string{
				"LOCALAPPDATA": env.Folder("LOCALAPPDATA", "AppData/Local"),
				"APPDATA":      env.Folder("APPDATA", "AppData/Roaming"),
			}))
		}
	case "darwin":
		for _, folder := range b.darwin {
			folders = append(folders, importer.Join(env.Home, "Library/Application Support", folder))
		}
	default:
		for _, folder := range b.linux {
			folders = append(folders, resolve(folder, map[string]string{
				"CONFIG": env.Folder("XDG_CONFIG_HOME", ".config"),
				"HOME":   env.Home,
			}))
		}
	}
	return folders
}

func resolve(folder string, places map[string]string) string {
	place, rest, _ := strings.Cut(folder, "/")
	return importer.Join(places[place], rest)
}
