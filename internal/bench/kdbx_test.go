//go:build linux

package bench

import (
	"bufio"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/kdf"
	"github.com/coffer-vault/coffer/internal/kdbx"
)

// writeKDBX writes a database with the first n records, whose key takes what the profile costs: keepassxc-cli chooses the key derivation
// of a new database itself, and keeps that of an existing one when it saves.
func writeKDBX(out io.Writer, n int, password string, p kdf.Profile) error {
	file, err := kdbx.NewWriter(out, []byte(password), kdbx.Cost{MemoryKiB: p.MemoryKiB, Time: p.Time, Threads: p.Threads})
	if err != nil {
		return err
	}
	protect, err := file.Protect()
	if err != nil {
		return err
	}
	if err := file.Field(kdbx.InnerEnd, nil); err != nil {
		return err
	}
	xml := bufio.NewWriter(file)
	writeKeePassXML(xml, n, protect)
	return errors.Join(xml.Flush(), file.Close())
}

// perGroup keeps groups small: KeePassXC's time rises with the square of their size.
const perGroup = 1000

func writeKeePassXML(out *bufio.Writer, n int, stream cipher.Stream) {
	fmt.Fprintf(out, `<?xml version="1.0" encoding="UTF-8"?><KeePassFile><Meta/><Root><Group><UUID>%s</UUID><Name>Root</Name>`, keePassUUID())
	for first := 0; first < n; first += perGroup {
		fmt.Fprintf(out, "<Group><UUID>%s</UUID><Name>Group %d</Name>\n", keePassUUID(), first)
		for i := first; i < min(first+perGroup, n); i++ {
			writeEntry(out, recordNumber(i), stream)
		}
		out.WriteString("</Group>\n")
	}
	out.WriteString("</Group></Root></KeePassFile>")
}

// writeEntry writes a record. No text in it needs escaping.
func writeEntry(out *bufio.Writer, r record, stream cipher.Stream) {
	hidden := make([]byte, len(r.password))
	stream.XORKeyStream(hidden, []byte(r.password))
	const field = "<String><Key>%s</Key><Value>%s</Value></String>"
	fmt.Fprintf(out, "<Entry><UUID>%s</UUID>", keePassUUID())
	fmt.Fprintf(out, field+field+field, "Title", r.title, "UserName", r.user, "URL", r.url)
	fmt.Fprintf(out, `<String><Key>Password</Key><Value Protected="True">%s</Value></String>`, base64.StdEncoding.EncodeToString(hidden))
	out.WriteString("</Entry>\n")
}

func keePassUUID() string {
	uuid := id.New()
	return base64.StdEncoding.EncodeToString(uuid[:])
}
