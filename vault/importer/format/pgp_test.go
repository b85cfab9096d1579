package format

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

// GnuPG has encrypted these, each with another compression; what is in them is what is in the file that it was given.
func TestMessagesOfGnuPG(t *testing.T) {
	plain := read(t, readFile(t, "testdata/samples/protonpass.zip/data.json"), "")
	for _, name := range []string{"zip", "zlib", "uncompressed"} {
		data := readFile(t, "testdata/pgp/"+name+".pgp")
		readout := read(t, data, databasePassword)
		if readout.Err != nil || len(readout.Rows) != len(plain.Rows) {
			t.Errorf("%s: %d rows, %v", name, len(readout.Rows), readout.Err)
		}
		for password, want := range map[string]error{"": importer.ErrPrimaryPasswordNeeded, "wrong": importer.ErrWrongPrimaryPassword} {
			if readout := read(t, data, password); !errors.Is(readout.Err, want) || len(readout.Rows) != 0 {
				t.Errorf("%s, password %q: %v, want %v", name, password, readout.Err, want)
			}
		}
	}
}

// A message that was changed or cut off anywhere gives nothing, and never a part of what was in it.
func TestDamagedMessages(t *testing.T) {
	message, err := unarmor(readFile(t, "testdata/pgp/uncompressed.pgp"))
	if err != nil {
		t.Fatal(err)
	}
	armored := func(message []byte) []byte {
		return []byte(string(pgpMessage) + "\nComment: x\n\n" + base64.StdEncoding.EncodeToString(message) + "\n-----END PGP MESSAGE-----\n")
	}
	if readout := read(t, armored(message), databasePassword); readout.Err != nil {
		t.Fatal("armored anew:", readout.Err)
	}
	for at := 0; at < len(message); at += 7 {
		changed := bytes.Clone(message)
		changed[at] ^= 4
		for _, damaged := range [][]byte{changed, message[:at]} {
			source, err := Open(armored(damaged))
			if err == nil {
				err = importer.Read(t.Context(), source, secret.FromString(databasePassword)).Err
			}
			if err == nil {
				t.Fatalf("byte %d of %d: opened", at, len(message))
			}
		}
	}
	if _, err := Open(armored([]byte{0xc1, 2, 3, 0, 0xd2, 2, 1, 0})); !errors.Is(err, ErrEncryptedExport) {
		t.Errorf("for somebody's key: %v", err)
	}
}

func FuzzPGP(f *testing.F) {
	message, err := unarmor(readFile(f, "testdata/pgp/zip.pgp"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(message)
	f.Add([]byte("\xcb\x0bb\x01x\x00\x00\x00\x00[1,2]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		literal(data, 0)
		locks, sealed, err := readPGP(data)
		for _, lock := range locks {
			if lock.count > 1<<16 {
				return // the hashing is not what is looked for
			}
			if content, openErr := lock.open(secret.FromString("x"), sealed); err == nil && openErr == nil && len(content) == 0 {
				t.Fatal("nothing, and no error")
			}
		}
	})
}
