package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coffer-vault/coffer/vault"
	"github.com/coffer-vault/coffer/vault/audit"
)

// checked is an item with what the security check found of it. No password is in it.
type checked struct {
	listed
	Findings []vault.Finding `json:"findings,omitempty"`
	Ignored  []vault.Finding `json:"ignored,omitempty"` // found, and called no problem
}

// checkReport is a security check. Scripts read it: what is there stays.
type checkReport struct {
	Passwords int       `json:"passwords"`
	Good      int       `json:"good"`
	Problems  int       `json:"problems"`
	Items     []checked `json:"items"` // those with a finding, the worst first
}

// check examines every password. It asks no server: what was found in breaches the app alone knows.
func (p *program) check(ctx context.Context, args []string) error {
	var a access
	if err := p.onlyFlags("check", args, a.define); err != nil {
		return err
	}
	u, err := p.unlock(ctx, a)
	if err != nil {
		return err
	}
	defer u.Lock()
	report, err := examine(ctx, u.Vault())
	if err != nil {
		return err
	}
	return p.print(report, func() {
		fmt.Fprintf(p.stdout, "%d of %d passwords are in good order; items with a problem: %d\n", report.Good, report.Passwords, report.Problems)
		for _, i := range report.Items {
			if len(i.Findings) > 0 {
				fmt.Fprintf(p.stdout, "%s  %-28s  %s  %s\n", i.ID, join(i.Findings), i.Title, i.Username)
			}
		}
	})
}

func examine(ctx context.Context, v *vault.Vault) (checkReport, error) {
	auditor := audit.New(v, audit.NoLeaks{}, time.Now)
	defer auditor.Close()
	auditor.Changed(vault.Change{All: true})
	if err := auditor.Work(ctx, func() {}); err != nil {
		return checkReport{}, err
	}
	r := auditor.Result()
	report := checkReport{Passwords: r.Passwords, Good: r.Good, Problems: r.Problems, Items: []checked{}}
	rows := v.Query(vault.Filter{})
	slices.SortStableFunc(rows, func(a, b *vault.Summary) int {
		return auditor.Of(a.ID).Findings.Rank() - auditor.Of(b.ID).Findings.Rank()
	})
	for _, s := range rows {
		if e := auditor.Of(s.ID); e.Findings != 0 || e.Ignored != 0 {
			report.Items = append(report.Items, checked{toListed(s), e.Findings.List(), e.Ignored.List()})
		}
	}
	return report, nil
}

func join(findings []vault.Finding) string {
	var names []string
	for _, f := range findings {
		names = append(names, string(f))
	}
	return strings.Join(names, " ")
}
