package main

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/cloud/sites"
)

// What a base domain has before it, by role.
var prefixes = map[string][]string{
	roleAPI: {"api."}, rolePortal: {"portal."}, roleApp: {"app."}, roleUpdates: {"app-updates.", "app-updates2."},
}

// router gives each host name its handler.
type router struct {
	hosts map[string]http.Handler
	other http.Handler // for every other name
}

// hostOf is the name that a request is for.
func hostOf(req *http.Request) string {
	host, _, err := net.SplitHostPort(req.Host)
	if err != nil {
		host = req.Host
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func (r router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if h := r.hosts[hostOf(req)]; h != nil {
		h.ServeHTTP(w, req)
		return
	}
	r.other.ServeHTTP(w, req)
}

// names are those that the process answers for, in order.
func (r router) names() []string { return slices.Sorted(maps.Keys(r.hosts)) }

// newRouter makes the hosts of the roles; api and updates are nil where this process has none.
func newRouter(o options, domain string, api, updates, other http.Handler) router {
	r := router{hosts: map[string]http.Handler{}, other: other}
	for role, handler := range map[string]http.Handler{roleAPI: api, rolePortal: o.httpsAlone(sites.Portal()), roleApp: o.httpsAlone(sites.App()), roleUpdates: updates} {
		for _, prefix := range prefixes[role] {
			if o.has(role) && handler != nil {
				r.hosts[prefix+domain] = handler
			}
		}
	}
	return r
}

// httpsAlone has browsers ask for a page by HTTPS alone for a year (RFC 6797). It is said over HTTPS, which a proxy may have ended.
func (o options) httpsAlone(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !o.dev && (r.TLS != nil || o.behindProxy) {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// misdirected is the answer for a name that is none of ours. Checks of load balancers come by address.
func misdirected(healthz, readyz http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", healthz)
	mux.HandleFunc("GET /readyz", readyz)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this server does not answer for that name", http.StatusMisdirectedRequest)
	})
	return mux
}

// packageTime is enough for a package over the slowest line.
const packageTime = time.Hour

// unhurried lets the answers of an update host take longer than those of the other names on the same address.
func unhurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A connection that knows no deadline has none to be lengthened.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(packageTime))
		next.ServeHTTP(w, r)
	})
}

// toHTTPS sends who asked in plain text to the same place of the same name, if it is one of ours.
func (r router) toHTTPS(w http.ResponseWriter, req *http.Request) {
	host := hostOf(req)
	// A target such as "x:@evil.example" has no path, and would go on with the name.
	if r.hosts[host] == nil || req.URL.Opaque != "" || req.Method != http.MethodGet && req.Method != http.MethodHead {
		http.Error(w, "use https", http.StatusBadRequest)
		return
	}
	http.Redirect(w, req, "https://"+host+req.URL.RequestURI(), http.StatusMovedPermanently)
}
