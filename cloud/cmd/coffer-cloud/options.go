package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/cloud/mail"
)

// options are the settings, understood.
type options struct {
	data, database          string
	databasePasswordFile    string
	databasePassword        string
	secretFile              string
	domain                  string
	roles                   []string
	listen, listenHTTP      string
	origin                  string
	dev, behindProxy        bool
	certificate, key        string
	acme, acmeEmail, acmeCA string
	smtp, smtpPasswordFile  string
	mailFrom, smtpPassword  string
	quota                   int64 // MiB
	connections             int   // 0: as many as there are files for
	connectionsPerAddress   int   // 0: any number
	updates                 string
	updatesListen           []string
	metricsListen           string
	pprof, trace            bool
	logLevel                slog.Level
	announce, linger        time.Duration
	where                   map[string]string // of every setting that was given
}

// What a process does; all of it if nothing is said.
const (
	roleAPI     = "api"
	rolePortal  = "portal"
	roleApp     = "app"
	roleUpdates = "updates"
	roleWorker  = "worker" // sends mails and cleans
)

var allRoles = []string{roleAPI, rolePortal, roleApp, roleUpdates, roleWorker}

func (o options) has(role string) bool { return slices.Contains(o.roles, role) }

// lingering is how long connections get to be closed by their clients. In development nobody waits.
func (o options) lingering() time.Duration {
	if o.dev && o.where["linger"] == "" {
		return 0
	}
	return o.linger
}

// stores tells whether the process has a database.
func (o options) stores() bool { return o.has(roleAPI) || o.has(roleWorker) }

// maxQuota, in MiB, is more than any disk has, and far from where bytes cannot be counted any more.
const maxQuota = 1 << 40

var settings = []setting{
	text("config", "", "file with lines of the form \"name = value\", the names as here", func(o *options) *string { return new(string) }),
	text("data", "", "folder of the server: database, secret, certificates", func(o *options) *string { return &o.data }),
	text("database", "", "sqlite:PATH or postgres://user@host/name; cloud.db in the data folder if not given", func(o *options) *string { return &o.database }),
	text("database-password-file", "", "file with the database's password", func(o *options) *string { return &o.databasePasswordFile }),
	text("server-secret-file", "", "the server's own secret; server.secret in the data folder if not given", func(o *options) *string { return &o.secretFile }),
	{name: "domain", what: "base domain: answers for api., portal., app., app-updates. and app-updates2. of it", set: setDomain},
	{name: "roles", fallback: strings.Join(allRoles, ","), what: "what this process does", set: setRoles},
	{name: "listen", what: "address of the API, or of all names of --domain (127.0.0.1:0; with --domain :443)", set: address(func(o *options) *string { return &o.listen })},
	{name: "listen-http", what: "address that sends to https and answers ACME, such as :80; none if not given", set: address(func(o *options) *string { return &o.listenHTTP })},
	{name: "origin", what: "scheme, host and port that clients of the API use; with --domain https://api.DOMAIN", set: setOrigin},
	boolean("dev", "development: mails go to files, no limits per address", func(o *options) *bool { return &o.dev }),
	boolean("behind-proxy", "plain HTTP behind a proxy: take the client's address from the last X-Forwarded-For", func(o *options) *bool { return &o.behindProxy }),
	text("tls-cert", "", "certificate chain, PEM; read again on SIGHUP and when it changes", func(o *options) *string { return &o.certificate }),
	text("tls-key", "", "private key of the certificate, PEM", func(o *options) *string { return &o.key }),
	{name: "acme", what: "get certificates by ACME and accept the authority's terms: letsencrypt, or the URL of a directory", set: setACME},
	text("acme-email", "", "where the certificate authority may write to", func(o *options) *string { return &o.acmeEmail }),
	text("acme-ca", "", "PEM file with the CA of the ACME directory's own certificate, if it is no public one", func(o *options) *string { return &o.acmeCA }),
	text("smtp", "", "mail server, smtp://user@host:587 or smtps://user@host:465", func(o *options) *string { return &o.smtp }),
	text("smtp-password-file", "", "file with the mail server's password", func(o *options) *string { return &o.smtpPasswordFile }),
	text("mail-from", "coffer@localhost", "sender's address of mails", func(o *options) *string { return &o.mailFrom }),
	{name: "quota", fallback: strconv.Itoa(cloud.DefaultQuota >> 20), what: "MiB of objects and attachments that an account may have", set: setQuota},
	{name: "connections", fallback: "0", what: "how many connections there may be at once; 0: 50000, or three quarters of the files that the process may open", set: number(maxConnections, func(o *options) *int { return &o.connections })},
	{name: "connections-per-address", fallback: "4096", what: "how many of them one address may have, of IPv6 a /64; 0: any number, as with --behind-proxy and --dev", set: number(maxConnections, func(o *options) *int { return &o.connectionsPerAddress })},
	text("updates", "", "public folder of an update repository to serve", func(o *options) *string { return &o.updates }),
	{name: "updates-listen", fallback: "127.0.0.1:0,127.0.0.1:0", what: "addresses of the update hosts, without --domain", set: setUpdatesListen},
	{name: "metrics-listen", what: "loopback address of /metrics, such as 127.0.0.1:9090; none if not given", set: setMetricsListen},
	boolean("pprof", "also serve /debug/pprof on --metrics-listen", func(o *options) *bool { return &o.pprof }),
	boolean("trace", "a line in the log for each request and each transaction in it, with the ids of W3C Trace Context", func(o *options) *bool { return &o.trace }),
	{name: "log-level", fallback: "info", what: "debug, info, warn or error", set: setLogLevel},
	{name: "announce", fallback: "0s", what: "how long /readyz says no before an ending server takes no more connections; what a load balancer needs", set: wait(func(o *options) *time.Duration { return &o.announce })},
	{name: "linger", fallback: "2s", what: "how long an ending server then answers at most on connections that are open", set: wait(func(o *options) *time.Duration { return &o.linger })},
}

func text(name, fallback, what string, field func(*options) *string) setting {
	return setting{name: name, fallback: fallback, what: what, set: func(o *options, value string) error {
		*field(o) = value
		return nil
	}}
}

func boolean(name, what string, field func(*options) *bool) setting {
	return setting{name: name, what: what, boolean: true, set: func(o *options, value string) (err error) {
		if *field(o), err = strconv.ParseBool(value); err != nil {
			return badValue{"neither true nor false", "write true or false"}
		}
		return nil
	}}
}

// hostName is a domain of ASCII labels; an international one is written in its xn-- form.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func setDomain(o *options, value string) error {
	o.domain = strings.ToLower(strings.TrimSuffix(value, "."))
	if value != "" && (len(o.domain) > 200 || !hostName.MatchString(o.domain)) {
		return badValue{"no domain", `write it like "example.org", without a scheme or a port`}
	}
	return nil
}

func setRoles(o *options, value string) error {
	o.roles = strings.Split(strings.ReplaceAll(value, " ", ""), ",")
	for _, role := range o.roles {
		if !slices.Contains(allRoles, role) {
			return badValue{fmt.Sprintf("there is no role %.20q", role), "take some of " + strings.Join(allRoles, ",")}
		}
	}
	return nil
}

// address takes host:port; an empty one listens nowhere.
func address(field func(*options) *string) func(*options, string) error {
	return func(o *options, value string) error {
		*field(o) = value
		if value == "" {
			return nil
		}
		return checkAddress(value)
	}
}

func checkAddress(value string) error {
	_, port, err := net.SplitHostPort(value)
	if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 0 || n > 65535 {
		return badValue{"no address to listen on", `write host:port, such as "127.0.0.1:8080" or ":443"`}
	}
	return nil
}

// listenOn is the address of the API, or of all names.
func (o options) listenOn() string {
	if o.listen == "" && o.domain != "" && !o.dev {
		return ":443"
	}
	return cmp.Or(o.listen, "127.0.0.1:0")
}

func setUpdatesListen(o *options, value string) error {
	o.updatesListen = strings.Split(value, ",")
	for _, one := range o.updatesListen {
		if err := checkAddress(one); err != nil {
			return err
		}
	}
	return nil
}

// setMetricsListen keeps what the process says of itself on this machine.
func setMetricsListen(o *options, value string) error {
	if o.metricsListen = value; value == "" {
		return nil
	}
	host, _, _ := net.SplitHostPort(value)
	if err := checkAddress(value); err != nil {
		return err
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return badValue{"no loopback address", "take 127.0.0.1:PORT, and let a collector on this machine pass it on"}
	}
	return nil
}

func setOrigin(o *options, value string) error {
	if o.origin = value; value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || value != u.Scheme+"://"+u.Host {
		return badValue{"no origin", `write scheme, host and port alone, such as "https://api.example.org"`}
	}
	return nil
}

const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

func setACME(o *options, value string) error {
	if o.acme = value; value == "letsencrypt" {
		o.acme = letsEncrypt
	}
	if u, err := url.Parse(o.acme); o.acme != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		return badValue{"no ACME directory", `write "letsencrypt" or the https URL of a directory`}
	}
	return nil
}

func setQuota(o *options, value string) (err error) {
	if o.quota, err = strconv.ParseInt(value, 10, 64); err != nil || o.quota < 1 || o.quota > maxQuota {
		return badValue{fmt.Sprintf("not between 1 and %d MiB", int64(maxQuota)), "write a number of MiB, such as 2048"}
	}
	return nil
}

// maxConnections is more than any process has files for.
const maxConnections = 10_000_000

func number(most int, field func(*options) *int) func(*options, string) error {
	return func(o *options, value string) (err error) {
		if *field(o), err = strconv.Atoi(value); err != nil || *field(o) < 0 || *field(o) > most {
			return badValue{fmt.Sprintf("not between 0 and %d", most), "write a number"}
		}
		return nil
	}
}

func setLogLevel(o *options, value string) error {
	if o.logLevel.UnmarshalText([]byte(value)) != nil {
		return badValue{"no level", "take debug, info, warn or error"}
	}
	return nil
}

const maxWait = time.Minute

func wait(field func(*options) *time.Duration) func(*options, string) error {
	return func(o *options, value string) (err error) {
		if *field(o), err = time.ParseDuration(value); err != nil || *field(o) < 0 || *field(o) > maxWait {
			return badValue{"no time between 0s and " + maxWait.String(), `write it like "500ms"`}
		}
		return nil
	}
}

const maxSecretFile = 4 << 10

// readSecrets reads the files of secrets, and credentials of systemd where no file is named.
func (o *options) readSecrets(p program) (wrong problems) {
	credentials, _ := p.env("CREDENTIALS_DIRECTORY")
	for _, secret := range []struct {
		name       string
		file, into *string
	}{{"smtp-password", &o.smtpPasswordFile, &o.smtpPassword}, {"database-password", &o.databasePasswordFile, &o.databasePassword}} {
		path, required := *secret.file, true
		if path == "" {
			if credentials == "" {
				continue
			}
			path, required = filepath.Join(credentials, secret.name), false
		}
		data, err := readSmall(path, maxSecretFile)
		if err != nil && (required || !errors.Is(err, fs.ErrNotExist)) {
			wrong = append(wrong, problem{cmp.Or(o.where[secret.name+"-file"], "credential "+secret.name), "cannot be read: " + reason(err), "name a file that this user may read"})
		}
		*secret.into = strings.TrimRight(string(data), "\r\n")
	}
	if path := filepath.Join(credentials, "server-secret"); credentials != "" && o.secretFile == "" {
		if _, err := os.Stat(path); err == nil {
			o.secretFile = path
		}
	}
	return wrong
}

// needDatabase says what every command misses that opens the database.
func needDatabase(o options) (wrong problems) {
	if o.data == "" {
		wrong = append(wrong, problem{"--data", "is not given", "name the folder of the server, such as /var/lib/coffer-cloud"})
	}
	if u, err := url.Parse(o.database); o.database != "" && (err != nil || u.Scheme != "sqlite" && u.Scheme != "postgres") {
		wrong = append(wrong, problem{o.at("database"), "no database that this program knows", `write "sqlite:PATH" or "postgres://user@host/name"`})
	} else if _, secret := u.User.Password(); secret {
		wrong = append(wrong, problem{o.at("database"), "has a password in it", "put it into the file of --database-password-file"})
	}
	return wrong
}

// at is where a setting was found, or its argument if it was not.
func (o options) at(name string) string { return cmp.Or(o.where[name], "--"+name) }

// needServer says what serve misses.
func needServer(o options) (wrong problems) {
	add := func(name, what, remedy string) { wrong = append(wrong, problem{o.at(name), what, remedy}) }
	if o.stores() || o.acme != "" {
		wrong = needDatabase(o)
	}
	if o.has(roleWorker) && o.smtp == "" && !o.dev {
		add("smtp", "is not given", "name the mail server, such as smtp://user@mail.example.org:587; --dev writes mails to files")
	}
	if o.stores() && !o.onPostgres() && o.has(roleAPI) != o.has(roleWorker) {
		add("roles", "has one of api and worker, and a database that one process has for itself", "give both, or use PostgreSQL")
	}
	if o.has(roleAPI) && o.origin == "" && o.domain == "" && !o.dev {
		add("origin", "is not given", "name what clients use, such as https://api.example.org, or a --domain")
	}
	if (o.certificate == "") != (o.key == "") {
		add("tls-cert", "goes with --tls-key, and one of them is missing", "give both files")
	}
	if o.acme != "" && (o.domain == "" || o.certificate != "" || o.behindProxy) {
		add("acme", "needs --domain, and neither --tls-cert nor --behind-proxy", "choose one way to a certificate")
	}
	if o.domain != "" && !o.dev && o.acme == "" && o.certificate == "" && !o.behindProxy {
		add("domain", "has no certificate", "give --acme letsencrypt, or --tls-cert and --tls-key, or --behind-proxy")
	}
	if _, secret := userOf(o.smtp).Password(); secret {
		add("smtp", "has a password in it", "put it into the file of --smtp-password-file")
	} else if o.smtp != "" {
		if _, err := mail.NewSMTP(o.smtp, o.smtpPassword, o.mailFrom); err != nil {
			add("smtp", "or --mail-from: "+err.Error(), "write smtp://user@host:587, and an address like coffer@example.org")
		}
	}
	if o.pprof && o.metricsListen == "" {
		add("pprof", "needs --metrics-listen", "give --metrics-listen 127.0.0.1:9090")
	}
	return wrong
}

func userOf(address string) *url.Userinfo {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return url.User("")
	}
	return u.User
}
