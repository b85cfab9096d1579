// Package attacks shows that the attacks of docs/threat-model.md fail: a malicious server drives the real client through the real
// HTTP client, thieves and strangers work on the real server and the real files. The numbers are those of the threat model.
//
//	real client ──HTTP──▶ liar ──HTTP──▶ real server         the liar changes answers and keeps all that the client sent
//
// Every check registers itself under its row; TestAttacks runs them all and prints the table (make attacks). That each check can
// fail is shown by package internal/mutation, which switches the defences off one by one (make test-system).
package attacks

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/coffer-vault/coffer/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// side is where an attack is tried.
type side string

const (
	existing  side = "existing"  // a device that has the account
	fresh     side = "fresh"     // a device that signs in
	elsewhere side = "elsewhere" // the honest server, the disk, the process
)

// attackNames are the rows of the threat model that this package answers for. A row without a check is not in the table.
var attackNames = map[string]string{
	"3":   "the server moves the account to an escrow mode",
	"5":   "plaintext metadata changed",
	"6":   "items swapped",
	"7":   "requests leak what is in the vault",
	"8":   "key derivation weakened",
	"9":   "malleable ciphertext",
	"10":  "commits or objects dropped, repeated, reordered, withheld",
	"11":  "a vault injected or substituted",
	"14":  "features switched off by a server version",
	"15":  "legacy formats",
	"16":  "missing keys make the client generate new ones",
	"17":  "distinguishable errors",
	"18":  "a ciphertext for two keys",
	"19":  "codes sprayed; vaults given out without proof",
	"20":  "approval bound to the attacker's key; digits ground",
	"20b": "a revoked device goes on; old sealed keys come back",
	"20c": "a restored backup, or one wrong root, stops every client",
	"21":  "server database stolen, guessing offline",
	"22":  "rollback of one device; fork between devices",
	"23":  "a fresh device is shown an old state",
	"26":  "session token stolen",
	"27":  "sizes leak",
	"28":  "stolen laptop",
	"29":  "memory after lock",
	"30":  "clipboard history",
}

// check is one way in which a row's attack is tried.
type check struct {
	side side
	name string
	run  func(*testing.T)
}

var checks = map[string][]check{}

// register adds a check to a row; the files of this package call it from init.
func register(row string, s side, name string, run func(*testing.T)) {
	if attackNames[row] == "" {
		panic("attack " + row + " has no name")
	}
	checks[row] = append(checks[row], check{s, name, run})
}

// tally counts the checks of a row that ran on one side, and those that fell.
type tally struct{ run, fell int }

func (c tally) String() string {
	switch {
	case c.run == 0:
		return "-"
	case c.fell > 0:
		return fmt.Sprintf("%d of %d FELL", c.fell, c.run)
	}
	return strconv.Itoa(c.run)
}

// TestAttacks runs every check of every row: TestAttacks/22/existing/an_older_head. It prints what ran.
func TestAttacks(t *testing.T) {
	results := map[string]map[side]tally{}
	for _, row := range rowsInOrder() {
		t.Run(row, func(t *testing.T) {
			results[row] = map[side]tally{}
			for _, s := range []side{existing, fresh, elsewhere} {
				t.Run(string(s), func(t *testing.T) { results[row][s] = runSide(t, row, s) })
			}
		})
	}
	fmt.Println(table(results))
}

func runSide(t *testing.T, row string, s side) (sum tally) {
	for _, c := range checks[row] {
		if c.side != s {
			continue
		}
		ran := false
		ok := t.Run(c.name, func(t *testing.T) {
			ran = true
			c.run(t)
		})
		if ran {
			sum.run++
		}
		if !ok {
			sum.fell++
		}
	}
	return sum
}

// rowsInOrder lists the rows that have checks: 3, 20, 20b, 21.
func rowsInOrder() []string {
	var rows []string
	for row := range checks {
		rows = append(rows, row)
	}
	number := func(row string) int {
		n, _ := strconv.Atoi(strings.TrimRight(row, "bc"))
		return n
	}
	slices.SortFunc(rows, func(a, b string) int { return cmp.Or(number(a)-number(b), strings.Compare(a, b)) })
	return rows
}

// table shows how many checks ran on each side of each row.
func table(results map[string]map[side]tally) string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(w, "row\tattack\texisting device\tfresh device\telsewhere\tverdict\n")
	rows, fallen := 0, 0
	for _, row := range rowsInOrder() {
		r := results[row]
		if r[existing].run+r[fresh].run+r[elsewhere].run == 0 {
			continue
		}
		verdict := "withstood"
		if r[existing].fell+r[fresh].fell+r[elsewhere].fell > 0 {
			verdict = "FELL"
			fallen++
		}
		rows++
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", row, attackNames[row], r[existing], r[fresh], r[elsewhere], verdict)
	}
	w.Flush()
	fmt.Fprintf(&out, "%d attacks, %d withstood, %d fell\n", rows, rows-fallen, fallen)
	return out.String()
}
