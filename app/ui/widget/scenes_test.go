package widget

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/assets"
)

// The scenes put the widgets together as the screens do. Each is drawn in both palettes, and its layout is checked.

var scenes = []struct {
	name          string
	width, height float32
	build         func(*bench)
}{
	{"unlock", 1180, 740, sceneUnlock},
	{"unlock-small", 820, 480, sceneUnlock},
	{"welcome", 1180, 740, sceneWelcome},
	{"welcome-small", 820, 480, sceneWelcome},
	{"code", 1180, 740, sceneCode},
	{"busy", 1180, 740, sceneBusy},
	{"vault", 1180, 740, func(b *bench) { sceneVault(b) }},
	{"vault-small", 820, 480, func(b *bench) { sceneVault(b) }},
	{"vault-reveal", 1180, 740, sceneReveal},
	{"vault-weak", 1180, 740, sceneWeak},
	{"vault-menu", 1180, 740, sceneMenu},
	{"vault-focus", 1180, 740, sceneFocus},
	{"vault-empty", 1180, 740, sceneEmpty},
	{"editor", 1180, 740, sceneEditor},
	{"editor-small", 820, 480, sceneEditor},
	{"generator", 1180, 740, sceneGenerator},
	{"generator-small", 820, 480, sceneGenerator},
	{"confirm", 820, 480, sceneConfirm},
	{"select", 820, 480, sceneSelect},
	{"settings", 900, 640, sceneSettings},
	{"controls", 1000, 900, sceneControls},
}

func nothing() {}

func sceneUnlock(b *bench) {
	password := NewPasswordEntry("").Tall()
	password.SetPlaceholder("Master password")
	password.SetIcon(assets.IconLock)
	content := Column(0,
		Center(NewLogo(54)),
		Pad(NewText("Welcome back, Anna", theme.PageTitle).Aligned(fyne.TextAlignCenter).Shortened(), 16, 0, 3, 0),
		NewText("anna.keller@example.com  ·  vault.studio.example", theme.Secondary).Aligned(fyne.TextAlignCenter).Shortened(),
		Pad(password, 22, 0, 16, 0),
		NewButton("Unlock", assets.NoIcon, Primary, nothing).Tall(),
		Pad(NewButton("Unlock with Windows Hello", assets.IconFingerprintPattern, Secondary, nothing).Tall(), 8, 0, 0, 0),
		Pad(Center(NewButton("Sign in to another account", assets.NoIcon, Ghost, nothing)), 8, 0, 0, 0),
	)
	b.root.SetContent(Page(UnlockWidth, content, Assurance(assets.IconShieldCheck, "Your vault is decrypted on this device only.")))
	password.Focus()
}

func sceneWelcome(b *bench) {
	first, second := NewPasswordEntry("Master password").Tall(), NewPasswordEntry("Repeat master password").Tall()
	first.SetText("correct horse battery staple")
	second.SetPlaceholder("Type it again")
	meter := NewMeter()
	meter.Set(.8, theme.ColorSuccess, "Strong")
	long, known, same := NewRequirement("At least 12 characters"), NewRequirement("Not found in known breaches"), NewRequirement("Passwords match")
	long.SetMet(true)
	known.SetMet(true)
	content := Column(0,
		NewStepHeader("Step 2 of 4", .5, "About 2 minutes left"),
		Pad(NewText("Choose a master password", theme.PageTitle).Shortened(), 20, 0, 6, 0),
		NewParagraph("It opens your vault and never leaves this device. We can't reset it for you, so pick something long you will remember.", theme.Body.In(theme.ColorMuted)),
		Pad(first, 18, 0, 8, 0), meter, Pad(second, 16, 0, 14, 0),
		Column(5, long, known, same),
		Pad(Row(8, NewButton("Back", assets.NoIcon, Secondary, nothing).Tall(), Spacer(), NewButton("Continue", assets.NoIcon, Primary, nothing).Tall()), 20, 0, 0, 0),
	)
	b.root.SetContent(Page(StepWidth, content, nil))
	second.Focus()
}

func sceneCode(b *bench) {
	code := NewCodeEntry("Code from the e-mail", 4, 4)
	resend := NewButton("Send again in 24 s", assets.NoIcon, Ghost, nothing)
	resend.Disable()
	content := Column(0,
		NewStepHeader("Step 1 of 4", .25, ""),
		Pad(NewText("Check your e-mail", theme.PageTitle).Shortened(), 20, 0, 6, 0),
		NewParagraph("We sent a code to anna.keller@example.com. It is good for ten minutes.", theme.Body.In(theme.ColorMuted)),
		Pad(Center(code), 20, 0, 8, 0),
		Center(resend),
		Pad(Row(8, NewButton("Back", assets.NoIcon, Secondary, nothing).Tall(), Spacer(), NewButton("Continue", assets.NoIcon, Primary, nothing).Tall()), 20, 0, 0, 0),
	)
	b.root.SetContent(Page(StepWidth, content, nil))
	code.Focus()
	b.typeText("k7p2")
	code.SetError("This code is not the one we sent.")
	b.root.Refresh()
}

func sceneBusy(b *bench) {
	progress := NewProgress()
	progress.Set(.41)
	content := Column(14, Row(0, NewLogo(44), Spacer()), NewText("Importing your passwords", theme.PageTitle),
		NewText("Encrypting 512 of 1,248 items", theme.Secondary), progress,
		Row(0, Spacer(), NewButton("Cancel", assets.NoIcon, Secondary, nothing)))
	b.root.SetContent(Page(420, content, nil))
}

var names = []string{"GitHub", "Amazon", "Deutsche Bahn", "Netflix", "Hetzner Cloud", "Spotify", "Wikipedia", "ING Bank",
	"Proton Mail", "Figma", "Notion", "Dropbox", "Airbnb", "Lufthansa", "楽天市場 Rakuten", "Impôts.gouv", "Visa •• 4821",
	"A title that is much too long for the width of this list and must be shortened"}

// vaultScene keeps the parts that other scenes act on.
type vaultScene struct {
	panes   *Panes
	search  *Entry
	list    *List
	star    *IconButton
	secret  *Secret
	eye     *IconButton
	content *fyne.Container
}

func sceneVault(b *bench) *vaultScene {
	s := &vaultScene{}
	s.list = NewList(func() int { return 10000 }, func() fyne.CanvasObject { return NewItemRow() }, bindItem)
	s.list.Name, s.list.Label = "Items", func(index int) string { return names[index%len(names)] }
	s.list.OnMenu = func(_ int, at fyne.Position) { b.root.ShowMenu(at, itemMenu()...) }
	s.search = NewSearchEntry("Search vault", func() { Focus(s.list) })
	head := Row(8, Grow(Column(0, NewText("All items", theme.PaneTitle).Shortened(), NewText("10,000 items", theme.Caption))),
		NewIconButton(assets.IconArrowUpDown, "Sort", nothing), NewButton("New", assets.IconPlus, Primary, nothing))
	list := Column(0, Pad(head, 12, 12, 10, 18), Pad(s.search, 0, 12, 8, 12), Grow(Pad(s.list, 0, 4, 4, 8)))
	s.content = Stack(s.item(nil))
	s.panes = NewPanes(sidebar(), list, s.content)
	b.root.SetContent(s.panes)
	s.list.Select(0)
	return s
}

func bindItem(index int, row fyne.CanvasObject) {
	var badges []Badge
	if index%5 == 1 {
		badges = append(badges, Badge{assets.IconTriangleAlert, theme.ColorWarning, "weak password"})
	}
	if index%9 == 7 {
		badges = append(badges, Badge{assets.IconStarFilled, theme.ColorWarning, "favorite"})
	}
	icon := assets.NoIcon
	if index%17 == 16 {
		icon = assets.IconCreditCard
	}
	row.(*ItemRow).Set(names[index%len(names)], "anna.keller@example.com", icon, badges...)
}

func itemMenu() []MenuItem {
	return []MenuItem{
		{Label: "Copy username", Icon: assets.IconUser, Shortcut: "Ctrl+B"},
		{Label: "Copy password", Icon: assets.IconCopy, Shortcut: "Ctrl+Shift+C"},
		{Label: "Open website", Icon: assets.IconExternalLink, Shortcut: "Ctrl+O", Disabled: true}, {},
		{Label: "Edit", Icon: assets.IconPencil, Shortcut: "Ctrl+E"},
		{Label: "Add to favorites", Icon: assets.IconStar, Shortcut: "Ctrl+D"},
		{Label: "Move to folder", Icon: assets.IconFolder}, {},
		{Label: "Move to Trash", Icon: assets.IconTrash2, Danger: true, Shortcut: "Del"},
	}
}

func sidebar() fyne.CanvasObject {
	all := NewNavRow(assets.IconLayoutGrid, "All items", "10,000", nothing)
	all.SetSelected(true)
	account := Row(9, NewLogo(30), Grow(Column(0, NewText("Anna Keller", theme.Strong.Of(theme.SemiBold)).Shortened(), NewText("Personal vault", theme.Caption.In(theme.ColorMuted)).Shortened())),
		NewIconButton(assets.IconChevronDown, "Switch account", nothing))
	row := func(icon assets.IconName, label, count string) fyne.CanvasObject {
		return NewNavRow(icon, label, count, nothing)
	}
	rows := Column(1, all, row(assets.IconStar, "Favorites", "747"), row(assets.IconShieldAlert, "Security check", "912"),
		NavHeading("TYPES", nil),
		row(assets.IconKeyRound, "Logins", "5,589"), row(assets.IconCreditCard, "Cards", "1,115"), row(assets.IconStickyNote, "Notes", "1,073"),
		row(assets.IconIdCard, "Identities", "1,120"), row(assets.IconTerminal, "SSH keys", "1,103"),
		NavHeading("FOLDERS", NewIconButton(assets.IconPlus, "New folder", nothing).Small()),
		row(assets.IconFolder, "Work", "2,551"), row(assets.IconFolder, "Family", "2,505"), row(assets.IconFolder, "A folder with quite a long name", "2,507"),
		Pad(row(assets.IconTrash2, "Trash", "0"), 16, 0, 0, 0),
	)
	status := Row(0, NewIcon(assets.IconCloudCheck, theme.ColorSuccess, IconSide), Grow(Pad(NewText("Synced just now", theme.Caption.In(theme.ColorMuted)).Shortened(), 0, 4, 0, 8)),
		NewIconButton(assets.IconSettings, "Settings (Ctrl+,)", nothing), NewIconButton(assets.IconLock, "Lock now (Ctrl+L)", nothing))
	return Pad(Column(0, Pad(account, 0, 8, 10, 8), Grow(NewScrollArea(Pad(rows, 0, 8, 0, 0))), Pad(Rule(), 0, 8, 0, 0), Pad(status, 5, 8, 5, 10)), 13, 0, 0, 8)
}

// item is the detail of a login, with a banner perhaps.
func (s *vaultScene) item(banner fyne.CanvasObject) fyne.CanvasObject {
	s.star = NewIconButton(assets.IconStar, "Favorite", nothing)
	head := Wrap(12, 200, Row(14, NewAvatar("GitHub", assets.NoIcon, AvatarPage),
		Grow(Column(3, NewText("GitHub", theme.PageTitle).Shortened(), Row(6, NewIcon(assets.IconFolder, theme.ColorMuted, SmallIconSide), Grow(NewText("Family", theme.Secondary).Shortened()))))),
		Row(4, s.star, NewButton("Edit", assets.IconPencil, Secondary, nothing), NewIconButton(assets.IconEllipsis, "More", nothing)))
	s.secret = NewSecret(func() []byte { return []byte("Vg7#kQ2m-Lr9!tXe4wPz") })
	s.eye = NewIconButton(assets.IconEye, "Show", nothing)
	password := FieldRow("Password", s.secret, s.eye, NewIconButton(assets.IconCopy, "Copy password", nothing))
	meter := NewMeter()
	meter.Set(.94, theme.ColorSuccess, "Excellent")
	strength := Pad(Row(14, Grow(meter), NewText("Excellent", theme.FieldLabel)), 0, CardMargin, 12, CardMargin)
	code := NewOneTimeCode()
	code.SetPart("492057", .6, "18 s")
	user := NewText("anna.keller@example.com", theme.Value).Shortened()
	login := NewCard(FieldRow("Username", user, NewIconButton(assets.IconCopy, "Copy username", nothing)),
		Column(0, password, strength),
		FieldRow("One-time code", code, NewIconButton(assets.IconCopy, "Copy code", nothing)))
	site := NewCard(FieldRow("Website", NewText("https://github.example/login", theme.Link).Shortened(),
		NewIconButton(assets.IconExternalLink, "Open", nothing), NewIconButton(assets.IconCopy, "Copy website", nothing)))
	notes := NewCard(FieldRow("Notes", NewParagraph("Recovery codes are in the safe at home. Ask Jonas before changing the billing address; the invoice runs on the 1st of each month.", theme.Body)))
	edited := Row(6, NewIcon(assets.IconClock, theme.ColorFaint, SmallIconSide), Grow(NewText("Edited 20 September 2026, 00:50  ·  3 earlier passwords", theme.Caption).Shortened()))
	column := Column(14, head)
	if banner != nil {
		column.Add(banner)
	}
	column.Objects = append(column.Objects, login, site, notes, Pad(edited, 0, 0, 0, 4))
	return NewScrollArea(MaxWidth(700, Pad(column, 26, 30, 20, 30)))
}

func sceneReveal(b *bench) {
	s := sceneVault(b)
	s.secret.SetRevealed(true)
	s.eye.MouseIn(nil)
	b.elapse()
	b.root.ShowToast(Toast{Text: "Copied password · clears in 30 s"})
}

func sceneWeak(b *bench) {
	s := sceneVault(b)
	s.content.Objects = []fyne.CanvasObject{s.item(NewBanner(Warning, "Weak password", "It could be guessed in minutes. Change it on the website, then save the new one here.",
		NewButton("Change password", assets.NoIcon, Secondary, nothing)))}
	s.content.Refresh()
	s.list.Select(1)
	b.root.ShowToast(Toast{Text: "Moved to Trash", Icon: assets.IconTrash2, Action: "Undo", OnAction: nothing})
}

func sceneMenu(b *bench) {
	s := sceneVault(b)
	s.list.Select(4)
	b.root.ShowMenu(fyne.NewPos(380, 330), itemMenu()...)
	b.keys(fyne.KeyDown, fyne.KeyDown)
}

func sceneFocus(b *bench) {
	s := sceneVault(b)
	s.search.SetText("wiki")
	Focus(s.star)
	b.elapse()
}

func sceneEmpty(b *bench) {
	s := sceneVault(b)
	s.content.Objects = []fyne.CanvasObject{EmptyState(assets.IconVault, "Nothing selected", "Choose an item from the list, or save your first password.", NewButton("New item", assets.IconPlus, Primary, nothing))}
	s.list.Length = func() int { return 0 }
	s.list.Refresh()
	s.content.Refresh()
}

func sceneEditor(b *bench) {
	s := sceneVault(b)
	entry := func(label, text string) *Entry {
		e := NewEntry(label)
		e.SetText(text)
		return e
	}
	password := NewPasswordEntry("Password").With(NewIconButton(assets.IconWandSparkles, "Generate password", nothing))
	password.SetText("Vg7#kQ2m-Lr9!tXe4wPz")
	meter := NewMeter()
	meter.Set(.94, theme.ColorSuccess, "Excellent")
	seed := NewPasswordEntry("One-time code secret")
	seed.SetPlaceholder("Paste the otpauth:// link or key")
	site := entry("Website", "console.hetzner.example").With(NewIconButton(assets.IconPlus, "Add website", nothing))
	site.SetError("This is not a full address. Did you mean https://console.hetzner.example?")
	notes := NewMultiLineEntry("Notes", 3)
	notes.SetText("Recovery codes are in the safe at home.\nAsk Jonas before changing the billing address; the invoice runs on the 1st of each month.")
	form := Column(14, entry("Name", "Hetzner Cloud"), entry("Username", "anna.keller@example.com"), Column(8, password, meter), seed, site,
		NewSelect("Folder", []Option{{"Work", assets.IconFolder}, {"Family", assets.IconFolder}}, 0, nil), notes,
		Row(8, NewButton("Add field", assets.IconPlus, Ghost, nothing), Spacer(), NewButton("Move to Trash", assets.IconTrash2, Secondary, nothing)))
	bar := Pad(Row(8, Grow(NewText("Edit login", theme.PaneTitle).Shortened()), NewButton("Cancel", assets.NoIcon, Secondary, nothing), NewButton("Save", assets.NoIcon, Primary, nothing)), 12, 24, 12, 30)
	s.panes.SetDetail(Column(0, bar, Rule(), Grow(NewScrollArea(MaxWidth(700, Pad(form, 18, 30, 20, 30))))))
	password.Focus()
}

func sceneGenerator(b *bench) {
	sceneVault(b)
	secret := NewSecret(func() []byte { return []byte("Yi+*@8*Ym!Mqvi5$j8CA") })
	secret.SetRevealed(true)
	box := Stack(NewSurface(theme.ColorInput, theme.ColorButtonLine, theme.RadiusMenu), Pad(Row(2, Grow(secret), NewIconButton(assets.IconRefreshCw, "Another", nothing), NewIconButton(assets.IconCopy, "Copy", nothing)), 7, 8, 7, 14))
	meter := NewMeter()
	meter.Set(1, theme.ColorSuccess, "Excellent")
	number := NewText("20", theme.Strong.Of(theme.SemiBold)).Aligned(fyne.TextAlignTrailing)
	slider := NewSlider("Length", 8, 64, 20, func(v int) { number.SetText(fmt.Sprint(v)) })
	body := Column(14, NewSegmented([]string{"Password", "Passphrase", "PIN"}, 0, nil), box,
		Column(6, meter, NewText("Excellent · about 128 bits", theme.Secondary)),
		Row(14, NewText("Length", theme.Body), Grow(slider), Width(24, number)),
		Row(22, NewCheck("A–Z", true, nil), NewCheck("a–z", true, nil), NewCheck("0–9", true, nil), NewCheck("!#$%", false, nil)))
	b.root.ShowModal(NewModal("Password generator", body, NewButton("Cancel", assets.NoIcon, Secondary, nothing), NewButton("Use password", assets.NoIcon, Primary, nothing)))
}

func sceneConfirm(b *bench) {
	sceneVault(b)
	body := NewParagraph("“GitHub” and its history will be gone from all your devices. This cannot be undone.", theme.Body.In(theme.ColorMuted))
	b.root.ShowModal(NewModal("Delete for ever?", body, NewButton("Cancel", assets.NoIcon, Secondary, nothing), NewButton("Delete for ever", assets.IconTrash2, Danger, nothing)))
}

func sceneSelect(b *bench) {
	field := NewSelect("Lock after", options("1 minute", "5 minutes", "15 minutes", "1 hour", "Never"), 1, nil)
	b.show(Row(0, Width(260, field), Spacer()))
	Focus(field)
	b.keys(fyne.KeySpace, fyne.KeyDown)
}

func sceneSettings(b *bench) {
	card := NewCard(
		CardRow(NewSwitch("Start at login", true, nil)),
		CardRow(NewSwitch("Clear the clipboard after 30 seconds", false, nil)),
		CardRow(Row(12, Grow(Column(2, NewText("Theme", theme.Body), NewText("Follows the system unless you choose", theme.Secondary))), NewSegmented([]string{"System", "Light", "Dark"}, 1, nil))),
		CardRow(Row(12, Grow(NewText("Language", theme.Body)), Width(180, NewSelect("", options("English", "Deutsch"), 0, nil)))),
	)
	b.root.SetContent(Stack(NewSurface(theme.ColorDetail, theme.ColorNone, 0), MaxWidth(640, Pad(Column(16,
		NewText("Settings", theme.PageTitle), card,
		NewBanner(Info, "An update is ready", "Coffer 1.4.2 was downloaded and checked.", NewButton("Install now", assets.NoIcon, Secondary, nothing)),
		NewBanner(Problem, "Could not sync", "The server did not answer. Your changes are safe on this device.", NewButton("Try again", assets.IconRefreshCw, Secondary, nothing)),
		NewBanner(Good, "Everything is in order", "", nil),
	), 24, 24, 24, 24))))
}

func sceneControls(b *bench) {
	rows := Column(14)
	for _, kind := range []Kind{Primary, Secondary, Ghost, Danger} {
		line := Row(12)
		for _, state := range []string{"Normal", "Hovered", "Pressed", "Focused", "Disabled", "Busy"} {
			button := NewButton(state, assets.IconPlus, kind, nothing)
			setState(&button.control, state)
			button.SetBusy(state == "Busy")
			line.Add(button)
		}
		rows.Add(line)
	}
	line := Row(12)
	for _, state := range []string{"Normal", "Hovered", "Pressed", "Focused", "Disabled"} {
		icon, check, toggle := NewIconButton(assets.IconCopy, "Copy", nothing), NewCheck(state, true, nil), NewSwitch(state, true, nil)
		nav := NewNavRow(assets.IconFolder, state, "12", nothing)
		for _, c := range []*control{&icon.control, &check.control, &toggle.control, &nav.control} {
			setState(c, state)
		}
		line.Add(Width(150, Column(8, icon, check, toggle, nav)))
	}
	rows.Add(line)
	slider, segmented, code := NewSlider("Length", 0, 10, 4, nil), NewSegmented([]string{"One", "Two"}, 1, nil), NewCodeEntry("Code", 4, 4)
	setState(&slider.control, "Focused")
	setState(&segmented.control, "Focused")
	rows.Add(Row(20, Width(200, slider), segmented, code))
	failed := NewEntry("E-mail")
	failed.SetText("anna@")
	failed.SetError("This address is not complete.")
	off := NewEntry("Server")
	off.SetText("vault.studio.example")
	off.SetHint("Set by your organization")
	off.Disable()
	rows.Add(TopRow(20, Width(220, failed), Width(220, off), Width(220, NewSelect("Folder", options("Work"), 0, nil))))
	b.show(rows)
}

func setState(c *control, state string) {
	c.hovered, c.pressed, c.focused, c.disabled = state == "Hovered" || state == "Pressed", state == "Pressed", state == "Focused", state == "Disabled"
}
