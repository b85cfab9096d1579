package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"

	"golang.org/x/crypto/acme/autocert"
)

// Space that the data folder should have: a database that cannot grow takes no edits any more.
const (
	leastSpace = 256 << 20
	goodSpace  = 2 << 30
)

// unserved stands for handlers where only the names matter.
var unserved = http.NotFoundHandler()

func (d *doctor) space(path string) {
	free, all, err := freeSpace(path)
	if err != nil {
		return // the folder's own check has told it, or the system has no such call
	}
	state := fine
	if free < leastSpace {
		state = broken
	} else if free < goodSpace && free < all/10 {
		state = warning
	}
	d.say("disk", state, "make room: clients keep their edits until there is some", "%d MiB free of %d", free>>20, all>>20)
}

func (d *doctor) clock() {
	if kept, known := clockIsKept(); known && !kept {
		d.say("clock", warning, "let chrony or systemd-timesyncd keep it: requests are refused that are two minutes off", "nothing keeps the clock right")
	} else if known {
		d.say("clock", fine, "", "is kept right")
	}
}

// cachedLeaf reads the certificate that autocert keeps for a host: the key and then the chain, in PEM.
func cachedLeaf(ctx context.Context, dir, host string) (*x509.Certificate, error) {
	data, err := autocert.DirCache(dir).Get(ctx, host)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, errors.New("the file has no certificate")
}
