package machine

import (
	"testing"

	"github.com/coffer-vault/coffer/internal/buildinfo"
	"github.com/coffer-vault/coffer/internal/enrolment"
	"github.com/coffer-vault/coffer/internal/policy"
)

func TestWhoNamesTheServer(t *testing.T) {
	byPolicy, byToken := policy.Policy{Server: "policy.example"}, enrolment.Token{Domain: "token.example"}
	for _, c := range []struct {
		policy    policy.Policy
		token     enrolment.Token
		installed string
		want      string
	}{
		{byPolicy, byToken, "installed.example", "policy.example"},
		{policy.Policy{}, byToken, "installed.example", "token.example"},
		{policy.Policy{}, enrolment.Token{}, "installed.example", "installed.example"},
		{policy.Policy{}, enrolment.Token{}, "", buildinfo.Domain},
	} {
		if got := domain(c.policy, c.token, c.installed); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
