package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A setting has one name in three places, of which the first that has it decides:
//
//	--mail-from a@example.org                    the argument
//	COFFER_CLOUD_MAIL_FROM=a@example.org         the environment
//	mail-from = a@example.org                    a line of the file that --config or COFFER_CLOUD_CONFIG names
//
// Secrets are in none of them: their settings name files, and without one a systemd credential of the same name without -file is read.
type setting struct {
	name, fallback, what string
	boolean              bool
	set                  func(o *options, value string) error
}

const (
	environmentPrefix = "COFFER_CLOUD_"
	maxConfigFile     = 64 << 10
)

func (s setting) variable() string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

// given is a value and where it was found: that is what its problem is told with. The value itself is not: it may be a secret that was
// put into the wrong place.
type given struct{ value, where string }

// problem is what is wrong with a setting.
type problem struct{ where, what, remedy string }

func (p problem) String() string { return p.where + ": " + p.what + "; " + p.remedy }

// problems are all that is wrong, so that one start shows them all.
type problems []problem

func (p problems) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d of the settings cannot be used:", len(p))
	for _, one := range p {
		text.WriteString("\n  " + one.String())
	}
	return text.String()
}

// argument is a flag.Value that only remembers what was given.
type argument struct {
	value   *string
	boolean bool
}

func (a argument) Set(value string) error { *a.value = value; return nil }
func (a argument) IsBoolFlag() bool       { return a.boolean }
func (a argument) String() string {
	if a.value == nil {
		return ""
	}
	return *a.value
}

// configure reads the settings of a command and returns the arguments that are left. need says what the command misses; own declares
// the flags that only this command has and that are in no other place. Errors: problems, exitCode where package flag has told them.
func configure(p program, name string, args []string, need func(options) problems, own func(*flag.FlagSet)) (options, []string, error) {
	flags := flag.NewFlagSet("coffer-cloud "+name, flag.ContinueOnError)
	flags.SetOutput(p.errs)
	if own != nil {
		own(flags)
	}
	values := map[string]*string{}
	for _, s := range settings {
		value := s.fallback
		values[s.name] = &value
		flags.Var(argument{&value, s.boolean}, s.name, s.what)
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return options{}, nil, exitCode(0)
	} else if err != nil {
		return options{}, nil, exitCode(codeUsage) // package flag has told it
	}
	arguments := map[string]given{}
	flags.Visit(func(f *flag.Flag) {
		if value := values[f.Name]; value != nil {
			arguments[f.Name] = given{*value, "--" + f.Name}
		}
	})
	found, wrong := gather(p, arguments)
	o, more := apply(found)
	wrong = append(wrong, more...)
	wrong = append(wrong, o.readSecrets(p)...)
	wrong = append(wrong, need(o)...)
	if len(wrong) > 0 {
		return o, nil, wrong
	}
	return o, flags.Args(), nil
}

// gather looks for every setting where it can be, in the order of precedence.
func gather(p program, arguments map[string]given) (map[string]given, problems) {
	found := map[string]given{}
	for _, s := range settings {
		if value, ok := p.env(s.variable()); ok {
			found[s.name] = given{value, s.variable()}
		}
	}
	for name, g := range arguments {
		found[name] = g
	}
	config, ok := found["config"]
	if !ok {
		return found, nil
	}
	lines, wrong := readConfig(config)
	for name, g := range lines {
		if _, ok := found[name]; !ok {
			found[name] = g
		}
	}
	return found, wrong
}

// apply turns values into options.
func apply(found map[string]given) (o options, wrong problems) {
	o.where = map[string]string{}
	for _, s := range settings {
		g, ok := found[s.name]
		if !ok {
			g = given{s.fallback, "--" + s.name}
		} else {
			o.where[s.name] = g.where
		}
		if s.boolean && g.value == "" {
			g.value = "false"
		}
		var bad badValue
		if err := s.set(&o, g.value); errors.As(err, &bad) {
			wrong = append(wrong, problem{g.where, bad.what, bad.remedy})
		}
	}
	return o, wrong
}

// badValue is why a setting does not take a value, and what to do.
type badValue struct{ what, remedy string }

func (b badValue) Error() string { return b.what }

// readConfig reads lines of the form "name = value"; # begins a line that says nothing.
func readConfig(from given) (map[string]given, problems) {
	data, err := readSmall(from.value, maxConfigFile)
	if err != nil {
		return nil, problems{{from.where, "the file cannot be read: " + reason(err), "name a file that this user may read"}}
	}
	lines, wrong := map[string]given{}, problems(nil)
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, maxConfigFile+1)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		where := fmt.Sprintf("%s line %d", filepath.Base(from.value), n)
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		switch _, again := lines[name]; {
		case !ok:
			wrong = append(wrong, problem{where, "no setting", `write "name = value"`})
		case name == "config" || !isSetting(name):
			wrong = append(wrong, problem{where, fmt.Sprintf("there is no setting %.40q", name), "coffer-cloud serve -h lists them"})
		case again:
			wrong = append(wrong, problem{where, name + " is set twice", "keep one of the lines"})
		default:
			lines[name] = given{strings.TrimSpace(value), where + " " + name}
		}
	}
	return lines, wrong
}

func isSetting(name string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return s.name == name })
}

// readSmall reads a file that is no longer than a setting may be.
func readSmall(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("not a file of at most %d bytes", most)
	}
	return os.ReadFile(path)
}

// reason is an error without the path, which the setting's place stands for.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
