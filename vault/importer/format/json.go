package format

import (
	"encoding/json"
	"fmt"
	"iter"

	"github.com/coffer-vault/coffer/vault/importer"
)

// jsonFormats are told by members of the outermost object. The first that fits is meant.
var jsonFormats = []struct {
	fits func(members map[string]json.RawMessage) bool
	open func(data []byte) (importer.Source, error)
}{
	{isCXF, openCXF},
	{isOnePassword, openOnePassword}, // the file inside a 1PUX archive
	{hasAll("vaults"), openProton},
	{hasAll("records"), openKeeper},
	{isEnpass, openEnpass},
	{isFSecure, openFSecure},
	{isPasswordBoss, openPasswordBoss},
	{isPsono, openPsono},
	{hasAll("items"), openBitwarden},
	{hasAll("cipher", "iv", "ct"), refuseEncrypted}, // Padlock
	{isAegis, openAegis},
	{hasAll("encrypted", "passwords"), openPassky},
	{hasAll("encrypted"), openBitwarden},
}

func hasAll(names ...string) func(map[string]json.RawMessage) bool {
	return func(members map[string]json.RawMessage) bool {
		for _, name := range names {
			if _, found := members[name]; !found {
				return false
			}
		}
		return true
	}
}

func openJSON(data []byte) (importer.Source, error) {
	if data[0] == '[' {
		if members := firstMembers(data); hasAll("itemTypeName")(members) {
			return openPasswordBoss(data)
		}
		if isAndOTP(data) {
			return openAndOTP(data)
		}
		return openJSONLists(data)
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	for _, f := range jsonFormats {
		if f.fits(members) {
			return f.open(data)
		}
	}
	return openJSONLists(data)
}

func refuseEncrypted([]byte) (importer.Source, error) { return nil, ErrEncryptedExport }

// openPassky opens an export of Passky: a list, whose values may be encrypted one by one.
func openPassky(data []byte) (importer.Source, error) {
	var f struct {
		Encrypted bool `json:"encrypted"`
	}
	if json.Unmarshal(data, &f) != nil || f.Encrypted {
		return nil, ErrEncryptedExport
	}
	return openJSONLists(data)
}

func isOnePassword(members map[string]json.RawMessage) bool {
	return hasAll("vaults")(firstMembers(members["accounts"]))
}

// firstItem is the members of the first of the items.
func firstItem(members map[string]json.RawMessage) map[string]json.RawMessage {
	return firstMembers(members["items"])
}

// firstMembers is the members of the first object of a list; nil if there is none.
func firstMembers(list json.RawMessage) (first map[string]json.RawMessage) {
	var items []json.RawMessage
	if json.Unmarshal(list, &items) == nil && len(items) > 0 && json.Unmarshal(items[0], &first) == nil {
		return first
	}
	return nil
}

// decodeAll decodes entry after entry: one that is damaged spoils only itself.
func decodeAll(entries []json.RawMessage, decode func(entry json.RawMessage, n int) []importer.Row) iter.Seq[importer.Row] {
	return func(yield func(importer.Row) bool) {
		for i, entry := range entries {
			for _, row := range decode(entry, i+1) {
				if !yield(row) {
					return
				}
			}
		}
	}
}
