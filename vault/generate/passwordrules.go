package generate

import (
	"fmt"
	"html"
	"strconv"
	"strings"
)

// special is the class of that name: printable ASCII that is neither letter nor digit. The space belongs to it, but is never
// made: it gets lost at either end of a password.
const special = "-~!@#$%^&*_+=`|(){}[:;\"'<>,.?/\\]"

// printable is all that is made.
const printable = lower + upper + digits + special

// Bounds of a text with rules; those of real sites are far below.
const (
	maxRulesText    = 4096
	maxRequirements = 10
)

// ParseRules reads the rules that a site states in the passwordrules attribute of HTML's input element, as Apple has proposed it
// (WHATWG HTML issue 3518; developer.apple.com/password-rules):
//
//	minlength: 8; maxlength: 20; required: lower, upper; required: digit; allowed: [-().&@?'#,/"+]; max-consecutive: 2
//
// The attribute may be pasted with its name and quotes. Each "required" asks for one character of any of its classes: upper, lower, digit, special, ascii-printable, unicode (of which only
// printable ASCII is made), or characters in brackets. Without "required" and "allowed" all printable characters may be used. Of several
// lengths the strictest counts. Errors: ErrRules, with what is wrong; ErrImpossible where the lengths exclude each other.
func ParseRules(text string) (Rules, error) {
	var r Rules
	if len(text) > maxRulesText {
		return r, fmt.Errorf("%w: too long", ErrRules)
	}
	stated := 0
	for _, rule := range splitOutside(unquote(text), ';') {
		if rule = strings.TrimSpace(rule); rule == "" {
			continue
		}
		if err := r.state(rule); err != nil {
			return Rules{}, err
		}
		stated++
	}
	if stated == 0 {
		return Rules{}, fmt.Errorf("%w: empty", ErrRules)
	}
	if len(r.Required) == 0 && r.Allowed == "" {
		r.Allowed = printable
	}
	if r.MaxLength > 0 && r.MinLength > r.MaxLength || r.MinLength > MaxLength {
		return Rules{}, fmt.Errorf("%w: minlength is above the longest password", ErrImpossible)
	}
	return r, nil
}

// unquote takes the rules out of passwordrules="…".
func unquote(text string) string {
	_, value, found := strings.Cut(text, "passwordrules=")
	if !found || value == "" {
		return text
	}
	quote := value[:1]
	if quote != `"` && quote != "'" {
		return text
	}
	value, _, _ = strings.Cut(value[1:], quote)
	return html.UnescapeString(value)
}

// state adds a rule.
func (r *Rules) state(rule string) error {
	name, value, _ := strings.Cut(rule, ":")
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
	switch name {
	case "required", "allowed":
		set, err := parseClasses(value)
		if err != nil {
			return err
		}
		if name == "allowed" {
			r.Allowed = union(r.Allowed, set)
			return nil
		}
		return r.require(set)
	case "minlength", "maxlength", "max-consecutive":
		number, err := strconv.Atoi(value)
		if err != nil || number < 1 {
			return fmt.Errorf("%w: %s needs a number", ErrRules, name)
		}
		r.limit(name, number)
		return nil
	}
	return fmt.Errorf("%w: unknown rule %q", ErrRules, name)
}

// require asks for a character of a set, once however often that is stated.
func (r *Rules) require(set string) error {
	for _, known := range r.Required {
		if known.Of == set {
			return nil
		}
	}
	if len(r.Required) == maxRequirements {
		return fmt.Errorf("%w: too many requirements", ErrRules)
	}
	r.Required = append(r.Required, Requirement{set, 1})
	return nil
}

// limit keeps the stricter of two numbers.
func (r *Rules) limit(name string, number int) {
	least := func(now int) int {
		if now == 0 {
			return number
		}
		return min(now, number)
	}
	switch name {
	case "minlength":
		r.MinLength = max(r.MinLength, number)
	case "maxlength":
		r.MaxLength = least(r.MaxLength)
	case "max-consecutive":
		r.MaxConsecutive = least(r.MaxConsecutive)
	}
}

// splitOutside cuts a text at a character, but not within brackets. A second "]" right behind the one that ends them is a character of the
// set, which changes nothing here.
func splitOutside(text string, at byte) []string {
	var parts []string
	start, inside := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '[' || c == ']':
			inside = c == '['
		case !inside && c == at:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// parseClasses reads "lower, [-_.]" and returns all characters of it.
func parseClasses(value string) (set string, err error) {
	for _, class := range splitOutside(value, ',') {
		characters, err := parseClass(strings.TrimSpace(class))
		if err != nil {
			return "", err
		}
		set = union(set, characters)
	}
	return set, nil
}

func parseClass(class string) (string, error) {
	switch strings.ToLower(class) {
	case "lower":
		return lower, nil
	case "upper":
		return upper, nil
	case "digit":
		return digits, nil
	case "special":
		return special, nil
	case "ascii-printable", "unicode":
		return printable, nil
	}
	inside, opened := strings.CutPrefix(class, "[")
	inside, closed := strings.CutSuffix(inside, "]")
	if !opened || !closed {
		return "", fmt.Errorf("%w: unknown class %q", ErrRules, class)
	}
	// What cannot be made, such as é, is no reason to refuse what can.
	set := strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' {
			return -1
		}
		return c
	}, inside)
	if set == "" {
		return "", fmt.Errorf("%w: no character in %q", ErrRules, class)
	}
	return union("", set), nil
}

// Classes names the classes that a set of characters has in whole, as the rules call them, and returns the rest of it.
func Classes(set string) (classes []string, rest string) {
	for _, class := range []struct{ name, of string }{{"lower", lower}, {"upper", upper}, {"digit", digits}, {"special", special}} {
		if without(class.of, set) == "" {
			classes, set = append(classes, class.name), without(set, class.of)
		}
	}
	return classes, set
}

// union adds the characters that a set has not, in ASCII's order.
func union(set, more string) string {
	var all []byte
	for c := byte('!'); c <= '~'; c++ {
		if strings.IndexByte(set, c) >= 0 || strings.IndexByte(more, c) >= 0 {
			all = append(all, c)
		}
	}
	return string(all)
}

// Clamp moves a length to the nearest that the rules and this package take.
func (r Rules) Clamp(length int) int {
	least, most := r.Lengths()
	return min(max(length, least), most)
}

// Lengths are the shortest and the longest password that the rules and this package take.
func (r Rules) Lengths() (least, most int) {
	most = MaxLength
	if r.MaxLength > 0 {
		most = min(most, r.MaxLength)
	}
	return min(max(r.MinLength, 1), most), most
}

// Without leaves characters out wherever something else is left to choose from.
func (r Rules) Without(unwanted string) Rules {
	after := r
	after.Required = nil
	for _, required := range r.Required {
		if kept := without(required.Of, unwanted); kept != "" {
			required.Of = kept
		}
		after.Required = append(after.Required, required)
	}
	after.Allowed = without(r.Allowed, unwanted)
	return after
}

// LookAlikes are the characters that are easily taken for another.
const LookAlikes = lookAlike
