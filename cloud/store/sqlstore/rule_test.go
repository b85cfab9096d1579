package sqlstore

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

// unreleased is the newest schema of before the first release: no version of the program that somebody else runs has to live with what
// was done until then.
const unreleased = 9

// dropped are the migrations that drop what an earlier version had stopped to use, with that version.
var dropped = map[int64]string{}

var (
	comment = regexp.MustCompile(`--[^\n]*`)
	// takesAway is what the version before could be using.
	takesAway = regexp.MustCompile(`\b(DROP|RENAME|DELETE|TRUNCATE|ALTER COLUMN|CREATE TRIGGER)\b`)
	addColumn = regexp.MustCompile(`\bADD (COLUMN )?\w+ [^;]*`)
)

// breaks says how a migration would keep a running server of the version before from working (docs/adr/0027); "" if it would not.
func breaks(text string) string {
	text = strings.Join(strings.Fields(strings.ToUpper(comment.ReplaceAllString(text, ""))), " ")
	if found := takesAway.FindString(text); found != "" {
		return found
	}
	for _, column := range addColumn.FindAllString(text, -1) {
		if strings.Contains(column, "NOT NULL") && !strings.Contains(column, "DEFAULT") || strings.Contains(column, "UNIQUE") {
			return column
		}
	}
	return ""
}

// Several processes are upgraded one after the other: while the new version's migration is done, the version before goes on.
func TestMigrationsLeaveTheVersionBeforeWorking(t *testing.T) {
	for text, want := range map[string]bool{
		"CREATE TABLE t (x BIGINT NOT NULL); CREATE INDEX i ON t (x)":  true,
		"ALTER TABLE t ADD COLUMN y BIGINT NOT NULL DEFAULT 0":         true,
		"ALTER TABLE t ADD COLUMN y BIGINT; -- DROP TABLE t\nSELECT 1": true,
		"DROP TABLE t":                                 false,
		"ALTER TABLE t drop column x":                  false,
		"ALTER TABLE t RENAME TO u":                    false,
		"ALTER TABLE t\n\tALTER COLUMN x SET NOT NULL": false,
		"ALTER TABLE t ADD COLUMN y BIGINT NOT NULL":   false,
		"ALTER TABLE t ADD y BIGINT DEFAULT 0 UNIQUE":  false,
		"DELETE FROM t":                                false,
	} {
		if found := breaks(text); (found == "") != want {
			t.Errorf("%s: %q", text, found)
		}
	}
	names, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(names) < unreleased {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := embedded.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		number, err := goose.NumericComponent(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := breaks(string(text)); found != "" && number > unreleased && dropped[number] == "" {
			t.Errorf("%s: %s: a server of the version before may be using it", name, found)
		}
	}
}
