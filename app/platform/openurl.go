package platform

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrURL is returned for what is not a web address.
var ErrURL = errors.New("not a web address")

// OpenURL shows a web page in the user's browser. Nothing but http and https is opened: an item may come from another program or
// another person, and file:, javascript: or an application's own scheme in it could do anything.
func OpenURL(address string) error {
	u, err := webURL(address)
	if err != nil {
		return err
	}
	if err := openURL(u); err != nil {
		return fmt.Errorf("open web page: %w", err)
	}
	return nil
}

// webURL checks address and gives it without any character that RFC 3986 does not have: Windows puts it into the browser's command
// line, where a quote would end the argument and begin another. Errors do not quote it, since it may hold a password or a token.
func webURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", ErrURL
	}
	var b strings.Builder
	for _, c := range []byte(u.String()) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}
