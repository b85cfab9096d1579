package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// maxLists is how many lists of entries a document of an unknown program is taken apart into.
const maxLists = 1000

// jsonList is a list of objects in a document of a program that is not known by its members: a table whose columns are their members.
type jsonList struct {
	entries []json.RawMessage
	table   *table
}

// openJSONLists opens documents that are lists of entries, or objects with such lists: exports of Myki, of Passwordstate's API and of
// programs that are not known. The names of the members say what they hold, as the names of columns do.
func openJSONLists(data []byte) (importer.Source, error) {
	lists := findLists(data)
	if len(lists) == 0 {
		return nil, ErrUnknownFormat
	}
	rows := func(yield func(importer.Row) bool) {
		n := 0
		for _, list := range lists {
			for row := range list.rows(&n) {
				if !yield(row) {
					return
				}
			}
		}
	}
	return newFile(importer.Info{ID: strings.Replace(lists[0].table.id, "csv", "json", 1), Browser: strings.Replace(lists[0].table.name, "CSV", "JSON", 1)}, rows), nil
}

// findLists finds the lists of objects in a document. At least one of them has to say by the names of its members what it holds.
func findLists(data json.RawMessage) []jsonList {
	var all []jsonList
	collectLists(data, 0, &all)
	if !slices.ContainsFunc(all, func(l jsonList) bool { return l.table != nil }) {
		return nil
	}
	slices.SortStableFunc(all, func(a, b jsonList) int { return compareKnown(a.table, b.table) })
	for i := range all {
		if all[i].table == nil {
			all[i].table = &table{id: "csv", name: "CSV", record: plainRow} // beside the others: it comes as it is
		}
	}
	return all
}

// compareKnown has tables of programs that are known first.
func compareKnown(a, b *table) int {
	rank := func(t *table) int {
		switch {
		case t == nil:
			return 2
		case t.id == "csv":
			return 1
		}
		return 0
	}
	return rank(a) - rank(b)
}

func collectLists(data json.RawMessage, depth int, all *[]jsonList) {
	var entries []json.RawMessage
	var members map[string]json.RawMessage
	switch {
	case depth > 2 || len(*all) >= maxLists:
	case json.Unmarshal(data, &entries) == nil:
		if names := membersOf(entries); len(names) > 1 {
			*all = append(*all, jsonList{entries, tableOf(headerOf(names))})
		}
	case json.Unmarshal(data, &members) == nil:
		for _, member := range sortedNames(members) {
			collectLists(members[member], depth+1, all)
		}
	}
}

// membersOf is the names of the members of all entries; nil if one of them is no object.
func membersOf(entries []json.RawMessage) []string {
	names := map[string]bool{}
	for _, entry := range entries {
		var members map[string]json.RawMessage
		if json.Unmarshal(entry, &members) != nil {
			return nil
		}
		for name := range members {
			names[name] = true
		}
	}
	return sortedNames(names)
}

func (l *jsonList) rows(n *int) iter.Seq[importer.Row] {
	return func(yield func(importer.Row) bool) {
		decode := l.table.decoder()
		for _, entry := range l.entries {
			if *n++; !yield(l.decode(entry, *n, decode)) {
				return
			}
		}
	}
}

// cellOf is a member as a cell: further fields as JSON, which addRest takes apart, a secret of one-time codes as an address, and a list of
// objects of one member each as these.
func cellOf(name string, value any) string {
	if raw, err := json.Marshal(value); err == nil && len(cellFields(string(raw))) > 0 {
		return string(raw)
	}
	object, _ := value.(map[string]any)
	if seed, found := object["secret"].(string); found && isColumn(ToTOTP, name) {
		text := func(member string) string { return strings.Join(texts(object[member]), "") }
		return otpAddress(&importer.Record{}, seed, text("period"), text("digits"), strings.ToUpper(text("algorithm")))
	}
	var parts []string
	list, _ := value.([]any)
	for _, element := range list {
		members, isObject := element.(map[string]any)
		if !isObject || len(members) != 1 {
			return strings.Join(texts(value), "\n")
		}
		for _, member := range members {
			parts = append(parts, texts(member)...)
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, "\n")
	}
	return strings.Join(texts(value), "\n")
}

func (l *jsonList) decode(entry json.RawMessage, n int, decode func(c *row) *importer.Record) importer.Row {
	var members map[string]any
	number := fmt.Sprint(n)
	reader := json.NewDecoder(bytes.NewReader(entry))
	reader.UseNumber() // of a long one, such as that of a card, each digit counts
	if reader.Decode(&members) != nil {
		return importer.Row{ID: number, Reason: importer.ReasonMalformed}
	}
	names := sortedKeys(members)
	cells := make([]string, len(names))
	for i, name := range names {
		cells[i] = cellOf(name, members[name])
	}
	c := newRow(headerOf(names), cells)
	record := decode(c)
	c.addRest(record)
	record.Source = strings.Replace(l.table.id, "csv", "json", 1)
	return finish(number, record)
}
