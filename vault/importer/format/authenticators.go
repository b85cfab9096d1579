package format

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// isAegis tells an export of the authenticator Aegis, and isAndOTP one of andOTP and of programs that write the same.
func isAegis(members map[string]json.RawMessage) bool {
	var header map[string]json.RawMessage
	return members["db"] != nil && json.Unmarshal(members["header"], &header) == nil && hasAll("slots", "params")(header)
}

func isAndOTP(data []byte) bool {
	return hasAll("secret", "label", "type", "algorithm")(firstMembers(data))
}

// openAegis opens an export of Aegis. One with a password has its entries as one sealed text.
func openAegis(data []byte) (importer.Source, error) {
	var f struct {
		DB json.RawMessage `json:"db"`
	}
	var db struct {
		Entries []json.RawMessage `json:"entries"`
		Groups  []struct {
			UUID string `json:"uuid"`
			Name string `json:"name"`
		} `json:"groups"`
	}
	if json.Unmarshal(data, &f) != nil || json.Unmarshal(f.DB, &db) != nil {
		return nil, ErrEncryptedExport
	}
	groups := map[string]string{}
	for _, g := range db.Groups {
		groups[g.UUID] = g.Name
	}
	return authenticatorFile("aegis", "Aegis", db.Entries, groups), nil
}

func openAndOTP(data []byte) (importer.Source, error) {
	var entries []json.RawMessage
	if json.Unmarshal(data, &entries) != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	return authenticatorFile("andotp", "andOTP", entries, nil), nil
}

// authenticatorFile has the names of groups by their ids: an entry is in any number of them, as an item has tags.
func authenticatorFile(id, name string, entries []json.RawMessage, groups map[string]string) importer.Source {
	decode := func(raw json.RawMessage, n int) []importer.Row {
		return []importer.Row{authenticatorEntry(raw, id, strconv.Itoa(n), groups)}
	}
	return newFile(importer.Info{ID: id, Browser: name}, decodeAll(entries, decode))
}

// authenticatorBookkeeping is what an entry says about its picture, and when it was used.
var authenticatorBookkeeping = map[string]bool{"icon_mime": true, "icon_hash": true, "thumbnail": true, "last_used": true, "used_frequency": true}

// authenticatorEntry is a login that has one-time codes alone. Aegis has the secret in a member of its own, andOTP beside the rest.
func authenticatorEntry(raw json.RawMessage, source, number string, groups map[string]string) importer.Row {
	var members map[string]any
	if json.Unmarshal(raw, &members) != nil {
		return importer.Row{ID: number, Reason: importer.ReasonMalformed}
	}
	if info, found := members["info"].(map[string]any); found {
		delete(members, "info")
		for name, value := range info {
			members[name] = value
		}
	}
	take := func(name string) string {
		text := strings.Join(texts(members[name]), ",")
		delete(members, name)
		return text
	}
	kind, issuer, name := strings.ToLower(take("type")), take("issuer"), cmp.Or(take("name"), take("label"))
	record := &importer.Record{
		Kind: importer.Login, Title: cmp.Or(issuer, name), Username: name, Notes: take("note"), Tags: list(take("tags"), ","), Favorite: isYes(take("favorite")),
		Source: source, SourceID: take("uuid"),
	}
	for _, group := range append(texts(members["groups"]), texts(members["group"])...) { // older versions have one, by its name
		record.Tags = append(record.Tags, cmp.Or(groups[group], group))
	}
	delete(members, "groups")
	delete(members, "group")
	if take("icon") != "" {
		leaveOut(record, importer.PartFile, "icon")
	}
	seed, algorithm, digits := take("secret"), strings.ToUpper(cmp.Or(take("algo"), take("algorithm"))), take("digits")
	if kind == "steam" {
		digits = "S"
	}
	switch counter := take("counter"); kind {
	case "totp", "steam":
		setTOTP(record, otpAddress(record, seed, take("period"), digits, algorithm))
	default: // a code that is counted, or of another program: as it is
		take("period")
		values := url.Values{"secret": {seed}, "digits": {digits}, "algorithm": {algorithm}, "counter": {counter}}
		addField(record, strings.ToUpper(kind), "otpauth://"+kind+"/"+url.PathEscape(record.Title)+"?"+values.Encode(), true)
	}
	for _, name := range sortedKeys(members) {
		if !authenticatorBookkeeping[name] {
			addField(record, name, strings.Join(texts(members[name]), "\n"), isSecretName(name) || name == "pin")
		}
	}
	return finish(cmp.Or(record.SourceID, number), record)
}
