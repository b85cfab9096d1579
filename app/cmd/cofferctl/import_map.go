package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
)

// mapping says which columns of a table hold what: "title=Name,username=Login". What it does not name becomes a field.
type mapping []struct {
	target format.Target
	column string
}

// parseMapping reads the value of --map.
func parseMapping(text string) (mapping, error) {
	var m mapping
	for pair := range strings.SplitSeq(text, ",") {
		name, column, found := strings.Cut(pair, "=")
		target := format.Target(strings.ToLower(strings.TrimSpace(name)))
		if !found || !slices.Contains(format.Targets, target) {
			return nil, fmt.Errorf("%w: --map takes pairs like title=Name, of %s", errUsage, strings.Join(names(format.Targets), ", "))
		}
		m = append(m, struct {
			target format.Target
			column string
		}{target, strings.TrimSpace(column)})
	}
	return m, nil
}

func names(targets []format.Target) (names []string) {
	for _, t := range targets {
		names = append(names, string(t))
	}
	return names
}

// open reads a table of a program that is not known.
func (m mapping) open(input *format.Input) (importer.Source, error) {
	table, err := input.Table()
	if err != nil {
		return nil, err
	}
	targets := make([]format.Target, len(table.Header))
	for i := range targets {
		targets[i] = format.ToField
	}
	for _, pair := range m {
		at := slices.IndexFunc(table.Header, func(name string) bool { return strings.EqualFold(name, pair.column) })
		if at < 0 {
			return nil, fmt.Errorf("it has no column %q, but %s", pair.column, strings.Join(table.Header, ", "))
		}
		targets[at] = pair.target
	}
	return table.Source(targets), nil
}

// unknownTable says what the columns of a table are called, and that --map takes them.
func unknownTable(input *format.Input) error {
	table, err := input.Table()
	if err != nil {
		return err
	}
	return fmt.Errorf("a table of no program that Coffer knows. Say what its columns hold, as --map title=…,username=…,password=…; they are %s", strings.Join(table.Header, ", "))
}
