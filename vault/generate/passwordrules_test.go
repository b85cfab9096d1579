package generate

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseRules(t *testing.T) {
	one := func(sets ...string) (r []Requirement) {
		for _, set := range sets {
			r = append(r, Requirement{union("", set), 1})
		}
		return r
	}
	for text, want := range map[string]Rules{
		"minlength: 20; required: lower; required: upper; required: digit; required: [-];": {
			MinLength: 20, Required: one(lower, upper, digits, "-")},
		"minlength: 8; required: lower; allowed: [-!]; max-consecutive: 2": {
			MinLength: 8, Required: one(lower), Allowed: "!-", MaxConsecutive: 2},
		"required: lower, upper, [$]":                                                     {Required: one(lower + upper + "$")},
		"maxlength: 20; maxlength: 12; MinLength:4;":                                      {MinLength: 4, MaxLength: 12, Allowed: printable},
		"max-consecutive:3;max-consecutive:5;minlength:9":                                 {MinLength: 9, MaxConsecutive: 3, Allowed: printable},
		"<input type=password passwordrules=\"required: [&quot;]; maxlength: 9\" name=p>": {MaxLength: 9, Required: one("\"")},
		"passwordrules='minlength: 9'":                                                    {MinLength: 9, Allowed: printable},
		"allowed: [;,[]]; allowed: digit":                                                 {Allowed: union(digits, ";,[]")},
		"required: digit; required: digit":                                                {Required: one(digits)},
		"required: special":                                                               {Required: one(special)},
		"allowed: ascii-printable, unicode":                                               {Allowed: union("", printable)},
		"required: [é ab]":                                                                {Required: one("ab")},
		"\n minlength: 6 ;\t maxlength: 8; ":                                              {MinLength: 6, MaxLength: 8, Allowed: printable},
		"required: [-().&@?'#,/\"+]; required: upper,lower":                               {Required: one("-().&@?'#,/\"+", upper+lower)},
	} {
		got, err := ParseRules(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v\nwant %+v", text, got, err, want)
			continue
		}
		length := got.Clamp(16)
		made, _, err := got.Make(length)
		if err != nil || !keeps(got, string(made.Reveal())) {
			t.Errorf("%q: made %q, %v", text, made.Reveal(), err)
		}
	}
}

func TestTextsThatAreNoRules(t *testing.T) {
	for text, want := range map[string]error{
		"":                                  ErrRules,
		" ; ;":                              ErrRules,
		"hello":                             ErrRules,
		"minlength":                         ErrRules,
		"minlength: many":                   ErrRules,
		"minlength: -3":                     ErrRules,
		"minlength: 0":                      ErrRules,
		"maxlength: 99999999999999999999":   ErrRules,
		"required: ":                        ErrRules,
		"required: lowercase":               ErrRules,
		"required: [":                       ErrRules,
		"required: []":                      ErrRules,
		"required: [é]":                     ErrRules,
		"required: [abc":                    ErrRules,
		"colour: red":                       ErrRules,
		"minlength: 9; maxlength: 8":        ErrImpossible,
		"minlength: 500":                    ErrImpossible,
		strings.Repeat("a", maxRulesText+1): ErrRules,
		strings.Repeat("required: [a]; required: [b]; required: [c]; required: [d]; ", 1) +
			"required: [e]; required: [f]; required: [g]; required: [h]; required: [i]; required: [j]; required: [k]": ErrRules,
	} {
		if _, err := ParseRules(text); !errors.Is(err, want) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func TestRulesWithout(t *testing.T) {
	r := Rules{Required: []Requirement{{"l1", 1}, {digits, 1}}, Allowed: "xO"}.Without(LookAlikes)
	if r.Required[0].Of != "l1" || strings.ContainsAny(r.Required[1].Of, "01") || r.Allowed != "x" {
		t.Errorf("%+v", r)
	}
}

func TestClasses(t *testing.T) {
	for set, want := range map[string]string{
		"": " ", lower: "lower ", upper + "a" + digits: "upper,digit a", special: "special ", printable: "lower,upper,digit,special ", "-_": " -_",
	} {
		classes, rest := Classes(set)
		if got := strings.Join(classes, ",") + " " + rest; got != want {
			t.Errorf("%q: %q", set, got)
		}
	}
}

func TestLengthsOfRules(t *testing.T) {
	for _, c := range []struct {
		rules       Rules
		asked, want int
	}{
		{Rules{}, 20, 20}, {Rules{MinLength: 24}, 20, 24}, {Rules{MaxLength: 12}, 20, 12}, {Rules{MinLength: 4, MaxLength: 3000}, 5000, MaxLength},
	} {
		if got := c.rules.Clamp(c.asked); got != c.want {
			t.Errorf("%+v: %d becomes %d, want %d", c.rules, c.asked, got, c.want)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add("minlength: 8; required: lower; allowed: [-!]; max-consecutive: 2")
	f.Add("required: [-().&@?'#,/\"+]]; maxlength: 12; required: upper,lower")
	f.Add("allowed: [;]]];;required:unicode")
	f.Add("max-consecutive: 1; required: [a]; minlength: 2")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRules(text)
		if err != nil {
			if !errors.Is(err, ErrRules) && !errors.Is(err, ErrImpossible) {
				t.Fatal(err)
			}
			return
		}
		length := r.Clamp(20)
		if length < r.MinLength || r.MaxLength > 0 && length > r.MaxLength {
			t.Fatalf("%q: length %d", text, length)
		}
		made, bits, err := r.Make(length)
		if err != nil {
			if !errors.Is(err, ErrOptions) && !errors.Is(err, ErrImpossible) {
				t.Fatal(err)
			}
			return
		}
		if password := string(made.Reveal()); len(password) != length || !keeps(r, password) || bits < 0 {
			t.Fatalf("%q made %q, %f bits", text, password, bits)
		}
	})
}
