package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/coffer-vault/coffer/crypto/id"
	"github.com/coffer-vault/coffer/crypto/secret"
	"github.com/coffer-vault/coffer/vault"
)

var today = time.Date(2026, 9, 20, 12, 0, 0, 0, time.Local) // what is valid until today is so wherever that is

const strong = "mGx7!qL2#vRt9zW"

// items is a vault in memory; the tests of package session use a real one.
type items struct {
	all    map[id.ID]vault.Item
	opened int
	fail   error
}

func (v *items) Get(_ context.Context, item id.ID) (vault.Item, error) {
	v.opened++
	if v.fail != nil {
		return vault.Item{}, v.fail
	}
	it, ok := v.all[item]
	if !ok {
		return vault.Item{}, vault.ErrNotFound
	}
	return it.Clone(), nil
}

func (v *items) Query(vault.Filter) []*vault.Summary {
	var all []*vault.Summary
	for _, it := range v.all {
		if it.TrashedAt == 0 && it.ArchivedAt == 0 {
			all = append(all, &vault.Summary{ID: it.ID, Kind: it.Kind})
		}
	}
	return all
}

func newItems(list ...vault.Item) *items {
	v := &items{all: map[id.ID]vault.Item{}}
	for _, it := range list {
		v.all[it.ID] = it
	}
	return v
}

// leaked are the passwords that a breach has.
type leaked map[string]int

func (l leaked) Times(it *vault.Item) int { return l[string(it.Value(vault.Password).Reveal())] }

func newAuditor(v Source, leaks Leaks) *Auditor {
	a := New(v, leaks, func() time.Time { return today })
	a.Changed(vault.Change{All: true})
	return a
}

func work(t testing.TB, a *Auditor) {
	t.Helper()
	if err := a.Work(context.Background(), func() {}); err != nil {
		t.Fatal(err)
	}
}

// login is one without a finding.
func login(n byte, password string, change ...func(*vault.Item)) vault.Item {
	it := vault.Item{ID: id.ID{n}, Kind: vault.Login, Title: fmt.Sprint("Login ", n), Websites: []string{fmt.Sprintf("https://www.site%d.example/login", n)},
		CreatedAt: today.UnixMilli()}
	it.Set(vault.Username, secret.FromString("ann"))
	it.Set(vault.Password, secret.FromString(password))
	it.Set(vault.OTP, secret.FromString("GEZDGNBV"))
	for _, c := range change {
		c(&it)
	}
	return it
}

func websites(list ...string) func(*vault.Item) {
	return func(it *vault.Item) { it.Websites = list }
}

func valid(kind vault.Kind, until string) vault.Item {
	it := vault.Item{ID: id.ID{1}, Kind: kind, Title: "x"}
	it.Set(expiries[kind], secret.FromString(until))
	return it
}

func TestFindingsOfOneItem(t *testing.T) {
	years := func(n int) int64 { return today.AddDate(-n, 0, 0).UnixMilli() }
	for name, c := range map[string]struct {
		item vault.Item
		want []vault.Finding
	}{
		"nothing":             {login(1, strong), nil},
		"weak":                {login(1, "summer"), []vault.Finding{vault.FindingWeak}},
		"its own name":        {login(1, "Mountainbikes24", func(it *vault.Item) { it.Title = "Mountainbikes" }), []vault.Finding{vault.FindingWeak}},
		"breached":            {login(1, "Tr0ub4dor&3-zzQ9!"), []vault.Finding{vault.FindingBreached}},
		"old":                 {login(1, strong, func(it *vault.Item) { it.PasswordSetAt = years(3) }), []vault.Finding{vault.FindingOld}},
		"old item":            {login(1, strong, func(it *vault.Item) { it.CreatedAt, it.PasswordSetAt = years(3), years(1) }), nil},
		"without codes":       {login(1, strong, func(it *vault.Item) { it.Set(vault.OTP, secret.Bytes{}) }), []vault.Finding{vault.FindingNoCode}},
		"a program":           {login(1, strong, websites(), func(it *vault.Item) { it.Set(vault.OTP, secret.Bytes{}) }), nil},
		"no password":         {login(1, ""), nil},
		"without TLS":         {login(1, strong, websites("https://a.example", " HTTP://b.example/x")), []vault.Finding{vault.FindingInsecure}},
		"router":              {login(1, strong, websites("http://192.168.1.1", "http://fritz.local", "http://nas", "http://[::1]:80", "http://10.0.0.1:8080", "http://app.internal")), nil},
		"address outside":     {login(1, strong, websites("http://203.0.113.7/")), []vault.Finding{vault.FindingInsecure}},
		"card of last month":  {valid(vault.Card, "2026-08"), []vault.Finding{vault.FindingExpired}},
		"card of this month":  {valid(vault.Card, "2026-09"), nil},
		"card without date":   {valid(vault.Card, ""), nil},
		"nonsense date":       {valid(vault.Card, "0000"), nil},
		"document until then": {valid(vault.Document, "2026-09-19"), []vault.Finding{vault.FindingExpired}},
		"licence of today":    {valid(vault.SoftwareLicence, "2026-09-20"), nil},
		"key that ran out":    {valid(vault.APICredential, "2001-01-01"), []vault.Finding{vault.FindingExpired}},
		"in the trash":        {login(1, "summer", func(it *vault.Item) { it.TrashedAt = 1 }), nil},
		"put away":            {login(1, "summer", func(it *vault.Item) { it.ArchivedAt = 1 }), nil},
		"a note":              {vault.Item{ID: id.ID{1}, Kind: vault.Note, Title: "x"}, nil},
		"all at once": {login(1, "summer", websites("http://a.example"), func(it *vault.Item) {
			it.PasswordSetAt = years(9)
			it.Set(vault.OTP, secret.Bytes{})
		}), []vault.Finding{vault.FindingWeak, vault.FindingInsecure, vault.FindingOld, vault.FindingNoCode}},
		"no problem": {login(1, "summer", func(it *vault.Item) { it.Ignored = []vault.Finding{vault.FindingWeak, "of a newer version"} }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor(newItems(c.item), leaked{"Tr0ub4dor&3-zzQ9!": 7})
			a.Changed(vault.Change{Objects: []id.ID{c.item.ID}})
			work(t, a)
			if got := a.Of(c.item.ID).Findings.List(); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestReuse(t *testing.T) {
	for name, c := range map[string]struct {
		items []vault.Item
		want  bool // of all of them
	}{
		"alone":              {[]vault.Item{login(1, strong)}, false},
		"two sites":          {[]vault.Item{login(1, strong), login(2, strong)}, true},
		"twice on one site":  {[]vault.Item{login(1, strong, websites("https://mail.a.example")), login(2, strong, websites("https://www.a.example/x"))}, false},
		"both":               {[]vault.Item{login(1, strong, websites("a.example")), login(2, strong, websites("a.example")), login(3, strong)}, true},
		"two of one country": {[]vault.Item{login(1, strong, websites("https://a.co.uk")), login(2, strong, websites("https://b.co.uk"))}, true},
		"one of a country":   {[]vault.Item{login(1, strong, websites("https://x.a.co.uk")), login(2, strong, websites("https://y.a.co.uk"))}, false},
		"two addresses":      {[]vault.Item{login(1, strong, websites("https://203.0.113.7")), login(2, strong, websites("https://198.51.113.7"))}, true},
		"two programs":       {[]vault.Item{login(1, strong, websites()), login(2, strong, websites())}, true},
		"one program twice": {[]vault.Item{login(1, strong, websites(), func(it *vault.Item) { it.Title = "VPN" }),
			login(2, strong, websites(), func(it *vault.Item) { it.Title = "vpn " })}, false},
		"empty passwords":  {[]vault.Item{login(1, ""), login(2, "")}, false},
		"one in the trash": {[]vault.Item{login(1, strong), login(2, strong, func(it *vault.Item) { it.TrashedAt = 1 })}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor(newItems(c.items...), NoLeaks{})
			work(t, a)
			for _, it := range c.items {
				if got := a.Of(it.ID).Findings.Has(vault.FindingReused); got != c.want {
					t.Errorf("item %d: reused %t, want %t", it.ID[0], got, c.want)
				}
			}
		})
	}
}

func TestResultAddsUp(t *testing.T) {
	card := valid(vault.Card, "2020-01")
	card.ID = id.ID{9}
	a := newAuditor(newItems(login(1, strong), login(2, "summer"), login(3, "same-Long-1!x"), login(4, "same-Long-1!x"),
		login(5, "qqq", func(it *vault.Item) { it.Ignored = []vault.Finding{vault.FindingWeak} }), login(6, ""),
		login(7, strong+"7", func(it *vault.Item) { it.Set(vault.OTP, secret.Bytes{}) }), card), leaked{"summer": 3})
	told := 0
	if err := a.Work(context.Background(), func() { told++ }); err != nil || told == 0 {
		t.Fatal(err, told)
	}
	got := a.Result()
	want := map[vault.Finding]int{vault.FindingWeak: 1, vault.FindingBreached: 1, vault.FindingReused: 2, vault.FindingExpired: 1, vault.FindingNoCode: 1}
	if got.Passwords != 6 || got.Good != 3 || got.Problems != 4 || got.Ignored != 1 || got.Left != 0 || !maps.Equal(got.Counts, want) {
		t.Errorf("%+v", got)
	}
	if e := a.Of(id.ID{2}); e.Breaches != 3 || e.Findings.Worst() != vault.FindingBreached || !e.Since.Equal(today) {
		t.Errorf("%+v", e)
	}
	if twins := a.Twins(id.ID{3}); !slices.Equal(twins, []id.ID{{4}}) || a.Twins(id.ID{6}) != nil || a.Of(id.ID{5}).Ignored.Worst() != vault.FindingWeak {
		t.Error(twins)
	}
	if got.Share() != .5 || (Result{}).Share() != 1 {
		t.Error(got.Share())
	}
}

func TestAnEditExaminesOneItem(t *testing.T) {
	v := newItems()
	for n := range byte(100) {
		v.all[id.ID{n + 1}] = login(n+1, fmt.Sprint(strong, n))
	}
	a := newAuditor(v, NoLeaks{})
	work(t, a)
	v.opened = 0
	v.all[id.ID{7}] = login(7, fmt.Sprint(strong, 1)) // that of login 2
	a.Changed(vault.Change{Objects: []id.ID{{7}, {200}}})
	if got := a.Result(); got.Left != 2 {
		t.Errorf("%d left", got.Left)
	}
	work(t, a)
	if got := a.Result(); v.opened != 2 || got.Counts[vault.FindingReused] != 2 || got.Left != 0 {
		t.Errorf("%d opened, %+v", v.opened, got)
	}
}

func TestWorkGoesOnAfterAFailure(t *testing.T) {
	v := newItems(login(1, "summer"), login(2, "winter"))
	a := newAuditor(v, NoLeaks{})
	v.fail = errors.New("the disk is gone")
	if err := a.Work(context.Background(), func() {}); !errors.Is(err, v.fail) {
		t.Fatal(err)
	}
	v.fail = nil
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if err := a.Work(stopped, func() {}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	work(t, a)
	if got := a.Result().Counts[vault.FindingWeak]; got != 2 {
		t.Errorf("%d weak", got)
	}
}

func TestClosedAuditorKnowsNothing(t *testing.T) {
	a := newAuditor(newItems(login(1, "summer"), login(2, "summer")), NoLeaks{})
	work(t, a)
	a.Close()
	a.Changed(vault.Change{All: true})
	if a.Of(id.ID{1}).Findings != 0 || a.Twins(id.ID{1}) != nil || a.Result().Problems != 0 || a.records != nil || a.groups != nil {
		t.Error("it remembers")
	}
	if !bytesZero(a.key.Reveal()) {
		t.Error("the key is there")
	}
	work(t, a)
}

func bytesZero(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }

// An edit that comes while its item is being read is not lost: it is due again.
func TestEditInTheMiddle(t *testing.T) {
	v := newItems(login(1, strong))
	a := newAuditor(v, NoLeaks{})
	a.leaks = during(func() {
		if v.opened == 1 {
			v.all[id.ID{1}] = login(1, "summer")
			a.Changed(vault.Change{Objects: []id.ID{{1}}})
		}
	})
	work(t, a)
	if !a.Of(id.ID{1}).Findings.Has(vault.FindingWeak) {
		t.Error("the password from before the edit counts")
	}
}

type during func()

func (d during) Times(*vault.Item) int { d(); return 0 }

// Whatever is edited in whatever order, and however often it is looked at in between: it ends as if all were examined at once.
func TestIncrementalIsFull(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := newItems()
		a := newAuditor(v, leaked{"summer": 2})
		for range rapid.IntRange(0, 40).Draw(rt, "edits") {
			n := rapid.ByteRange(1, 12).Draw(rt, "item")
			password := rapid.SampledFrom([]string{"", "summer", strong, strong + "1"}).Draw(rt, "password")
			site := rapid.SampledFrom([]string{"https://a.example", "http://b.a.example", "https://b.example", ""}).Draw(rt, "site")
			switch rapid.IntRange(0, 4).Draw(rt, "edit") {
			case 0:
				delete(v.all, id.ID{n})
			case 1:
				v.all[id.ID{n}] = login(n, password, func(it *vault.Item) { it.TrashedAt = 1 })
			case 2:
				v.all[id.ID{n}] = login(n, password, websites(site), func(it *vault.Item) { it.Ignored = []vault.Finding{vault.FindingReused} })
			default:
				v.all[id.ID{n}] = login(n, password, websites(site))
			}
			a.Changed(vault.Change{Objects: []id.ID{{n}}, All: rapid.IntRange(0, 9).Draw(rt, "all") == 0})
			if rapid.Bool().Draw(rt, "look") {
				work(t, a)
			}
		}
		work(t, a)
		full := newAuditor(v, leaked{"summer": 2})
		work(t, full)
		for n := byte(1); n <= 12; n++ {
			item := id.ID{n}
			if got, want := a.Of(item), full.Of(item); got != want {
				rt.Errorf("item %d: %+v, in full %+v", n, got, want)
			}
			if got, want := sorted(a.Twins(item)), sorted(full.Twins(item)); !slices.Equal(got, want) {
				rt.Errorf("item %d: twins %v, in full %v", n, got, want)
			}
		}
		got, want := a.Result(), full.Result()
		got.Done, want.Done = 0, 0
		if fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Errorf("%+v, in full %+v", got, want)
		}
	})
}

func sorted(list []id.ID) []id.ID {
	slices.SortFunc(list, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	return list
}

func TestFindingsAreInOrder(t *testing.T) {
	list := All()
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	set := setOf(list...)
	if !slices.Equal(set.List(), All()) || set.Worst() != vault.FindingBreached || set.Rank() != 0 || Findings(0).Rank() != len(All()) || Findings(0).Worst() != "" {
		t.Errorf("%v", set.List())
	}
	if IsProblem(vault.FindingOld) || IsProblem(vault.FindingNoCode) || !IsProblem(vault.FindingExpired) || setOf(vault.FindingOld).Problems() != 0 {
		t.Error("hints are problems")
	}
}
