package format

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// keeperFile is an export of Keeper as JSON.
type keeperFile struct {
	Records []json.RawMessage `json:"records"`
}

type keeperRecord struct {
	UID     string         `json:"uid"`
	Title   string         `json:"title"`
	Notes   string         `json:"notes"`
	Type    string         `json:"$type"`
	Schema  []string       `json:"schema"`
	Login   string         `json:"login"`
	Secret  string         `json:"password"`
	URL     string         `json:"login_url"`
	Changed int64          `json:"last_modified"` // seconds
	Custom  map[string]any `json:"custom_fields"`
	Folders []struct {
		Folder string `json:"folder"`
		Shared string `json:"shared_folder"`
	} `json:"folders"`
}

var keeperKinds = map[string]importer.Kind{
	"bankCard": importer.Card, "bankAccount": importer.BankAccount, "encryptedNotes": importer.Note, "address": importer.Identity,
	"contact": importer.Identity, "sshKeys": importer.SSHKey, "softwareLicense": importer.SoftwareLicence, "driverLicense": importer.Document,
	"passport": importer.Document, "ssnCard": importer.Document, "birthCertificate": importer.Document, "wifiCredentials": importer.WiFi,
}

func openKeeper(data []byte) (importer.Source, error) {
	var f keeperFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: JSON", importer.ErrMalformed)
	}
	return newFile(importer.Info{ID: "keeper", Browser: "Keeper"}, decodeAll(f.Records, decodeKeeper)), nil
}

func decodeKeeper(raw json.RawMessage, n int) []importer.Row {
	var r keeperRecord
	if json.Unmarshal(raw, &r) != nil {
		return []importer.Row{{ID: strconv.Itoa(n), Reason: importer.ReasonMalformed}}
	}
	record := &importer.Record{
		Kind: keeperKinds[r.Type], Title: r.Title, Username: r.Login, Notes: r.Notes, URLs: addresses(r.URL), Source: "keeper", SourceID: r.UID,
		Modified: since1970(strconv.FormatInt(r.Changed, 10), seconds),
	}
	setPassword(record, r.Secret)
	if len(r.Folders) > 0 {
		record.Folder = keeperFolder(r.Folders[0].Folder)
		if record.Folder == "" {
			record.Folder = keeperFolder(r.Folders[0].Shared)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Custom)) {
		for _, value := range texts(r.Custom[name]) {
			addKeeperField(record, name, value)
		}
	}
	id := r.UID
	if id == "" {
		id = strconv.Itoa(n)
	}
	return []importer.Row{finish(id, record)}
}

// keeperFolder has backslashes between the levels.
func keeperFolder(path string) string { return strings.ReplaceAll(path, `\`, "/") }

// addKeeperField adds a further field. Its name is "$type:label:number", where the program has given it a type.
func addKeeperField(record *importer.Record, name, value string) {
	kind, label, typed := "", name, strings.HasPrefix(name, "$")
	if typed {
		parts := strings.Split(strings.TrimPrefix(name, "$"), ":")
		kind, label = parts[0], parts[0]
		if len(parts) > 1 && parts[1] != "" && !isNumber(parts[1]) {
			label = parts[1]
		}
	}
	switch {
	case kind == "oneTimeCode" || strings.EqualFold(name, "TFC:Keeper"):
		setTOTP(record, value)
	case kind == "url" && record.Kind == "":
		record.URLs = append(record.URLs, addresses(value)...)
	default:
		addField(record, label, value, isSecretName(label) || slices.Contains([]string{"secret", "pinCode", "keyPair", "accountNumber"}, kind))
	}
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// texts is the texts in a JSON value: itself, or those in it, each with its name before it.
func texts(value any) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []any:
		var all []string
		for _, part := range v {
			all = append(all, texts(part)...)
		}
		return all
	case map[string]any:
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			for _, text := range texts(v[name]) {
				lines = append(lines, name+": "+text)
			}
		}
		return []string{strings.Join(lines, "\n")}
	}
	return []string{fmt.Sprint(value)}
}
