package format

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/importer"
)

func openWith(t *testing.T, data []byte, password string) error {
	t.Helper()
	source, err := Open(data)
	if err != nil {
		return err
	}
	return importer.Read(t.Context(), source, secret.FromString(password)).Err
}

func TestDatabasePasswords(t *testing.T) {
	for _, name := range []string{"kdbx.kdbx", "kdbx4-aes.kdbx", "kdbx4-argon2id.kdbx"} {
		for password, want := range map[string]error{"": importer.ErrPrimaryPasswordNeeded, "wrong": importer.ErrWrongPrimaryPassword, databasePassword: nil} {
			if err := openWith(t, sample(t, name), password); !errors.Is(err, want) {
				t.Errorf("%s, password %q: %v, want %v", name, password, err, want)
			}
		}
	}
}

// Wherever a database is cut off or changed, it is an error, and no entry comes of it.
func TestDamagedDatabases(t *testing.T) {
	for _, name := range []string{"kdbx.kdbx", "kdbx4-aes.kdbx"} {
		data := sample(t, name)
		for at := len(kdbxSignature); at < len(data); at += 37 {
			if err := openWith(t, data[:at], databasePassword); err == nil {
				t.Errorf("%s, %d of %d bytes: no error", name, at, len(data))
			}
		}
		places := []int{len(data) - 36} // in version 4 the authentication of the end
		for at := len(data) / 2; at < len(data); at += 101 {
			places = append(places, at)
		}
		for _, at := range places {
			changed := bytes.Clone(data)
			changed[at] ^= 1
			if err := openWith(t, changed, databasePassword); err == nil {
				t.Errorf("%s, a bit at %d: no error", name, at)
			}
		}
	}
}

// costly is a database of version 4 whose header asks for a cost.
func costly(params map[string][]byte) []byte {
	dictionary := []byte{0, 1}
	for name, value := range params {
		dictionary = append(dictionary, 5)
		dictionary = append(binary.LittleEndian.AppendUint32(dictionary, uint32(len(name))), name...)
		dictionary = append(binary.LittleEndian.AppendUint32(dictionary, uint32(len(value))), value...)
	}
	dictionary = append(dictionary, 0)
	data := append(slices.Clone(kdbxSignature), 0, 0, 4, 0, kdbxKDF)
	data = append(binary.LittleEndian.AppendUint32(data, uint32(len(dictionary))), dictionary...)
	return append(data, kdbxEnd, 0, 0, 0, 0)
}

func TestDatabaseCostsAreCapped(t *testing.T) {
	n := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	uuid := func(text string) []byte {
		raw := make([]byte, 16)
		fmt.Sscanf(text, "%x", &raw)
		return raw
	}
	argon := func(memory, passes, lanes, version uint64) []byte {
		return costly(map[string][]byte{"$UUID": uuid(kdfArgon2d), "S": make([]byte, 32), "M": n(memory), "I": n(passes), "P": n(lanes), "V": n(version)})
	}
	for name, data := range map[string][]byte{
		"memory":    argon(2<<30, 1, 1, 0x13),
		"passes":    argon(64<<20, 1<<20, 1, 0x13),
		"lanes":     argon(64<<20, 1, 1000, 0x13),
		"no memory": argon(0, 1, 1, 0x13),
		"no passes": argon(64<<20, 0, 1, 0x13),
		"version":   argon(1<<20, 1, 1, 0x10),
		"rounds":    costly(map[string][]byte{"$UUID": uuid(kdfAES4), "S": make([]byte, 32), "R": n(1 << 40)}),
		"seed":      costly(map[string][]byte{"$UUID": uuid(kdfAES4), "S": nil, "R": n(1)}),
		"unknown":   costly(map[string][]byte{"$UUID": make([]byte, 16), "M": n(1 << 20), "I": n(1), "P": n(1)}),
		"none":      costly(nil),
	} {
		if err := openWith(t, data, databasePassword); !errors.Is(err, importer.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

// bomb is an archive whose file unpacks to more than any export has, and says so.
func bomb(t *testing.T, name string) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	if _, err := w.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, UncompressedSize64: MaxFile + 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

// A file that unpacks to more than it says, and more than there is room for, is cut off.
func TestArchiveThatLies(t *testing.T) {
	r, err := zip.NewReader(bytes.NewReader(sample(t, "dashlane.zip")), int64(len(sample(t, "dashlane.zip"))))
	if err != nil {
		t.Fatal(err)
	}
	entry := r.File[0]
	entry.UncompressedSize64 = 0
	left := int64(10)
	if _, err := unzip(entry, &left); !errors.Is(err, importer.ErrTooLarge) && !errors.Is(err, importer.ErrMalformed) {
		t.Error(err)
	}
}

func TestArchivesAreCapped(t *testing.T) {
	if err := openWith(t, bomb(t, "export.data"), ""); !errors.Is(err, importer.ErrTooLarge) {
		t.Errorf("a bomb: %v", err)
	}
	for name, data := range map[string]string{"no archive": "PK\x03\x04 rest", "cut off": string(sample(t, "dashlane.zip")[:200])} {
		if err := openWith(t, []byte(data), ""); !errors.Is(err, importer.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var many bytes.Buffer
	w := zip.NewWriter(&many)
	for i := range maxZipEntries + 1 {
		if _, err := w.Create(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := openWith(t, many.Bytes(), ""); !errors.Is(err, importer.ErrMalformed) {
		t.Errorf("too many files: %v", err)
	}
}

func TestXMLIsCapped(t *testing.T) {
	const laughs = `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>`
	for name, data := range map[string]string{
		"entities":    `<?xml version="1.0"?>` + laughs + `<KeePassFile><Root>&b;</Root></KeePassFile>`,
		"definition":  `<!DOCTYPE KeePassFile><KeePassFile></KeePassFile>`,
		"unknown":     `<KeePassFile><Root>&b;</Root></KeePassFile>`,
		"too deep":    `<KeePassFile>` + strings.Repeat("<Group>", 1000),
		"not closed":  `<KeePassFile><Root>`,
		"crossed":     `<KeePassFile><Root></KeePassFile></Root>`,
		"protected":   `<KeePassFile><Value Protected="True">AAAA</Value></KeePassFile>`,
		"not base 64": `<KeePassFile><Value Protected="True">!</Value></KeePassFile>`,
	} {
		if err := openWith(t, []byte(data), ""); !errors.Is(err, importer.ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
	if err := openWith(t, []byte(`<html><body>`+strings.Repeat(" ", 5000)+`<KeePassFile>`), ""); !errors.Is(err, ErrUnknownFormat) {
		t.Errorf("a web page: %v", err)
	}
}

func TestEncryptedProtonExport(t *testing.T) {
	if err := openWith(t, []byte(`{"encrypted":true,"vaults":{}}`), ""); !errors.Is(err, ErrEncryptedExport) {
		t.Error(err)
	}
}

// FuzzDatabase reads what is inside a database once it is decrypted.
func FuzzDatabase(f *testing.F) {
	f.Add(sample(f, "keepass.xml"))
	f.Add(sample(f, "kdbx.kdbx"))
	f.Add(sample(f, "kdbx4-aes.kdbx"))
	f.Add(costly(map[string][]byte{"M": {1}}))
	f.Add([]byte("\x01\x04\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00<KeePassFile/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dictionary(data)
		content, err := readInner(bytes.NewReader(data), &kdbxFiles{})
		if err != nil {
			content = &kdbxContent{xml: data, protected: newSalsa([32]byte{})}
		}
		root, err := parseKeePass(content.xml, content.protected)
		if err != nil {
			return
		}
		root.findFiles(content.files)
		for row := range root.rows {
			if (row.Record == nil) == (row.Reason == "") {
				t.Fatalf("row %+v", row)
			}
		}
	})
}

func TestArchiveOfCoffer(t *testing.T) {
	recipient, err := age.NewScryptRecipient(databasePassword)
	if err != nil {
		t.Fatal(err)
	}
	recipient.SetWorkFactor(2)
	seal := func(names ...string) []byte {
		var sealed bytes.Buffer
		w, err := age.Encrypt(&sealed, recipient)
		if err != nil {
			t.Fatal(err)
		}
		archive := tar.NewWriter(w)
		for _, name := range names {
			content := []byte("plan")
			if strings.HasSuffix(name, ".json") {
				content = sample(t, "cxf.json")
			}
			if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			archive.Write(content)
		}
		if err := errors.Join(archive.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		return sealed.Bytes()
	}
	data := seal("files/1/plan.pdf", "items.cxf.json")
	readout := read(t, data, databasePassword)
	plain := read(t, sample(t, "cxf.json"), "")
	if readout.Err != nil || len(readout.Rows) != len(plain.Rows)+1 || readout.Rows[len(plain.Rows)].Reason != importer.ReasonFile {
		t.Errorf("%d rows of %d, %v", len(readout.Rows), len(plain.Rows)+1, readout.Err)
	}
	for name, c := range map[string]struct {
		data     []byte
		password string
		want     error
	}{
		"no password":    {data, "", importer.ErrPrimaryPasswordNeeded},
		"wrong password": {data, "wrong", importer.ErrWrongPrimaryPassword},
		"cut off":        {data[:len(data)-10], databasePassword, importer.ErrMalformed},
		"no header":      {data[:40], databasePassword, importer.ErrMalformed},
		"another":        {seal("notes.txt"), databasePassword, ErrUnknownFormat},
	} {
		if err := openWith(t, c.data, c.password); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
