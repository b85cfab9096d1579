package ui

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/coffer-vault/coffer/app/screen"
	"github.com/coffer-vault/coffer/app/ui/theme"
	"github.com/coffer-vault/coffer/app/ui/widget"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// detailWidth is the most that cards are wide, with the margins of the pane.
const detailWidth = 700

// detailView shows one item.
type detailView struct {
	w     *Window
	vault *screen.Vault
	model *screen.Detail
	menu  func() []widget.MenuItem
	box   *fyne.Container

	shape   []string
	focuses focusKeys
	updates []func(screen.DetailState) // what follows the state without being built anew
}

func newDetailView(w *Window, vault *screen.Vault, model *screen.Detail, menu func() []widget.MenuItem) *detailView {
	v := &detailView{w: w, vault: vault, model: model, menu: menu, box: widget.Stack()}
	model.OnChange(v.render)
	v.render(model.State())
	return v
}

func (v *detailView) render(s screen.DetailState) {
	if shape := detailShape(s); !slices.Equal(shape, v.shape) || len(v.box.Objects) == 0 {
		v.shape = shape
		held, hushed := v.focuses.holder(v.w), widget.Hushed(v.w.root.Canvas().Focused())
		v.focuses, v.updates = focusKeys{}, nil
		v.w.swap(v.box, v.build(s))
		if o := v.focuses[held]; held != "" && o != nil {
			if hushed {
				widget.Hush(o)
			}
			v.w.focus(o)
		}
	}
	for _, update := range v.updates {
		update(s)
	}
}

// detailShape tells states apart that need other parts; values that change by the second are not in it.
func detailShape(s screen.DetailState) []string {
	shape := []string{s.ID.String(), s.Title, s.Kind, s.Folder, s.Footer, s.HistoryLabel, s.Problem.What, strings.Join(s.Tags, "\n")}
	if s.CanEdit {
		shape = append(shape, "edit")
	}
	shape = append(shape, s.Back)
	for _, b := range s.Banners {
		shape = append(shape, b.Title, b.Body, b.Action, b.Ignore)
	}
	for _, c := range s.Cards {
		shape = append(shape, "card")
		for _, r := range c.Rows {
			shape = append(shape, r.ID, r.Label, r.Value)
		}
	}
	shape = append(append(shape, filesShape(s.Files)...), s.Removed.Text, s.Removed.Delete)
	for _, edit := range s.History {
		shape = append(shape, edit.When, edit.Restore)
		for _, h := range edit.Rows {
			shape = append(shape, h.ID, h.Label)
		}
	}
	return shape
}

func (v *detailView) build(s screen.DetailState) fyne.CanvasObject {
	switch {
	case !s.Problem.IsZero():
		return widget.Pad(widget.Column(0, widget.NewBanner(toneOf(s.Problem.Tone), s.Problem.What, details(s.Problem), nil)), 26, 30, 20, 30)
	case s.Title == "":
		return widget.Spacer() // it is being opened
	}
	column := widget.Column(gap)
	if s.Back != "" {
		back := keep(v, "back", widget.NewButton(s.Back, assets.IconChevronLeft, widget.Ghost, v.model.Back))
		column.Add(widget.Pad(widget.Row(0, back, widget.Spacer()), -10, 0, -8, ghostInset))
	}
	column.Add(v.header(s))
	for _, b := range s.Banners {
		column.Add(v.banner(b))
	}
	if s.Files.Shown && s.Files.First {
		column.Add(v.files(s.Files))
	}
	for _, c := range s.Cards {
		rows := make([]fyne.CanvasObject, len(c.Rows))
		for i, r := range c.Rows {
			rows[i] = v.row(r)
		}
		column.Add(widget.NewCard(rows...))
	}
	if s.Files.Shown && !s.Files.First {
		column.Add(v.files(s.Files))
	}
	column.Add(v.footer(s))
	if s.Removed.Text != "" {
		column.Add(v.removedFiles(s.Removed))
	}
	for _, edit := range s.History {
		column.Add(v.edit(edit))
	}
	return widget.NewScrollArea(widget.MaxWidth(detailWidth, widget.Pad(column, 26, 30, 20, 30)))
}

// keep remembers a focusable part under a name.
func keep[T fyne.Focusable](v *detailView, name string, o T) T {
	v.focuses[name] = o
	return o
}

func (v *detailView) header(s screen.DetailState) fyne.CanvasObject {
	title := widget.NewText(s.Title, theme.PageTitle).Shortened()
	star := keep(v, "star", widget.NewIconButton(assets.IconStar, "", v.vault.ToggleFavorite))
	edit := keep(v, "edit", widget.NewButton(v.w.text("screen.action.edit"), assets.IconPencil, widget.Secondary, v.model.Edit))
	edit.SetTip(v.w.keyOf(screen.ActionEdit))
	edit.Hidden, star.Hidden = !s.CanEdit, s.Trashed
	var more *widget.IconButton
	more = keep(v, "more", widget.NewIconButton(assets.IconEllipsis, v.w.text("ui.more"), func() { v.w.root.ShowMenuBelow(more, v.menu()...) }))
	v.updates = append(v.updates, func(s screen.DetailState) {
		if s.Favorite {
			star.SetIcon(assets.IconStarFilled, theme.ColorWarning)
			star.SetTip(v.w.tip(v.w.text("ui.removeFavorite"), screen.ActionFavorite))
		} else {
			star.SetIcon(assets.IconStar, theme.ColorMuted)
			star.SetTip(v.w.tip(v.w.text("ui.addFavorite"), screen.ActionFavorite))
		}
	})
	return widget.Wrap(12, 200,
		widget.Row(14, widget.NewAvatar(s.Title, v.avatarIcon(s), widget.AvatarPage), widget.Grow(widget.Column(3, title, v.subtitle(s)))),
		widget.Row(4, star, edit, more))
}

// avatarIcon is none for logins: they have the letter of their name.
func (v *detailView) avatarIcon(s screen.DetailState) assets.IconName {
	if s.Icon == assets.IconKeyRound {
		return assets.NoIcon
	}
	return s.Icon
}

// subtitle is the folder, or else the kind, and the tags.
func (v *detailView) subtitle(s screen.DetailState) fyne.CanvasObject {
	icon, text := s.Icon, s.Kind
	if s.Folder != "" {
		icon, text = assets.IconFolder, s.Folder
	}
	if len(s.Tags) > 0 {
		text += "  ·  " + strings.Join(s.Tags, ", ")
	}
	return widget.Row(6, widget.NewIcon(icon, theme.ColorMuted, widget.SmallIconSide), widget.Grow(widget.NewText(text, theme.Secondary).Shortened()))
}

func (v *detailView) banner(b screen.Banner) fyne.CanvasObject {
	var action, ignore *widget.Button
	if b.Action != "" {
		action = keep(v, "banner "+b.Title, widget.NewButton(b.Action, assets.NoIcon, widget.Secondary, func() { v.model.Act(b.Kind) }))
	}
	if b.Ignore == "" {
		return widget.NewBanner(toneOf(b.Tone), b.Title, b.Body, action)
	}
	ignore = keep(v, "ignore "+b.Title, widget.NewButton(b.Ignore, assets.NoIcon, widget.Ghost, func() { v.model.Ignore(b.Finding, !b.Ignored) }))
	if action == nil {
		return widget.NewBanner(toneOf(b.Tone), b.Title, b.Body, ignore)
	}
	return widget.NewBannerOver(toneOf(b.Tone), b.Title, b.Body, flow(4, 4, action, ignore))
}

func (v *detailView) row(r screen.DetailRow) fyne.CanvasObject {
	switch r.Type {
	case screen.RowSecret:
		return v.secretRow(r)
	case screen.RowCode:
		return v.codeRow(r)
	case screen.RowLink:
		return v.linkRow(r)
	case screen.RowNote:
		return widget.FieldRow(r.Label, widget.NewParagraph(r.Value, theme.Body), v.copyButton(r))
	}
	return widget.FieldRow(r.Label, widget.NewText(r.Value, theme.Value).Shortened(), v.copyButton(r))
}

func (v *detailView) copyButton(r screen.DetailRow) *widget.IconButton {
	return keep(v, "copy "+r.ID, widget.NewIconButton(assets.IconCopy, r.CopyTip, func() { v.model.Copy(r.ID) }))
}

// follow calls update for a row whenever the state has changed.
func (v *detailView) follow(id string, update func(screen.DetailRow)) {
	v.updates = append(v.updates, func(s screen.DetailState) {
		for _, c := range s.Cards {
			for _, r := range c.Rows {
				if r.ID == id {
					update(r)
				}
			}
		}
	})
}

func (v *detailView) secretRow(r screen.DetailRow) fyne.CanvasObject {
	shown, eye := newSecret(v.model.Secret, r.ID), keep(v, "reveal "+r.ID, widget.NewIconButton(assets.IconEye, r.RevealTip, func() { v.model.Reveal(r.ID) }))
	strength := newMeter()
	meterBox := widget.Pad(strength.box, 0, widget.CardMargin, 12, widget.CardMargin)
	v.follow(r.ID, func(r screen.DetailRow) {
		shown.show(r.Revealed)
		dressEye(eye, r.Revealed, r.RevealTip)
		strength.set(r.Meter)
		if meterBox.Hidden == r.Meter.Shown {
			meterBox.Hidden = !r.Meter.Shown
			v.w.relayout()
		}
	})
	return widget.Column(0, widget.FieldRow(r.Label, shown.widget, eye, v.copyButton(r)), meterBox)
}

func (v *detailView) codeRow(r screen.DetailRow) fyne.CanvasObject {
	if !r.Code.Valid {
		return widget.FieldRow(r.Label, widget.NewText(r.Code.Text, theme.Body.In(theme.ColorError)).Shortened(), v.copyButton(r))
	}
	code := widget.NewOneTimeCode()
	v.follow(r.ID, func(r screen.DetailRow) {
		code.SetPart(strings.ReplaceAll(r.Code.Text, " ", ""), r.Code.Left, r.Code.LeftText)
	})
	return widget.FieldRow(r.Label, code, v.copyButton(r))
}

func (v *detailView) linkRow(r screen.DetailRow) fyne.CanvasObject {
	var actions []fyne.CanvasObject
	role := theme.Value
	if r.OpenTip != "" {
		role = theme.Link
		actions = append(actions, keep(v, "open "+r.ID, widget.NewIconButton(assets.IconExternalLink, r.OpenTip, func() { v.model.Open(r.ID) })))
	}
	return widget.FieldRow(r.Label, widget.NewText(r.Value, role).Shortened(), append(actions, v.copyButton(r))...)
}

func (v *detailView) footer(s screen.DetailState) fyne.CanvasObject {
	line := widget.Row(6, widget.NewIcon(assets.IconClock, theme.ColorFaint, widget.SmallIconSide), widget.Grow(widget.NewText(s.Footer, theme.Caption).Shortened()))
	if s.HistoryLabel == "" {
		return widget.Pad(line, 0, 0, 0, 4)
	}
	icon := assets.IconChevronRight
	if s.HistoryOpen {
		icon = assets.IconChevronDown
	}
	earlier := keep(v, "history", widget.NewButton(s.HistoryLabel, icon, widget.Ghost, v.model.ToggleHistory))
	return widget.Pad(widget.Wrap(8, 230, line, earlier), 0, 0, 0, 4)
}

// edit is what a change of the item replaced, under the time until when it was so.
func (v *detailView) edit(edit screen.HistoryEdit) fyne.CanvasObject {
	rows := make([]fyne.CanvasObject, len(edit.Rows))
	for i, h := range edit.Rows {
		rows[i] = v.pastRow(h)
	}
	when := widget.NewText(edit.When, theme.Label).Shortened()
	if edit.Restore == "" {
		return widget.Column(2, when, widget.NewCard(rows...))
	}
	name := "restore " + strconv.Itoa(edit.Edit)
	restore := keep(v, name, widget.NewButton(edit.Restore, assets.IconUndo2, widget.Ghost, func() { v.model.RestoreVersion(edit.Edit) }))
	return widget.Column(2, widget.Wrap(8, 200, when, restore), widget.NewCard(rows...))
}

func (v *detailView) pastRow(h screen.HistoryRow) fyne.CanvasObject {
	switch {
	case h.Empty:
		return widget.FieldRow(h.Label, widget.NewText(h.Value, theme.Body.In(theme.ColorMuted)).Shortened())
	case h.Story:
		return widget.FieldRow(h.Label, widget.NewParagraph(h.Value, theme.Body))
	}
	copying := keep(v, "copy "+h.ID, widget.NewIconButton(assets.IconCopy, v.w.text("screen.detail.copy", "field", h.Label), func() { v.model.Copy(h.ID) }))
	if h.Secret {
		return v.pastSecret(h, copying)
	}
	return widget.FieldRow(h.Label, widget.NewParagraph(h.Value, theme.Body), copying)
}

func (v *detailView) pastSecret(h screen.HistoryRow, copying fyne.CanvasObject) fyne.CanvasObject {
	shown := newSecret(v.model.Secret, h.ID)
	eye := keep(v, "reveal "+h.ID, widget.NewIconButton(assets.IconEye, "", func() { v.model.Reveal(h.ID) }))
	v.updates = append(v.updates, func(s screen.DetailState) {
		now, ok := pastRowOf(s, h.ID)
		if !ok {
			return
		}
		key := "screen.detail.reveal"
		if now.Revealed {
			key = "screen.detail.hide"
		}
		shown.show(now.Revealed)
		dressEye(eye, now.Revealed, v.w.text(key, "field", h.Label))
	})
	return widget.FieldRow(h.Label, shown.widget, eye, copying)
}

func pastRowOf(s screen.DetailState, id string) (screen.HistoryRow, bool) {
	for _, edit := range s.History {
		for _, row := range edit.Rows {
			if row.ID == id {
				return row, true
			}
		}
	}
	return screen.HistoryRow{}, false
}

// secretView draws a secret that a model lends while it is revealed.
type secretView struct {
	widget *widget.Secret
	shown  bool
	lent   secret.Bytes
}

func newSecret(lend func(id string) secret.Bytes, id string) *secretView {
	s := &secretView{}
	s.widget = widget.NewSecret(func() []byte {
		s.lent = lend(id)
		return s.lent.Reveal()
	})
	return s
}

// show reveals or masks the secret. The copy that was drawn is wiped at once.
func (s *secretView) show(on bool) {
	if on == s.shown {
		return
	}
	s.shown = on
	s.widget.SetRevealed(on)
	s.lent.Wipe()
	s.lent = secret.Bytes{}
}

func dressEye(eye *widget.IconButton, revealed bool, tip string) {
	icon := assets.IconEye
	if revealed {
		icon = assets.IconEyeOff
	}
	eye.SetIcon(icon, theme.ColorMuted)
	eye.SetTip(tip)
}
