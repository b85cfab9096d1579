package format

import (
	"archive/zip"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/coffer-vault/coffer/vault/importer"
)

// packed is an archive of files by their names, in this order.
func packed(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, f := range files {
		entry, err := w.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

const (
	chromeTable = "name,url,username,password\nShop,https://shop.example,ann,pw\n"
	chromeEntry = `1 login "Shop" ["https://shop.example"] "ann"="pw"`
)

// fully is a readout with every row and all that is in it.
func fully(readout importer.Readout) (lines []string) {
	for _, row := range readout.Rows {
		line := describe(row)
		if row.Record != nil {
			line += more(row.Record)
		}
		lines = append(lines, line)
	}
	return lines
}

// People and systems pack exports into archives, and leave things beside them.
func TestArchives(t *testing.T) {
	onePIF := `{"uuid":"AB12","title":"Shop","typeName":"webforms.WebForm","secureContents":{"fields":[{"designation":"username","value":"ann"},{"designation":"password","value":"pw"}]}}` +
		"\n" + string(onePIFLine) + "\n"
	message := string(sample(t, "protonpass.pgp"))
	for name, c := range map[string]struct {
		archive []byte
		want    []string
	}{
		"a table in a folder": {
			packed(t, [2]string{"Takeout/", ""}, [2]string{"Takeout/Passwords.csv", chromeTable}, [2]string{"__MACOSX/Takeout/._Passwords.csv", "\x00\x05"}, [2]string{"Takeout/.DS_Store", "\x00"}),
			[]string{chromeEntry},
		},
		"a folder of 1PIF": {
			packed(t, [2]string{"data.1pif/data.1pif", onePIF}, [2]string{"data.1pif/attachments/AB12/card.txt", "hi"}, [2]string{"data.1pif/attachments/CD34/lost.txt", "x"}),
			[]string{
				`AB12 login "Shop" [] "ann"="pw" file "card.txt" 2 ` + digestOfHi,
				`data.1pif/attachments/CD34/lost.txt lost.txt: file`,
			},
		},
		"a file of Dashlane's that is not known": {
			packed(t, [2]string{"credentials.csv", "username,title,password,url\nann,Shop,pw,https://shop.example\n"}, [2]string{"passkeys.csv", "a,b\n1,2\n"}, [2]string{"ids.csv", "other,columns\n1,2\n"}),
			[]string{chromeEntry, `2 passkeys.csv: unsupported`, `3 ids.csv: unsupported`},
		},
		"a message of Proton Pass": {packed(t, [2]string{"Proton Pass/data.pgp", message}), fully(read(t, []byte(message), databasePassword))},
	} {
		t.Run(name, func(t *testing.T) {
			readout := read(t, c.archive, databasePassword)
			if got := fully(readout); readout.Err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s\n%v", strings.Join(got, "\n"), strings.Join(c.want, "\n"), readout.Err)
			}
		})
	}
	for name, data := range map[string][]byte{
		"Padlock's":             []byte(`{"version":1,"cipher":"aes","mode":"ccm","iter":50000,"salt":"LL==","iv":"4E==","adata":"Fs==","ct":"36b="}`),
		"Aegis's":               []byte(`{"version":1,"header":{"slots":[{"type":1}],"params":{"nonce":"72"}},"db":"b64"}`),
		"binary, in an archive": packed(t, [2]string{"data.pgp", "\x85\x01\x0c\x03"}),
	} {
		if _, err := Open(data); !errors.Is(err, ErrEncryptedExport) {
			t.Errorf("%s: %v, want ErrEncryptedExport", name, err)
		}
	}
	if _, err := Open(append(bytes.Clone(kdbxSignature), 4, 0, 2, 0)); !errors.Is(err, ErrUnknownFormat) {
		t.Errorf("a database of version 2: %v", err)
	}
	if _, err := Open(packed(t, [2]string{"a.csv", chromeTable}, [2]string{"b.csv", chromeTable})); !errors.Is(err, ErrUnknownFormat) {
		t.Errorf("two documents: %v", err)
	}
}
