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

// findFiles gives every entry its attached files. Version 4 has them before the XML, earlier ones in its Meta, and an entry may hold its own.
func (e *element) findFiles(numbered [][]byte) {
	pool, left := map[string][]byte{}, int64(MaxFile)
	for n, content := range numbered {
		pool[strconv.Itoa(n)] = content
	}
	for _, b := range e.child("Meta").child("Binaries").children {
		if content, ok := b.content(&left); ok && b.name == "Binary" {
			pool[b.attr("ID")] = content
		}
	}
	e.child("Root").placeFiles(pool, &left)
}

func (e *element) placeFiles(pool map[string][]byte, left *int64) {
	for _, c := range e.children {
		if c.name != "Binary" {
			c.placeFiles(pool, left)
			continue
		}
		value := c.child("Value")
		if ref := value.attr("Ref"); ref != "" {
			c.file = pool[ref]
		} else if content, ok := value.content(left); ok {
			c.file = content
		}
	}
}

// content is the file that an element holds, unpacked; what was protected is decrypted already. left is the room there is.
func (e *element) content(left *int64) (content []byte, ok bool) {
	content = []byte(e.text)
	if e.attr("Protected") != "True" {
		var err error
		if content, err = base64.StdEncoding.DecodeString(strings.TrimSpace(e.text)); err != nil {
			return nil, false
		}
	}
	if e.attr("Compressed") == "True" {
		z, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, false
		}
		if content, err = io.ReadAll(io.LimitReader(z, *left+1)); err != nil {
			return nil, false
		}
	}
	if int64(len(content)) > *left {
		return nil, false
	}
	*left -= int64(len(content))
	return content, true
}

// addFiles attaches the files of an entry. What only an earlier version of it had is not kept.
func (e *element) addFiles(record *importer.Record) {
	var present []*element
	isPresent := func(b *element) bool {
		return slices.ContainsFunc(present, func(p *element) bool {
			return p.child("Key").text == b.child("Key").text && bytes.Equal(p.file, b.file)
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
		record.Files = append(record.Files, importer.NewFile(b.child("Key").text, b.file))
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
