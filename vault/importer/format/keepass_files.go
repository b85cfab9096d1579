package format

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/coffer-vault/coffer/vault/importer"
)

// attachment is an attached file, in memory or in the database that it is read from.
type attachment struct {
	size  int64
	bytes []byte // nil where open reads it
	open  func() (io.ReadCloser, error)
}

func (c *attachment) file(name string) importer.File {
	if c.open == nil {
		return importer.NewFile(name, c.bytes)
	}
	return importer.File{Name: name, Size: c.size, Open: c.open}
}

// equals tells whether two are known to be the same.
func (c *attachment) equals(other *attachment) bool {
	return c == other || c != nil && other != nil && c.open == nil && other.open == nil && bytes.Equal(c.bytes, other.bytes)
}

// findFiles gives every entry its attached files. Version 4 has them before the XML, earlier ones in its Meta, and an entry may hold its own.
func (e *element) findFiles(numbered []*attachment) {
	pool, left := map[string]*attachment{}, int64(MaxFile)
	for n, c := range numbered {
		pool[strconv.Itoa(n)] = c
	}
	for _, b := range e.child("Meta").child("Binaries").children {
		if c := b.content(&left); c != nil && b.name == "Binary" {
			pool[b.attr("ID")] = c
		}
	}
	e.child("Root").placeFiles(pool, &left)
}

func (e *element) placeFiles(pool map[string]*attachment, left *int64) {
	for _, c := range e.children {
		if c.name != "Binary" {
			c.placeFiles(pool, left)
			continue
		}
		value := c.child("Value")
		if ref := value.attr("Ref"); ref != "" {
			c.file = pool[ref]
		} else {
			c.file = value.content(left)
		}
	}
}

// content is the file that an element holds, unpacked; what was protected is decrypted already. left is the room there is. Nil for what is
// no file, or too large.
func (e *element) content(left *int64) *attachment {
	plain := []byte(e.text)
	if e.attr("Protected") != "True" {
		var err error
		if plain, err = base64.StdEncoding.DecodeString(strings.TrimSpace(e.text)); err != nil {
			return nil
		}
	}
	if e.attr("Compressed") == "True" {
		z, err := gzip.NewReader(bytes.NewReader(plain))
		if err != nil {
			return nil
		}
		if plain, err = io.ReadAll(io.LimitReader(z, *left+1)); err != nil {
			return nil
		}
	}
	if int64(len(plain)) > *left {
		return nil
	}
	*left -= int64(len(plain))
	return &attachment{size: int64(len(plain)), bytes: plain}
}

// addFiles attaches the files of an entry. What only an earlier version of it had is not kept.
func (e *element) addFiles(record *importer.Record) {
	var present []*element
	isPresent := func(b *element) bool {
		return slices.ContainsFunc(present, func(p *element) bool {
			return p.child("Key").text == b.child("Key").text && p.file.equals(b.file)
		})
	}
	for _, b := range e.children {
		if b.name != "Binary" {
			continue
		}
		present = append(present, b)
		if b.file == nil {
			leaveOut(record, importer.PartFile, b.child("Key").text)
			continue
		}
		record.Files = append(record.Files, b.file.file(b.child("Key").text))
	}
	for _, version := range e.child("History").children {
		for _, b := range version.children {
			if b.name == "Binary" && !isPresent(b) {
				present = append(present, b)
				leaveOut(record, importer.PartHistory, b.child("Key").text)
			}
		}
	}
}
