package importer

import (
	"slices"

	"golang.org/x/text/unicode/norm"
)

// suggest groups the logins of one registrable domain that share user name and password, if the import adds one of them.
func (p *planner) suggest(created map[*entry]int) []Suggestion {
	type account struct {
		domain, username string
		password         Digest
	}
	groups := map[account][]*entry{}
	var order []account
	for _, e := range p.entries {
		if (e.kind != Login || e.password == Digest{}) {
			continue
		}
		for _, domain := range domainsOf(e.urls) {
			a := account{domain, norm.NFC.String(e.username), e.password}
			if groups[a] == nil {
				order = append(order, a)
			}
			groups[a] = append(groups[a], e)
		}
	}
	var suggestions []Suggestion
	for _, a := range order {
		if s := newSuggestion(a.domain, groups[a], created); len(s.Creations) > 0 && len(groups[a]) > 1 {
			suggestions = append(suggestions, s)
		}
	}
	return suggestions
}

func newSuggestion(domain string, entries []*entry, created map[*entry]int) Suggestion {
	s := Suggestion{Domain: domain}
	for _, e := range entries {
		if e.record == nil {
			s.ItemIDs = append(s.ItemIDs, e.added.ItemID)
		} else {
			s.Creations = append(s.Creations, created[e])
		}
	}
	return s
}

// domainsOf lists the registrable domains of addresses, each once.
func domainsOf(urls []string) (domains []string) {
	for _, address := range urls {
		if domain := registrableDomain(Origin(address)); domain != "" && !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	return domains
}
