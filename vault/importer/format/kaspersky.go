package format

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// kasperskySections are the parts of an export of Kaspersky Password Manager, each under its name alone on a line.
var kasperskySections = []string{"Websites", "Applications", "Other Accounts", "Notes"}

// kasperskyLabels are what begins the lines of an entry, with what stands in them. Longer ones come before those that they begin with.
var kasperskyLabels = []struct {
	label  string
	target Target
}{
	{"Website name", ToTitle}, {"Website URL", ToURL}, {"Application", ToTitle}, {"Account name", ToTitle}, {"Login name", ToField}, {"Login", ToUsername},
	{"Password", ToPassword}, {"Comment", ToNotes}, {"Name", ToTitle}, {"Text", ToNotes},
}

// isKaspersky tells an export by its first line, which names a section, and the first label.
func isKaspersky(data []byte) bool {
	first, rest, _ := strings.Cut(string(bytes.TrimSpace(data[:min(len(data), 1024)])), "\n")
	if !slices.Contains(kasperskySections, strings.TrimSpace(first)) {
		return false
	}
	label, _ := kasperskyLine(strings.TrimSpace(firstLine(strings.TrimSpace(rest))))
	return label != "" || strings.HasPrefix(strings.TrimSpace(rest), "---") || slices.Contains(kasperskySections, strings.TrimSpace(firstLine(strings.TrimSpace(rest))))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// kasperskyLine is a line's label and its value; no label for a line that goes on with the value before.
func kasperskyLine(line string) (label, value string) {
	for _, l := range kasperskyLabels {
		if rest, found := strings.CutPrefix(line, l.label+":"); found {
			return l.label, strings.TrimPrefix(rest, " ")
		}
	}
	return "", ""
}

// openKaspersky opens the text that Kaspersky Password Manager exports: entries of lines "label: value", each with a line of dashes behind it.
func openKaspersky(data []byte) (importer.Source, error) {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	return newFile(importer.Info{ID: "kaspersky", Browser: "Kaspersky Password Manager"}, kasperskyRows(text)), nil
}

func kasperskyRows(text string) iter.Seq[importer.Row] {
	return func(yield func(importer.Row) bool) {
		n, section := 0, ""
		for block := range strings.SplitSeq(text, "\n---\n") {
			lines := strings.Split(strings.Trim(block, "\n"), "\n")
			for len(lines) > 0 && (lines[0] == "" || slices.Contains(kasperskySections, strings.TrimSpace(lines[0]))) {
				if lines[0] != "" {
					section = strings.TrimSpace(lines[0])
				}
				lines = lines[1:]
			}
			if strings.Trim(strings.Join(lines, ""), "- ") == "" {
				continue
			}
			n++
			if !yield(kasperskyEntry(fmt.Sprint(n), section, lines)) {
				return
			}
		}
	}
}

// kasperskyEntry is an entry. Where its lines begin with none that is known, a value may be under another's name.
func kasperskyEntry(id, section string, lines []string) importer.Row {
	if label, _ := kasperskyLine(lines[0]); label == "" {
		return importer.Row{ID: id, Reason: importer.ReasonMalformed}
	}
	record := &importer.Record{Source: "kaspersky"}
	if section == "Notes" {
		record.Kind = importer.Note
	}
	label, value := "", ""
	for _, line := range append(lines, "Text:") { // which ends the last value
		next, rest := kasperskyLine(line)
		// The text of a comment or a note may begin as other lines do: both come last.
		if next == "" || label == "Comment" && next != "Text" || label == "Text" && line != "Text:" {
			value += "\n" + line
			continue
		}
		addKasperskyValue(record, label, strings.TrimRight(value, "\n"))
		label, value = next, rest
	}
	return finish(id, record)
}

func addKasperskyValue(record *importer.Record, label, value string) {
	for _, l := range kasperskyLabels {
		if l.label != label || value == "" {
			continue
		}
		switch {
		case l.target == ToURL:
			record.URLs = append(record.URLs, addresses(value)...)
		case l.target == ToField || !place(record, l.target, value):
			addField(record, label, value, false)
		}
	}
}
