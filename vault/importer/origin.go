package importer

import (
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

var defaultPorts = map[string]string{"http": "80", "https": "443", "ftp": "21"}

// Origin normalises the address of a login to scheme://host[:port]: lower case, punycode, without a default port; http and https
// stay different. An address without a scheme counts as https; "android://hash@package/" becomes "androidapp://package".
// It is empty for what has no host.
func Origin(address string) string {
	scheme, host, port := splitAddress(address)
	if host == "" {
		return ""
	}
	return scheme + "://" + withPort(asciiHost(host), port)
}

// Site is the host of an address as people read it, "münchen.example" or "router.local:8080"; the address itself if it has none.
func Site(address string) string {
	_, host, port := splitAddress(address)
	if host == "" {
		return address
	}
	if isPlainHost(host) {
		return withPort(strings.ToLower(host), port)
	}
	if unicode, err := idna.Display.ToUnicode(asciiHost(host)); err == nil {
		host = unicode
	}
	return withPort(host, port)
}

func splitAddress(address string) (scheme, host, port string) {
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	// Colons are in a host only within brackets: "a://::" has none.
	if err != nil || strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(u.Host, "[") {
		return "", "", ""
	}
	scheme, port = strings.ToLower(u.Scheme), u.Port()
	if scheme == "android" {
		scheme = "androidapp"
	}
	if port == defaultPorts[scheme] {
		port = ""
	}
	return scheme, u.Hostname(), port
}

func withPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]" // IPv6
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}

// asciiHost is the host in lower case and punycode; what is no valid host name stays as it is, so that it still equals itself.
func asciiHost(host string) string {
	if isPlainHost(host) {
		return strings.ToLower(host)
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		return ascii
	}
	return strings.ToLower(host)
}

// isPlainHost tells a host of letters, digits, dots and hyphens in ASCII, without a label in punycode: what most are, and nothing to be mapped.
func isPlainHost(host string) bool {
	for i := range len(host) {
		switch c := host[i] | 0x20; { // which makes letters small, and of the others here only themselves
		case c == '-' && strings.HasPrefix(host[i:], "--"):
			return false // perhaps of punycode
		case (c < 'a' || c > 'z') && (host[i] < '0' || host[i] > '9') && host[i] != '.' && host[i] != '-':
			return false
		}
	}
	return true
}

// registrableDomain is the part of an origin's host that one owner registered ("example.co.uk"); empty for addresses of machines and apps.
func registrableDomain(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "androidapp" || net.ParseIP(u.Hostname()) != nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname())
	if err != nil {
		return ""
	}
	return domain
}
