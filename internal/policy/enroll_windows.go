package policy

import (
	"errors"

	"golang.org/x/sys/windows/registry"
)

// installedPath is where the installer writes its settings, below HKEY_LOCAL_MACHINE.
const installedPath = `Software\Coffer`

func enrollText() (string, error) { return enrollValue(registry.LOCAL_MACHINE, installedPath) }

func enrollValue(root registry.Key, path string) (string, error) {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer key.Close()
	text, _, err := key.GetStringValue(enrollName)
	if errors.Is(err, registry.ErrNotExist) {
		return "", nil
	}
	return text, err
}
