// Package browsertest makes the real Chromium and Firefox write profiles with saved logins, for tests that read them. The
// browsers run without a window and without network services, on Linux. A browser that is not installed is an error, so that
// no test passes by skipping what it is for.
package browsertest

// Login is one login to be saved. Realm, for HTTP authentication, is known to Firefox only; Note to Chromium only.
type Login struct {
	URL      string `json:"url"`
	Username string `json:"username"`
	Password string `json:"password"`
	Note     string `json:"note"`
	Realm    string `json:"realm"`
}
