package kit

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
)

func catalog(t *testing.T, code string) *assets.Catalog {
	t.Helper()
	words, err := assets.Load(code)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func testKit(t *testing.T) Kit {
	t.Helper()
	sk, err := keys.SecretKeyFromBytes(secret.New([]byte("0123456789abcdef")))
	if err != nil {
		t.Fatal(err)
	}
	return Kit{
		Email:     "anna.lindqvist@example.com",
		Server:    "https://coffer.example.com",
		SecretKey: sk,
		Device:    "anna-laptop",
		Created:   time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
		Paper:     A4,
		Words:     catalog(t, "en"),
	}
}

func laidOut(t *testing.T, k Kit) *Page {
	t.Helper()
	page, err := Draw(k)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func render(t *testing.T, k Kit) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := laidOut(t, k).WritePDF(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tool runs a program over the PDF, which is its standard input, and returns what it prints.
func tool(t *testing.T, pdf []byte, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return string(out)
}

// pageText is what a reader finds on the page, in the order in which it was written.
func pageText(t *testing.T, pdf []byte) string {
	t.Helper()
	return tool(t, pdf, "pdftotext", "-raw", "-", "-")
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestPage compares the texts with a golden file, in which a change of the page shows in words.
func TestPage(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "kit.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		paper Paper
		size  string
	}{
		{A4, "595.28 x 841.89 pts (A4)"},
		{Letter, "612 x 792 pts (letter)"},
	} {
		t.Run(string(c.paper), func(t *testing.T) {
			k := testKit(t)
			k.Paper = c.paper
			pdf := render(t, k)
			if got := pageText(t, pdf); words(got) != words(string(golden)) {
				t.Errorf("the page says:\n%s", got)
			}
			info := tool(t, pdf, "pdfinfo", "-")
			if !regexp.MustCompile(`Pages: +1\n`).MatchString(info) || !strings.Contains(info, c.size) {
				t.Errorf("want one page of %s:\n%s", c.size, info)
			}
			if strings.Contains(info, k.Email) || strings.Contains(info, "C1-") {
				t.Errorf("the document's properties, which indexers read, say too much:\n%s", info)
			}
		})
	}
}

// withRecovery is the kit of a new account, with its second half.
func withRecovery(t *testing.T) Kit {
	t.Helper()
	k := testKit(t)
	var err error
	if k.Recovery, err = keys.RecoveryCodeFromBytes(secret.New([]byte("0123456789abcdefghij"))); err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSecondHalf reads the recovery code off the page, on every paper and in every language.
func TestSecondHalf(t *testing.T) {
	for _, paper := range []Paper{A4, Letter} {
		for _, l := range assets.Languages() {
			k := withRecovery(t)
			k.Paper, k.Words = paper, catalog(t, l.Code)
			pdf := render(t, k)
			typed := regexp.MustCompile(`R1(-\w{6}){6}`).FindString(pageText(t, pdf))
			read, err := keys.ParseRecoveryCode(typed)
			if err != nil || !read.Equal(k.Recovery) {
				t.Errorf("%s, %s: %q is on the page: %v", paper, l.Code, typed, err)
			}
			if info := tool(t, pdf, "pdfinfo", "-"); !regexp.MustCompile(`Pages: +1\n`).MatchString(info) || strings.Contains(info, "R1-") {
				t.Errorf("%s, %s: not one page, or its properties say too much:\n%s", paper, l.Code, info)
			}
		}
	}
}

// TestPageCanBeScanned photographs the page, so to speak, and reads the code as a camera does.
func TestPageCanBeScanned(t *testing.T) {
	k := testKit(t)
	image := filepath.Join(t.TempDir(), "page")
	tool(t, render(t, k), "pdftoppm", "-r", "100", "-png", "-singlefile", "-", image)
	got := tool(t, nil, "zbarimg", "--quiet", "--raw", image+".png")
	read, err := keys.ParseSecretKey(got)
	if err != nil || !read.Equal(k.SecretKey) {
		t.Errorf("scanned something else: %v", err)
	}
}

// TestTypedKeyIsTheKey types what stands on the page, line by line.
func TestTypedKeyIsTheKey(t *testing.T) {
	for range 20 {
		k := testKit(t)
		k.SecretKey = keys.NewSecretKey()
		first, second := halves(k.SecretKey.Text())
		read, err := keys.ParseSecretKey(strings.ToLower(first) + " " + second)
		if err != nil || !read.Equal(k.SecretKey) {
			t.Errorf("typed something else: %v", err)
		}
		if len(first) > len("C1-AAAAA-BBBBB-CCCCC-") {
			t.Errorf("the first line has %d characters", len(first))
		}
	}
}

func TestSameKitSameBytes(t *testing.T) {
	first := render(t, testKit(t))
	for range 5 {
		if !bytes.Equal(first, render(t, testKit(t))) {
			t.Fatal("two pages of the same kit differ")
		}
	}
}

func TestLongTextsFit(t *testing.T) {
	k := testKit(t)
	k.Paper = Letter
	k.Email = strings.Repeat("w", 64) + "@" + strings.Repeat(strings.Repeat("m", 62)+".", 3)
	k.Server = "https://" + strings.Repeat("coffer.", 20) + "example.com"
	k.Device = strings.Repeat("W", 64)
	text := pageText(t, render(t, k))
	for _, value := range []string{k.Email, k.Server, k.Device} {
		if !strings.Contains(strings.Join(strings.Fields(text), ""), value) {
			t.Errorf("%d characters of %.20s… are not all on the page", len(value), value)
		}
	}
	k.Email = strings.Repeat("w", 5000)
	if _, err := Draw(k); !errors.Is(err, ErrTooLong) {
		t.Errorf("5,000 characters: %v, want %v", err, ErrTooLong)
	}
}

func TestOtherScripts(t *testing.T) {
	k := testKit(t)
	k.Device = "Ångström Ελλάδα Кофер"
	k.Email = "用户@example.com \U0001F511"
	text := words(pageText(t, render(t, k)))
	for _, want := range []string{k.Device, "(U+7528)(U+6237)@example.com (U+1F511)"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page:\n%s", want, text)
		}
	}
}

func TestEveryLanguageFits(t *testing.T) {
	for _, l := range assets.Languages() {
		k := testKit(t)
		k.Paper, k.Words = Letter, catalog(t, l.Code)
		pdf := render(t, k)
		title := k.Words.Text("kit.title")
		if l.Code == "ja" { // the embedded fonts do not have it
			title = catalog(t, "en").Text("kit.title")
		}
		if text := pageText(t, pdf); !strings.Contains(text, title) {
			t.Errorf("%s: %q is not on the page", l.Code, title)
		}
	}
}

func TestErrors(t *testing.T) {
	if err := laidOut(t, testKit(t)).WritePDF(failing{}); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
	k := testKit(t)
	k.SecretKey = keys.SecretKey{}
	if page, err := Draw(k); err == nil || page != nil {
		t.Errorf("a kit without a Secret Key: %v, %v", page, err)
	}
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
