package main

import (
	"fmt"

	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/updater/machine"
)

// enrolled reads whose PC this is.
func (p *program) enrolled() (enrolment.Token, error) {
	if p.enrolment != nil {
		return p.enrolment()
	}
	return machine.Enrolment()
}

// organization is the name of whom this PC belongs to; empty for nobody, also where the token is damaged: doctor tells of that.
func (p *program) organization() string {
	token, _ := p.enrolled()
	return token.Name
}

// checkEnrolment names the organization that this PC belongs to; nothing for one that belongs to none.
func (p *program) checkEnrolment() []finding {
	token, err := p.enrolled()
	switch {
	case err != nil:
		return []finding{{"organization", false, "Coffer works as without one: " + err.Error()}}
	case token.Name == "":
		return nil
	}
	return []finding{{"organization", true, fmt.Sprintf("%s, server %s, language %s", token.Name, token.Domain, token.Language)}}
}
