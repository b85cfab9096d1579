package policy

import (
	"errors"

	"golang.org/x/sys/windows/registry"
)

// keyPath is below HKEY_LOCAL_MACHINE; users can read there and not write.
const keyPath = `Software\Policies\Coffer`

func read() (values, []Problem) { return readKey(registry.LOCAL_MACHINE, keyPath) }

func readKey(root registry.Key, path string) (values, []Problem) {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []Problem{{path, "cannot be read: " + err.Error()}}
	}
	defer key.Close()
	names, err := key.ReadValueNames(maxSettings)
	if err != nil && len(names) == 0 { // io.EOF when there are fewer
		return nil, nil
	}
	vs := values{}
	for _, name := range names {
		vs[name] = value(key, name)
	}
	return vs, nil
}

// value is a REG_SZ or a REG_DWORD, as administrative templates write them; nil, which no setting takes, for anything else.
func value(key registry.Key, name string) any {
	if s, kind, err := key.GetStringValue(name); err == nil && kind == registry.SZ {
		return s
	}
	if n, _, err := key.GetIntegerValue(name); err == nil {
		return n
	}
	return nil
}
