package search

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"GitHub": "github", "Crédit Agricole": "credit agricole", "Zürich": "zurich", "Straße": "strasse", "Ærøskøbing": "aeroskobing",
		"ＡＢＣ１": "abc1", "ﬁne": "fine", "İstanbul": "istanbul", "カード": "かーど", "ｶｰﾄﾞ": "かーど", "銀行": "銀行",
		"a\x00b\nc": "a b c", "bad\xffbyte": "badbyte", "": "", "Ω": "ω", "Привет": "привет",
	} {
		if got := Fold(in); got != want && got != Fold(want) {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func doc(title string, short ...string) Doc { return NewDoc(Texts{Title: title, Short: short}) }

func rank(d Doc, query string) (int, bool) {
	q := Parse(query)
	return q.Rank(&d, nil, true)
}

func TestRank(t *testing.T) {
	d := NewDoc(Texts{
		Title: "My Postbank Login", Short: []string{"ann@example.com", "", "banking.postbank.de", "münchen"},
		Long: []string{"Recovery question: first pet", "Branch Lindenstraße"},
	})
	for query, want := range map[string]Rank{
		"my": titlePrefix, "MY PO": titlePrefix + titleWord, "post": titleWord, "bank": shortWord, "example": shortWord,
		"ostb": titleInside, "xample": shortInside, "munch": shortWord, "login postbank": 2 * titleWord, "": 0, "  ": 0,
		"my postbank login": 0, "ｍｙ post": titlePrefix + titleWord, "lindenstrasse": longWord, "pet post": longWord + titleWord, "covery": longInside,
		"psotbank": titleTypo, "postbnk": titleTypo, "posstbank": titleTypo, "postbamk": titleTypo, "opstbank": titleTypo,
		"exmaple": shortTypo, "pstobank": titleTypos, "pstbamkk": none, "posbamk": none, "postpamk": titleTypos, "exmpale.com": none,
		"other": none, "my other": none, "login ann@example.com.au": none, "loginann": none, "com banking.postbank.dem": none,
		"recovrey": none, // no slips are looked for in notes
		"mz":       none, // nor in short words
	} {
		got, ok := rank(d, query)
		if ok != (want != none) || ok && got != int(want) {
			t.Errorf("%q: rank %d, %t; want %d", query, got, ok, want)
		}
	}
}

// What a person typed, and the word that was meant or was not.
func TestSlips(t *testing.T) {
	for _, c := range []struct {
		typed, word string
		want        int
	}{
		{"gogle", "google", 1}, {"googel", "google", 1}, {"goolge", "google", 1}, {"ogogle", "google", 1}, {"googlee", "google", 1},
		{"gpogle", "google", 1}, {"paypla", "paypal", 1}, {"amzon", "amazon", 1}, {"amaz0n", "amazon", 1}, {"facebok", "facebook", 1},
		{"faecb", "facebook", 1}, {"netflx", "netflix", 1}, {"deutshce", "deutsche", 1}, {"sparkase", "sparkasse", 1},
		{"volkswgn", "volkswagen", 2}, {"accuonts", "accounts", 1}, {"acuonts", "accounts", tooMany}, {"microsfto", "microsoft", 2},
		{"пирвет", "привет", 1}, {"приввет", "привет", 1}, {"bank", "banana", tooMany}, {"bank", "tank", tooMany}, {"gool", "google", 1}, {"goob", "google", tooMany},
		{"mail", "main", 1}, {"mail", "maintenance", tooMany}, {"google", "go", tooMany}, {"nothing", "", tooMany},
	} {
		d, q := doc(c.word), Parse(c.typed)
		got := tooMany
		switch d.typo(&q.terms[0]) {
		case titleTypo:
			got = 1
		case titleTypos:
			got = 2
		}
		if got != c.want {
			t.Errorf("%q for %q: %d slips, want %d", c.typed, c.word, got, c.want)
		}
	}
}

func TestTextsDoNotRunTogether(t *testing.T) {
	d := NewDoc(Texts{Title: "ab", Short: []string{"cd"}, Long: []string{"ef"}})
	for _, query := range []string{"abcd", "bc", "bcd", "de", "cdef"} {
		if _, ok := rank(d, query); ok {
			t.Errorf("%q matches across two texts", query)
		}
	}
	if _, ok := rank(doc("", "", ""), "x"); ok {
		t.Error("an empty doc matches")
	}
}

func TestAlsoCounts(t *testing.T) {
	folder, item, q := doc("", "Work/Clients"), doc("Invoice portal"), Parse("clients invoice")
	also := q.Ranks(&folder)
	if got, ok := q.Rank(&item, also, false); !ok || got != int(shortWord+titlePrefix) {
		t.Errorf("rank %d, %t", got, ok)
	}
	if q := Parse("portal"); q.Ranks(&folder) != nil {
		t.Error("the folder matches")
	}
}

func TestLongTextsAreCut(t *testing.T) {
	q := Parse(strings.Repeat("a ", 50_000))
	if len(q.terms) != maxTerms {
		t.Errorf("%d terms", len(q.terms))
	}
	d := doc("xa")
	if rank, ok := q.Rank(&d, nil, true); !ok || rank > MaxRank {
		t.Errorf("rank %d, %t", rank, ok)
	}
	long := strings.Repeat("ü", 1<<20) + "end"
	d = NewDoc(Texts{Title: long, Short: []string{long, long}, Long: []string{"begin " + long, long}})
	if len(d.text) > maxShort+maxLong || !utf8.ValidString(d.text) {
		t.Errorf("%d bytes", len(d.text))
	}
	if _, ok := rank(d, "begin"); !ok {
		t.Error("the beginning of the notes is not found")
	}
	if _, ok := rank(d, "end"); ok {
		t.Error("the end of a huge text is in memory")
	}
}

func FuzzRank(f *testing.F) {
	f.Add("Post Bank", "post", "köln")
	f.Add("\xff\x00é", "é", "ｶﾞ")
	f.Add("Привет мир", "naïve", "пирвет naive")
	f.Fuzz(func(t *testing.T, title, other, query string) {
		d := NewDoc(Texts{Title: title, Short: []string{other}, Long: []string{title + other}})
		if !utf8.ValidString(d.text) {
			t.Fatal("folded text is not UTF-8")
		}
		if Fold(Fold(title)) != Fold(title) {
			t.Fatalf("folding %q again changes it", title)
		}
		again, ok := RestoreDoc(d.Parts())
		if !ok || again != d {
			t.Fatal("a doc is not restored")
		}
		q := Parse(query)
		rank, ok := q.Rank(&d, nil, true)
		if ok && (rank < 0 || rank > MaxRank) {
			t.Fatalf("rank %d", rank)
		}
		m := lexiconOf(t, []Doc{d}).Match(&q)
		m.AddSlips()
		if byWords, found := m.Rank(0, &d, nil); byWords != rank || found != ok {
			t.Fatalf("%q in %q and %q: rank %d by words, %d by texts", query, title, other, byWords, rank)
		}
		exact := true
		for _, term := range q.terms {
			exact = exact && strings.Contains(d.text, term.text)
		}
		if _, without := q.Rank(&d, nil, false); without != exact || exact && !ok {
			t.Fatalf("%q in %q and %q: found %t, with slips %t, is there %t", query, title, other, without, ok, exact)
		}
	})
}

func BenchmarkRank100k(b *testing.B) {
	docs := make([]Doc, 100_000)
	for i := range docs {
		docs[i] = NewDoc(Texts{
			Title: fmt.Sprintf("Account %d at Example", i), Short: []string{fmt.Sprintf("user%d@example.com", i%977), fmt.Sprintf("login.site%d.org", i)},
		})
	}
	for _, query := range []string{"e", "exam", "user12", "site9 user", "zzz", "exmpla"} {
		b.Run(query, func(b *testing.B) {
			for range b.N {
				q := Parse(query)
				n := 0
				for i := range docs {
					if _, ok := q.Rank(&docs[i], nil, query == "exmpla"); ok {
						n++
					}
				}
			}
		})
	}
}
