package screen

import (
	"path/filepath"
	"strings"

	"github.com/coffer-vault/coffer/assets"
)

// fileIcons are the icons of files by what their names end with.
var fileIcons = map[assets.IconName][]string{
	assets.IconFileText: {".pdf", ".txt", ".md", ".doc", ".docx", ".odt", ".rtf", ".tex", ".csv", ".xls", ".xlsx", ".ods", ".html"},
	assets.IconImage:    {".png", ".jpg", ".jpeg", ".gif", ".webp", ".heic", ".bmp", ".tif", ".tiff", ".svg"},
	assets.IconFileKey:  {".pem", ".key", ".crt", ".cer", ".p12", ".pfx", ".ppk", ".pub", ".asc", ".gpg", ".kdbx", ".jks", ".ovpn"},
	assets.IconArchive:  {".zip", ".7z", ".rar", ".tar", ".gz", ".xz", ".bz2", ".zst"},
	assets.IconTerminal: {".sh", ".ps1", ".bat", ".exe", ".msi", ".py"},
	assets.IconDatabase: {".db", ".sqlite", ".sql", ".json", ".xml", ".yaml", ".yml"},
}

// fileIcon is the icon of a file with a name.
func fileIcon(name string) assets.IconName {
	end := strings.ToLower(filepath.Ext(name))
	for icon, ends := range fileIcons {
		for _, e := range ends {
			if e == end {
				return icon
			}
		}
	}
	return assets.IconFile
}
