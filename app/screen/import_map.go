package screen

import (
	"context"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
	"github.com/coffer-vault/coffer/vault/importer/format"
)

// ImportColumn is a column of a table of no known program.
type ImportColumn struct {
	Name   string
	Sample string // what stands in its first rows
	Target int    // index of what it holds in ImportState.Targets
}

// importTable is a table with what a person says of its columns so far.
type importTable struct {
	*format.Table
	targets []format.Target
}

// SetTarget says what a column of the table holds, by its index in ImportState.Targets.
func (i *Import) SetTarget(column, target int) {
	if i.page != ImportMapping || i.busy || column < 0 || column >= len(i.file.table.targets) || target < 0 || target >= len(format.Targets) {
		return
	}
	i.file.table.targets[column] = format.Targets[target]
	i.changed()
}

// useTable shows what an import of the table as it was mapped would do.
func (i *Import) useTable() {
	f := i.file
	if !f.table.says() || i.busy {
		return
	}
	i.busy, i.problem = true, Message{}
	targets := slices.Clone(f.table.targets)
	Run(i.run, func(context.Context) (source importer.Source, err error) {
		_ = i.config.Unlocked.KeepTableMapping(f.table.Header, targets) // who is asked again next time has lost little
		err = f.with(func(secret.Bytes) error {
			source = f.table.Source(targets)
			return nil
		})
		return source, err
	}, func(source importer.Source, err error) {
		if err == nil {
			f.source = source
			i.look()
		}
	})
	i.changed()
}

// says tells whether anything of the table would come along that an item can be known by.
func (t *importTable) says() bool {
	return slices.ContainsFunc(t.targets, func(target format.Target) bool {
		return slices.Contains([]format.Target{format.ToTitle, format.ToUsername, format.ToPassword, format.ToURL, format.ToNotes}, target)
	})
}

func (i *Import) viewMapping(s *ImportState) {
	s.Title, s.Body = i.text("screen.import.map.title"), i.text("screen.import.map.body", "name", i.file.name)
	for _, target := range format.Targets {
		s.Targets = append(s.Targets, i.text("screen.import.map.to."+string(target)))
	}
	for n, name := range i.file.table.Header {
		if name == "" {
			name = i.text("screen.import.map.column", "n", n+1)
		}
		target := i.file.table.targets[n]
		s.Columns = append(s.Columns, ImportColumn{Name: name, Sample: i.file.table.sample(n), Target: slices.Index(format.Targets, target)})
	}
	s.Continue, s.CanContinue, s.Skip = i.text("screen.continue"), i.file.table.says() && !i.busy, i.text("screen.back")
}

// sample is what stands in the first rows of a column; of passwords only that there are some.
func (t *importTable) sample(column int) string {
	var cells []string
	for _, row := range t.Sample {
		cell := strings.Join(strings.Fields(strings.ToValidUTF8(row[column], "\uFFFD")), " ")
		if hidden := t.targets[column] == format.ToPassword || t.targets[column] == format.ToTOTP; hidden && cell != "" {
			cell = "••••••••"
		}
		if cell != "" && !slices.Contains(cells, cell) {
			cells = append(cells, cell)
		}
	}
	return strings.Join(cells, " · ")
}
