package browsertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const firefoxProgram = "firefox-esr"

// Firefox is a running Firefox under remote control.
type Firefox struct {
	Profile string // the folder with "logins.json"

	cmd  *exec.Cmd
	mari *marionette
}

// FirefoxOptions say how to start Firefox.
type FirefoxOptions struct {
	Home string   // where Firefox makes the profile, if there is none yet
	Env  []string // of the browser; nil is this process's own
}

// WriteFirefoxProfile makes Firefox save the logins in the profile of home, and ends it.
func WriteFirefoxProfile(ctx context.Context, home string, logins []Login) error {
	browser, err := StartFirefox(ctx, FirefoxOptions{Home: home})
	if err != nil {
		return err
	}
	return errors.Join(browser.Add(ctx, logins), browser.Close(ctx))
}

// StartFirefox starts Firefox with a profile that Firefox itself makes and lists in profiles.ini. It is killed when the context ends.
func StartFirefox(ctx context.Context, o FirefoxOptions) (*Firefox, error) {
	profile, err := firefoxProfile(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("make profile: %w", err)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(firefoxPreferences), 0o600); err != nil {
		return nil, err
	}
	f := &Firefox{Profile: profile}
	f.cmd = command(ctx, o.Env, o.Home, firefoxProgram, "--headless", "--no-remote", "--profile", profile, "--marionette", "--remote-allow-system-access")
	f.cmd.Env = append(f.cmd.Env, "MOZ_CRASHREPORTER_DISABLE=1")
	port := filepath.Join(profile, "MarionetteActivePort")
	if err := os.Remove(port); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := f.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start firefox: %w", err)
	}
	if err := f.connect(ctx, port); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to firefox: %w", err), f.cmd.Cancel(), f.cmd.Wait())
	}
	return f, nil
}

// firefoxPreferences let Marionette choose a free port, and keep Firefox from looking around.
const firefoxPreferences = `user_pref("marionette.port", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("app.normandy.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,");
`

// firefoxProfile returns the folder of the profile, made by Firefox where this version keeps profiles.
func firefoxProfile(ctx context.Context, o FirefoxOptions) (string, error) {
	const name = "coffer"
	find := func() string {
		for _, root := range []string{".mozilla/firefox", ".config/mozilla/firefox"} {
			if found, _ := filepath.Glob(filepath.Join(o.Home, root, "*."+name)); len(found) > 0 {
				return found[0]
			}
		}
		return ""
	}
	if folder := find(); folder != "" {
		return folder, nil
	}
	if out, err := command(ctx, o.Env, o.Home, firefoxProgram, "--headless", "--no-remote", "-CreateProfile", name).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	folder := find()
	if folder == "" {
		return "", errors.New("firefox made no profile")
	}
	return folder, nil
}

func (f *Firefox) connect(ctx context.Context, portFile string) error {
	var dialer net.Dialer
	err := poll(ctx, "wait for marionette", func() (bool, error) {
		port, err := os.ReadFile(portFile)
		if err != nil || len(port) == 0 {
			return false, nil
		}
		conn, err := dialer.DialContext(ctx, "tcp", "127.0.0.1:"+strings.TrimSpace(string(port)))
		if err != nil {
			return false, nil
		}
		f.mari, err = newMarionette(ctx, conn)
		return true, err
	})
	if err != nil {
		return err
	}
	if err := f.mari.call("WebDriver:NewSession", map[string]any{}, nil); err != nil {
		return err
	}
	return f.mari.call("Marionette:SetContext", map[string]any{"value": "chrome"}, nil)
}

// run executes the body of an async function with the browser's own rights.
func (f *Firefox) run(body string, argument, result any) error {
	script := `const [argument, resolve] = arguments;
		(async () => {` + body + `})().then(value => resolve({value: value ?? null}), error => resolve({error: String(error)}));`
	var reply struct {
		Value struct {
			Value json.RawMessage
			Error string
		}
	}
	parameters := map[string]any{"script": script, "args": []any{argument}, "newSandbox": true, "scriptTimeout": 60_000}
	if err := f.mari.call("WebDriver:ExecuteAsyncScript", parameters, &reply); err != nil {
		return err
	}
	if reply.Value.Error != "" {
		return errors.New(reply.Value.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(reply.Value.Value, result)
}

// SetPrimaryPassword protects the profile. It has to come before the first login.
func (f *Firefox) SetPrimaryPassword(password string) error {
	return f.run(`
		const tokens = Cc["@mozilla.org/security/pk11tokendb;1"]?.getService(Ci.nsIPK11TokenDB).getInternalKeyToken();
		const token = tokens ?? Cc["@mozilla.org/security/internalkeytoken;1"].createInstance(Ci.nsIPKCS11Token);
		token.changePassword("", argument);
		if (!token.hasPassword) throw new Error("the password was not set");`, password, nil)
}

// Add saves logins and returns when they are on the disk.
func (f *Firefox) Add(ctx context.Context, logins []Login) error {
	entries := make([]map[string]any, 0, len(logins))
	for _, l := range logins {
		origin, err := originOf(l.URL)
		if err != nil {
			return err
		}
		entries = append(entries, map[string]any{"origin": origin, "realm": l.Realm, "username": l.Username, "password": l.Password})
	}
	var total int
	err := f.run(`
		await Services.logins.initializationPromise;
		for (const {origin, realm, username, password} of argument) {
			const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
			login.init(origin, realm ? null : origin, realm || null, username, password, "", "");
			await Services.logins.addLoginAsync(login);
		}
		return (await Services.logins.getAllLogins()).length;`, entries, &total)
	if err != nil {
		return fmt.Errorf("save logins: %w", err)
	}
	return poll(ctx, "write logins", func() (bool, error) {
		data, err := os.ReadFile(filepath.Join(f.Profile, "logins.json"))
		if err != nil {
			return false, nil // not made yet
		}
		var file struct{ Logins []json.RawMessage }
		return json.Unmarshal(data, &file) == nil && len(file.Logins) >= total, nil
	})
}

// originOf is what Firefox saves of an address: scheme, host and port.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	return u.Scheme + "://" + u.Host, nil
}

// Export writes all logins to a CSV file, as Firefox's own menu does.
func (f *Firefox) Export(file string) error {
	return f.run(`
		const {LoginExport} = ChromeUtils.importESModule("resource://gre/modules/LoginExport.sys.mjs");
		await LoginExport.exportAsCSV(argument);`, file, nil)
}

// Close ends Firefox as its user would.
func (f *Firefox) Close(context.Context) error {
	err := f.mari.call("Marionette:Quit", map[string]any{"flags": []string{"eAttemptQuit"}}, nil)
	if err != nil {
		err = errors.Join(fmt.Errorf("close firefox: %w", err), f.cmd.Cancel())
	}
	return errors.Join(err, f.cmd.Wait())
}
