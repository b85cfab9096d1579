package tray

import (
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/coffer-vault/coffer/internal/testbus"
)

const (
	watcher  = "org.kde.StatusNotifierWatcher"
	item     = "org.kde.StatusNotifierItem"
	menu     = "com.canonical.dbusmenu"
	itemPath = dbus.ObjectPath("/StatusNotifierItem")
	menuPath = itemPath + "/menu"
)

// panel plays a desktop's panel: it is told of an icon, and presses it.
type panel struct {
	t     *testing.T
	conn  *dbus.Conn
	icons chan string // the bus names of those that register
}

func startPanel(t *testing.T, s *testbus.Session) *panel {
	t.Helper()
	p := &panel{t: t, conn: s.Connect(t), icons: make(chan string, 4)}
	err := p.conn.ExportMethodTable(map[string]any{
		"RegisterStatusNotifierItem": func(_ string, sender dbus.Sender) *dbus.Error {
			p.icons <- string(sender)
			return nil
		},
	}, "/StatusNotifierWatcher", watcher)
	if err == nil {
		_, err = p.conn.RequestName(watcher, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type layout struct {
	ID       int32
	Props    map[string]dbus.Variant
	Children []dbus.Variant
}

// lines reads the menu as a panel does.
func (p *panel) lines(icon string) []layout {
	p.t.Helper()
	var revision uint32
	var root layout
	err := p.conn.Object(icon, menuPath).Call(menu+".GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root)
	if err != nil {
		p.t.Fatal(err)
	}
	var lines []layout
	for _, child := range root.Children {
		var l layout
		if err := dbus.Store([]any{child.Value()}, &l); err != nil {
			p.t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func (l layout) label() string {
	label, _ := l.Props["label"].Value().(string)
	return label
}

func (p *panel) call(icon string, path dbus.ObjectPath, method string, args ...any) {
	p.t.Helper()
	if err := p.conn.Object(icon, path).Call(method, 0, args...).Err; err != nil {
		p.t.Fatal(err)
	}
}

func (p *panel) pixels(icon string) []byte {
	p.t.Helper()
	v, err := p.conn.Object(icon, itemPath).GetProperty(item + ".IconPixmap")
	if err != nil {
		p.t.Fatal(err)
	}
	var pixmaps []struct {
		Width, Height int32
		Pixels        []byte
	}
	if err := v.Store(&pixmaps); err != nil || len(pixmaps) != 1 || pixmaps[0].Width != side {
		p.t.Fatal("no icon", err)
	}
	return pixmaps[0].Pixels
}

var started bool

// One test, because a process has one icon.
func TestIconOnTheBus(t *testing.T) {
	if started {
		t.Skip("a process has one icon, and this one has had it")
	}
	started = true
	s := testbus.StartBus(t, t.TempDir())
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", s.Address)
	p := startPanel(t, s)
	icons, pressed := make(chan struct{}, 1), make(chan string)
	does := func(name string) func() { return func() { pressed <- name } } // until somebody has heard of it: a second press is dropped meanwhile
	unlocked := Look{Tip: "Coffer", Lines: []Line{{Label: "Show"}, {Label: "Lock"}, {}, {Label: "Quit"}}}
	tray, err := Start(Config{Name: "Coffer", Pressed: func() { icons <- struct{}{} }, Do: []func(){does("show"), does("lock"), nil, does("quit")}}, unlocked)
	if err != nil {
		t.Fatal(err)
	}
	icon := <-p.icons
	lines := p.lines(icon)
	if len(lines) != 4 || lines[0].label() != "Show" || lines[2].Props["type"].Value() != "separator" || lines[3].label() != "Quit" {
		t.Fatalf("the menu is %+v", lines)
	}
	p.call(icon, itemPath, item+".Activate", int32(0), int32(0))
	<-icons
	for i, want := range map[int]string{0: "show", 1: "lock", 3: "quit"} {
		p.click(icon, lines[i].ID, pressed, want)
	}
	colours := p.pixels(icon)

	tray.Set(Look{Locked: true, Tip: "Coffer · locked", Lines: []Line{{Label: "Anzeigen"}, {Label: "Lock", Disabled: true}, {}, {Label: "Quit"}}})
	lines = p.lines(icon)
	if lines[0].label() != "Anzeigen" || lines[1].Props["enabled"].Value() != false || lines[3].Props["enabled"].Value() != true {
		t.Errorf("after a lock the menu is %+v", lines)
	}
	greys := p.pixels(icon)
	if len(greys) != len(colours) || string(greys) == string(colours) {
		t.Error("the icon does not say that the vault is locked")
	}
	tray.Stop()
}

// click presses a line until that is noticed: the library drops a press that comes while nobody waits for it.
func (p *panel) click(icon string, line int32, pressed <-chan string, want string) {
	p.t.Helper()
	for {
		p.call(icon, menuPath, menu+".Event", line, "clicked", dbus.MakeVariant(""), uint32(0))
		select {
		case got := <-pressed:
			if got != want {
				p.t.Errorf("did %s, want %s", got, want)
			}
			return
		default:
		}
	}
}
