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

func TestRank(t *testing.T) {
	doc := NewDoc("My Postbank Login", "ann@example.com", "", "banking.postbank.de", "münchen")
	for query, want := range map[string]int{
		"my": titlePrefix, "MY PO": titlePrefix + titleWord, "post": titleWord, "bank": otherWord, "example": otherWord,
		"ostb": titleInside, "xample": otherInside, "munch": otherWord, "login postbank": 2 * titleWord, "": 0, "  ": 0,
	} {
		if got, ok := Parse(query).Rank(doc); !ok || got != want {
			t.Errorf("%q: rank %d, %t; want %d", query, got, ok, want)
		}
	}
	for _, query := range []string{"other", "my other", "login ann@example.com.au", "loginann", "com banking.postbank.dem"} {
		if _, ok := Parse(query).Rank(doc); ok {
			t.Errorf("%q matches", query)
		}
	}
}

func TestTextsDoNotRunTogether(t *testing.T) {
	doc := NewDoc("ab", "cd")
	for _, query := range []string{"abcd", "bc", "bcd"} {
		if _, ok := Parse(query).Rank(doc); ok {
			t.Errorf("%q matches across two texts", query)
		}
	}
	if _, ok := Parse("x").Rank(NewDoc("", "", "")); ok {
		t.Error("an empty doc matches")
	}
}

func TestLongQueryIsCut(t *testing.T) {
	q := Parse(strings.Repeat("a ", 50_000))
	if len(q.terms) != maxTerms {
		t.Errorf("%d terms", len(q.terms))
	}
	if rank, ok := q.Rank(NewDoc("xa")); !ok || rank > MaxRank {
		t.Errorf("rank %d, %t", rank, ok)
	}
}

func FuzzRank(f *testing.F) {
	f.Add("Post Bank", "post", "köln")
	f.Add("\xff\x00é", "é", "ｶﾞ")
	f.Fuzz(func(t *testing.T, title, other, query string) {
		d := NewDoc(title, other)
		if !utf8.ValidString(d.text) {
			t.Fatal("folded text is not UTF-8")
		}
		if Fold(Fold(title)) != Fold(title) {
			t.Fatalf("folding %q again changes it", title)
		}
		q := Parse(query)
		rank, ok := q.Rank(d)
		if ok && (rank < 0 || rank > MaxRank) {
			t.Fatalf("rank %d", rank)
		}
		for _, term := range q.terms {
			inside := strings.Contains(Fold(title), term) || strings.Contains(Fold(other), term)
			if ok && !inside {
				t.Fatalf("%q is in neither %q nor %q", term, title, other)
			}
		}
	})
}

func BenchmarkRank100k(b *testing.B) {
	docs := make([]Doc, 100_000)
	for i := range docs {
		docs[i] = NewDoc(fmt.Sprintf("Account %d at Example", i), fmt.Sprintf("user%d@example.com", i%977), fmt.Sprintf("login.site%d.org", i))
	}
	for _, query := range []string{"e", "exam", "user12", "site9 user", "zzz"} {
		b.Run(query, func(b *testing.B) {
			for range b.N {
				q := Parse(query)
				n := 0
				for _, d := range docs {
					if _, ok := q.Rank(d); ok {
						n++
					}
				}
			}
		})
	}
}
