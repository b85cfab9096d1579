package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/coffer-vault/coffer/vault/importer"
)

// Chromium is a running Chromium whose password manager is open.
type Chromium struct {
	Profile string // the folder with "Login Data"

	cmd    *exec.Cmd
	devs   *devtools
	target string // session of the password manager's page
}

// ChromiumOptions say how to start Chromium. The zero value of all but Home is right for a profile without a key store.
type ChromiumOptions struct {
	Home string   // its ".config/chromium" gets the profile
	Env  []string // of the browser; nil is this process's own
	// PasswordStore is the switch of that name: "basic", the default, or "gnome-libsecret", which needs a session with a keyring.
	PasswordStore string
	// Display shows the window on that X display; empty is without a window. Only then there are file dialogs.
	Display string
}

// WriteChromiumProfile makes Chromium save the logins in the profile of home, and ends it.
func WriteChromiumProfile(ctx context.Context, home string, logins []Login) error {
	browser, err := StartChromium(ctx, ChromiumOptions{Home: home})
	if err != nil {
		return err
	}
	return errors.Join(browser.Add(ctx, logins), browser.Close(ctx))
}

// StartChromium starts Chromium and opens its password manager. It is killed when the context ends.
func StartChromium(ctx context.Context, o ChromiumOptions) (*Chromium, error) {
	userData := filepath.Join(o.Home, ".config", "chromium")
	if err := os.MkdirAll(userData, 0o700); err != nil {
		return nil, err
	}
	cmd := command(ctx, o.Env, o.Home, "chromium", chromiumArguments(o, userData)...)
	if o.Display != "" {
		cmd.Env = append(cmd.Env, "DISPLAY="+o.Display)
	}
	devs, err := startDevtools(cmd)
	if err != nil {
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	c := &Chromium{Profile: filepath.Join(userData, "Default"), cmd: cmd, devs: devs}
	if err := c.openPasswordManager(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open password manager: %w", err), cmd.Cancel(), cmd.Wait(), devs.close())
	}
	return c, nil
}

func chromiumArguments(o ChromiumOptions, userData string) []string {
	store := o.PasswordStore
	if store == "" {
		store = "basic"
	}
	arguments := []string{
		"--user-data-dir=" + userData, "--password-store=" + store, "--remote-debugging-pipe",
		"--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-sync", "--disable-component-update", "--disable-extensions",
	}
	if os.Geteuid() == 0 {
		arguments = append(arguments, "--no-sandbox") // root has no sandbox, and Chromium would refuse to start
	}
	if o.Display == "" {
		arguments = append(arguments, "--headless=new")
	}
	return append(arguments, "about:blank")
}

func (c *Chromium) openPasswordManager(ctx context.Context) error {
	var target struct{ TargetID string }
	page := map[string]any{"url": "chrome://password-manager/passwords"}
	if err := c.devs.call(ctx, "", "Target.createTarget", page, &target); err != nil {
		return err
	}
	var session struct{ SessionID string }
	if err := c.devs.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session); err != nil {
		return err
	}
	c.target = session.SessionID
	return poll(ctx, "load", func() (ready bool, err error) {
		err = c.evaluate(ctx, `document.readyState === "complete" && !!window.chrome?.passwordsPrivate`, &ready)
		return ready, err
	})
}

// evaluate runs JavaScript in the password manager's page and decodes the value that it results in, or that its promise gives.
func (c *Chromium) evaluate(ctx context.Context, script string, into any) error {
	var reply struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	parameters := map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true}
	if err := c.devs.call(ctx, c.target, "Runtime.evaluate", parameters, &reply); err != nil {
		return err
	}
	if failed := reply.ExceptionDetails; failed != nil {
		return fmt.Errorf("script: %s %s", failed.Text, failed.Exception.Description)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(reply.Result.Value, into)
}

// Add saves logins and returns when they are on the disk.
func (c *Chromium) Add(ctx context.Context, logins []Login) error {
	before, err := c.rows(ctx)
	if err != nil {
		return err
	}
	data, err := json.Marshal(logins)
	if err != nil {
		return err
	}
	const add = `(async logins => {
		for (const {url, username, password, note} of logins)
			await chrome.passwordsPrivate.addPassword({url, username, password, note, useAccountStore: false});
	})`
	if err := c.evaluate(ctx, add+"("+string(data)+")", nil); err != nil {
		return fmt.Errorf("save logins: %w", err)
	}
	// The promises resolve before anything is written.
	return poll(ctx, "write logins", func() (bool, error) {
		n, err := c.rows(ctx)
		return n >= before+len(logins), err
	})
}

// rows counts the logins on the disk.
func (c *Chromium) rows(ctx context.Context) (n int, err error) {
	env, err := importer.NewEnvironment(nil)
	if err != nil {
		return 0, err
	}
	db, err := env.OpenDatabase(ctx, filepath.ToSlash(filepath.Join(c.Profile, "Login Data")))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, importer.ErrMalformed) {
		return 0, nil // not made yet, or empty so far
	}
	if err != nil {
		return 0, err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT 1 FROM logins`)
	if err != nil {
		return 0, nil // the table is not made yet
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

// Export starts the export of all logins, as the button in the password manager does. Chromium then asks for a file, if there
// is a display.
func (c *Chromium) Export(ctx context.Context) error {
	return c.evaluate(ctx, `chrome.passwordsPrivate.exportPasswords()`, nil)
}

// Close ends Chromium as its user would.
func (c *Chromium) Close(ctx context.Context) error {
	defer c.devs.close()
	if err := c.devs.call(ctx, "", "Browser.close", nil, nil); err != nil {
		return errors.Join(fmt.Errorf("close chromium: %w", err), c.cmd.Cancel(), c.cmd.Wait())
	}
	return c.cmd.Wait()
}
