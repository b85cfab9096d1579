package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault/generate"
)

// maxCount is how many are made at once: a screen full, or the accounts of a class, and no file of them.
const maxCount = 1000

// recipe is what is to be made.
type recipe struct {
	count    int
	password generate.PasswordOptions
	phrase   generate.PassphraseOptions
	pin      generate.PINOptions
	dates    bool
	without  string // classes of characters to leave out
	rules    string
}

// made is how one is printed as JSON.
type made struct {
	Value string  `json:"value"`
	Bits  float64 `json:"bits"`
}

// generateCommand makes passwords, passphrases or PINs. It opens no vault, and keeps nothing.
func (p *program) generateCommand(_ context.Context, args []string) error {
	kind := "password"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		kind, args = args[0], args[1:]
	}
	r := recipe{password: generate.DefaultPassword(), phrase: generate.DefaultPassphrase(), pin: generate.DefaultPIN()}
	kinds := map[string]func(*flag.FlagSet){"password": r.passwordFlags, "passphrase": r.phraseFlags, "pin": r.pinFlags}
	if kinds[kind] == nil {
		return fmt.Errorf("%w: password, passphrase or pin", errUsage)
	}
	rest, err := p.flags("generate "+kind, args, func(f *flag.FlagSet) {
		f.IntVar(&r.count, "count", 1, "")
		kinds[kind](f)
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 || r.count < 1 || r.count > maxCount {
		return fmt.Errorf("%w: --count is 1 to %d, and there is nothing else to name", errUsage, maxCount)
	}
	all, err := r.make(kind)
	if errors.Is(err, generate.ErrOptions) || errors.Is(err, generate.ErrRules) {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if err != nil {
		return err
	}
	return p.print(all, func() {
		for _, m := range all {
			fmt.Fprintln(p.stdout, m.Value)
		}
	})
}

func (r *recipe) passwordFlags(f *flag.FlagSet) {
	o := &r.password
	f.IntVar(&o.Length, "length", o.Length, "")
	f.StringVar(&r.without, "without", "", "")
	f.StringVar(&o.SymbolSet, "symbols", "", "")
	f.IntVar(&o.MinDigits, "min-digits", 0, "")
	f.IntVar(&o.MinSymbols, "min-symbols", 0, "")
	f.BoolVar(&o.AvoidLookAlikes, "avoid-lookalikes", false, "")
	f.BoolVar(&o.NoRepeats, "no-repeats", false, "")
	f.BoolVar(&o.LetterFirst, "letter-first", false, "")
	f.StringVar(&r.rules, "rules", "", "")
}

func (r *recipe) phraseFlags(f *flag.FlagSet) {
	o := &r.phrase
	f.IntVar(&o.Words, "words", o.Words, "")
	f.StringVar(&o.Language, "language", "en", "")
	f.StringVar(&o.Separator, "separator", o.Separator, "")
	f.BoolVar(&o.Capitalize, "capitalize", false, "")
	f.BoolVar(&o.Number, "number", false, "")
	f.BoolVar(&o.Accents, "accents", false, "")
}

func (r *recipe) pinFlags(f *flag.FlagSet) {
	f.IntVar(&r.pin.Digits, "length", r.pin.Digits, "")
	f.BoolVar(&r.dates, "dates", false, "")
}

func (r *recipe) make(kind string) ([]made, error) {
	one, err := r.maker(kind)
	if err != nil {
		return nil, err
	}
	all := make([]made, r.count)
	for i := range all {
		value, bits, err := one()
		if err != nil {
			return nil, err
		}
		all[i] = made{Value: string(value.Reveal()), Bits: math.Round(bits*10) / 10}
		value.Wipe()
	}
	return all, nil
}

func (r *recipe) maker(kind string) (func() (secret.Bytes, float64, error), error) {
	switch kind {
	case "passphrase":
		return func() (secret.Bytes, float64, error) {
			value, err := generate.Passphrase(r.phrase)
			return value, r.phrase.Bits(), err
		}, nil
	case "pin":
		r.pin.AvoidDates = !r.dates
		return func() (secret.Bytes, float64, error) {
			value, err := generate.PIN(r.pin)
			return value, r.pin.Bits(), err
		}, nil
	}
	rules, length, err := r.passwordRules()
	return func() (secret.Bytes, float64, error) { return rules.Make(length) }, err
}

// passwordRules are a site's, if they are given, or else what the other flags say.
func (r *recipe) passwordRules() (generate.Rules, int, error) {
	o := &r.password
	if r.rules != "" {
		rules, err := generate.ParseRules(r.rules)
		if o.AvoidLookAlikes {
			rules = rules.Without(generate.LookAlikes)
		}
		return rules, rules.Clamp(o.Length), err
	}
	classes := map[string]*bool{"upper": &o.Upper, "lower": &o.Lower, "digits": &o.Digits, "symbols": &o.Symbols}
	for _, class := range slices.DeleteFunc(strings.Split(r.without, ","), func(s string) bool { return s == "" }) {
		if classes[class] == nil {
			return generate.Rules{}, 0, fmt.Errorf("%w: --without takes upper, lower, digits and symbols", errUsage)
		}
		*classes[class] = false
	}
	rules, err := o.Rules()
	return rules, o.Length, err
}
