package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/policy"
	"github.com/coffer-vault/coffer/updater/machine"
)

// options are what the program is started with.
type options struct {
	background bool   // in the tray, without a window
	server     string // origin that new accounts use
	theme      string // instead of the one of the settings; empty for that one
	link       string // coffer:// address to go to; empty for none
}

func parseOptions(args []string) (options, error) {
	o := options{server: defaultServer()}
	flags := flag.NewFlagSet("coffer", flag.ContinueOnError)
	background := strings.TrimPrefix(platform.BackgroundFlag, "--")
	flags.BoolVar(&o.background, background, false, "start in the tray, without a window")
	flags.BoolVar(&o.background, "hidden", false, "the same as --"+background)
	flags.StringVar(&o.server, "server", o.server, "origin of the server that new accounts use")
	flags.StringVar(&o.theme, "theme", "", "system, light or dark, until the settings say otherwise")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o.link = flags.Arg(0)
	_, linkErr := screen.ParseLink(o.link)
	if o.theme != "" && !slices.Contains([]string{"system", "light", "dark"}, o.theme) || flags.NArg() > 1 || o.link != "" && linkErr != nil {
		err := errors.New("coffer takes --background, --server ORIGIN, --theme system|light|dark, and a coffer:// address")
		fmt.Fprintln(os.Stderr, err)
		return options{}, err
	}
	return o, nil
}

// defaultServer is the one that this computer is set to; empty if nobody names one.
func defaultServer() string {
	domain := machine.Domain(policy.Read())
	if domain == "" {
		return ""
	}
	return "https://api." + domain
}
