package ui

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/internal/testpc"
)

// canaries are what a person sees while the vault is open.
var canaries = []string{"canary-title", "canary-user", "canary-password", "JBSWY3DPEHPK3PXP", "canary-site", "canary-note", "canary-search", "canary-tag", testpc.Password}

// After a lock nothing of what was on the screen can be reached from the window: not from its objects, nor from the models behind them.
func TestLockLeavesNothingInTheWindow(t *testing.T) {
	d := openDesk(t)
	d.press(screen.ActionNew)
	d.typeText("canary-title")
	for label, text := range map[string]string{"Username": "canary-user", "Password": "canary-password", "One-time code": "JBSWY3DPEHPK3PXP",
		"Website": "canary-site.example", "Notes": "canary-note"} {
		d.tabTo(label)
		d.typeText(text)
	}
	d.tabTo("Tags")
	d.typeText("canary-tag")
	d.keys(fyne.KeyReturn)
	d.press(screen.ActionSave)
	d.waitForItem("canary-title")
	d.press(screen.ActionReveal)
	d.waitForSecret("canary-password")
	d.press(screen.ActionCopyPassword)
	d.waitFor("Password copied.")
	d.press(screen.ActionGenerator)
	d.keys(fyne.KeyEscape)
	d.press(screen.ActionSearch)
	d.typeText("canary-search")
	d.press(screen.ActionEdit)

	if found := search(d.ui, canaries); len(found) < 4 {
		t.Fatalf("the search finds only %q while everything is open: it cannot find anything", found)
	}
	d.press(screen.ActionLock)
	d.waitFor("Welcome back")
	d.until("clipboard cleared", func() bool { return d.clipboard.Content() == "" })
	d.lockAndWait() // it is locked; now nothing is open behind it either
	for _, canary := range search(d.ui, canaries) {
		t.Errorf("%s is still there", canary)
	}
	if n := len(d.window.Canvas().Overlays().List()); n > 0 {
		t.Errorf("%d dialogs are left over", n)
	}
}

// search follows every pointer from a root and lists, with their way from the root, the texts that hold a canary.
func search(root any, canaries []string) []string {
	s := &searcher{seen: map[visit]bool{}, canaries: canaries}
	s.look(reflect.ValueOf(root), "")
	return s.found
}

type visit struct {
	at uintptr
	of reflect.Type
}

type searcher struct {
	seen     map[visit]bool
	canaries []string
	found    []string
}

func (s *searcher) look(v reflect.Value, way string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		s.follow(v, way)
	case reflect.Struct:
		for i := range v.NumField() {
			s.look(v.Field(i), way+"."+v.Type().Field(i).Name)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			s.look(key, way+"[]")
			s.look(v.MapIndex(key), way+"[]")
		}
	case reflect.String:
		s.check(v.String(), way)
	case reflect.Slice, reflect.Array:
		s.list(v, way)
	}
}

func (s *searcher) follow(v reflect.Value, way string) {
	if v.IsNil() {
		return
	}
	if v.Kind() == reflect.Pointer {
		at := visit{v.Pointer(), v.Type()}
		if s.seen[at] {
			return
		}
		s.seen[at] = true
	}
	s.look(v.Elem(), way)
}

func (s *searcher) list(v reflect.Value, way string) {
	switch v.Type().Elem().Kind() {
	case reflect.Uint8:
		if v.Kind() == reflect.Slice {
			s.check(string(v.Bytes()), way)
		}
	case reflect.Int32: // runes
		text := ""
		for i := range v.Len() {
			text += string(rune(v.Index(i).Int()))
		}
		s.check(text, way)
	default:
		for i := range v.Len() {
			s.look(v.Index(i), fmt.Sprintf("%s[%d]", way, i))
		}
	}
}

func (s *searcher) check(text, way string) {
	for _, canary := range s.canaries {
		if strings.Contains(text, canary) {
			s.found = append(s.found, canary+" at "+way)
		}
	}
}
