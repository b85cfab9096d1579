package format

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

const (
	unknownTable = "\ufeffBezeichnung;Benutzer;Kennwort;Adresse;Notiz;Konto;Kennwort 2;Gruppe;Egal\r\nBank;ann; p;\"q ;https://bank.example;\"a\r\nb\";42;zweites;Geld;x\r\n"
	quotedTable  = "Bezeichnung;Benutzer;Kennwort;Adresse;Notiz;Konto;Kennwort 2;Gruppe;Egal\nBank;ann;\" p;\"\"q \";https://bank.example;\"a\nb\";42;zweites;Geld;x\n;bob;;;;;;;\nshort;row\nNur Text;;;;lang;;;;\n"
)

func TestUnknownTableIsMapped(t *testing.T) {
	strange := strings.Replace(quotedTable, "Bezeichnung", "Was", 1)
	if _, err := Open([]byte(strange)); !errors.Is(err, ErrUnknownTable) || !errors.Is(err, ErrUnknownFormat) {
		t.Fatal(err)
	}
	table, err := ReadTable([]byte(quotedTable))
	if err != nil {
		t.Fatal(err)
	}
	guess := table.Guess()
	want := []Target{ToTitle, ToUsername, ToPassword, ToURL, ToNotes, ToField, ToField, ToFolder, ToField}
	if !slices.Equal(guess, want) || len(table.Sample) != 2 || table.Sample[0][2] != ` p;"q ` {
		t.Fatalf("%q, %q", guess, table.Sample)
	}
	guess[6], guess[8] = ToPassword, ToNothing
	source := table.Source(guess)
	for range 2 { // it can be read again
		compare(t, importer.Read(t.Context(), source, secret.Bytes{}), []string{
			`1 login "Bank" ["https://bank.example"] "ann"=" p;\"q " notes "a\nb" folder "Geld" [Konto "42" false] [Kennwort 2 "zweites" true]`,
			`2 login "" [] "bob"=""`,
			`3 : malformed`,
			`4 note "Nur Text" [] ""="" notes "lang"`,
		})
	}
}

func TestWhatIsATable(t *testing.T) {
	for name, c := range map[string]struct {
		data  string
		comma rune // 0: no table
	}{
		"commas":       {"a,b\n1,2\n", ','},
		"semicolons":   {"a;b;c\n1;2;3\n", ';'},
		"tabs":         {"a\tb\n1\t2\n", '\t'},
		"both":         {"a;b;c,d\n1;2;3\n", ';'},
		"one column":   {"a\n1\n", 0},
		"no row":       {"a,b\n", 0},
		"another row":  {"a,b\n1,2,3\n", 0},
		"broken quote": {unknownTable, 0},
		"nothing":      {"", 0},
		"no text":      {"a,\xff\n1,2\n", ','},
	} {
		table, err := ReadTable([]byte(c.data))
		if (err == nil) != (c.comma != 0) || err == nil && table.comma != c.comma || err != nil && !errors.Is(err, ErrUnknownFormat) {
			t.Errorf("%s: %+v, %v", name, table, err)
		}
	}
}

// Two columns of one name are two fields, and one thing twice loses nothing.
func TestNothingOfAMappedTableIsLost(t *testing.T) {
	table, err := ReadTable([]byte("x,x,y,z\n1,2,3,4\n"))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, importer.Read(t.Context(), table.Source([]Target{ToUsername, ToUsername, ToURL, ToURL}), secret.Bytes{}), []string{
		`1 login "3" ["3" "4"] "1"="" [x "2" false]`,
	})
	compare(t, importer.Read(t.Context(), table.Source([]Target{ToField, ToField, ToTOTP, ToTOTP}), secret.Bytes{}), []string{
		`1 login "" [] ""="" totp "3" [x "1" false] [x "2" false] [z "4" true]`,
	})
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(quotedTable), uint8(0))
	f.Add([]byte("x,x,y,z\n1,2,3,4\n"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, shift uint8) {
		table, err := ReadTable(data)
		if err != nil {
			return
		}
		targets := table.Guess()
		for i := range targets {
			targets[i] = Targets[(i+int(shift))%len(Targets)]
		}
		for _, row := range importer.Read(t.Context(), table.Source(targets), secret.Bytes{}).Rows {
			if (row.Record == nil) == (row.Reason == "") {
				t.Fatalf("row %+v", row)
			}
		}
	})
}
