package screen

import (
	"strings"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/vault/generate"
)

// describeRules says what a site demands: "8–16 characters · one each of A–Z, 0–9 · none more than 2 times in a row".
func describeRules(words *assets.Catalog, r generate.Rules) string {
	var parts []string
	if least, most := r.MinLength, r.MaxLength; least > 0 && most > 0 {
		parts = append(parts, words.Text("screen.generator.rules.between", "least", least, "most", most))
	} else if least > 0 {
		parts = append(parts, words.Count("screen.generator.rules.atLeast", least))
	} else if most > 0 {
		parts = append(parts, words.Count("screen.generator.rules.atMost", most))
	}
	var required []string
	for _, demand := range r.Required {
		required = append(required, describeSet(words, demand.Of))
	}
	if len(required) > 0 {
		parts = append(parts, words.Text("screen.generator.rules.required", "sets", strings.Join(required, ", ")))
	}
	if r.Allowed != "" {
		parts = append(parts, words.Text("screen.generator.rules.allowed", "sets", describeSet(words, r.Allowed)))
	}
	if r.MaxConsecutive > 0 {
		parts = append(parts, words.Count("screen.generator.rules.run", r.MaxConsecutive))
	}
	return strings.Join(parts, " · ")
}

// describeSet names the classes that a set of characters has in whole, and lists the rest.
func describeSet(words *assets.Catalog, set string) string {
	classes, rest := generate.Classes(set)
	var parts []string
	for _, class := range classes {
		parts = append(parts, words.Text("screen.generator.class."+class))
	}
	if rest != "" {
		parts = append(parts, rest)
	}
	return strings.Join(parts, " + ")
}
