package kit

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/skip2/go-qrcode"

	"github.com/coffer-vault/coffer/assets"
)

// Lengths are in millimetres, sizes of type in points.
const (
	margin  = 20.0
	padding = 6.0 // within a card
	gap     = 7.0 // between sections
	radius  = 3.0
	qrSide  = 40.0
	footer  = 17.0 // from the bottom edge
)

// The light palette of the program, which is made for white ground.
var (
	ink      = color.RGBA{0x17, 0x20, 0x1D, 0xFF}
	muted    = color.RGBA{0x5A, 0x65, 0x5F, 0xFF}
	accent   = color.RGBA{0x0A, 0x5F, 0x53, 0xFF}
	soft     = color.RGBA{0xEC, 0xF6, 0xF3, 0xFF}
	hairline = color.RGBA{0xCD, 0xD3, 0xCF, 0xFF}
	white    = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
)

// sheet is the page while it is laid out, from top to bottom: y is where the next section begins.
type sheet struct {
	page     *Page
	typeface *typeface
	scale    float64 // of the type
	width    float64 // between the margins
	height   float64 // of the paper
	y        float64

	face face // of the text that follows, with its size in points and its colour
	size float64
	ink  color.RGBA
}

func newSheet(k Kit, t *typeface, scale float64) *sheet {
	width, height := k.Paper.size()
	page := &Page{Width: width, Height: height, kit: k, typeface: t}
	return &sheet{page: page, typeface: t, scale: scale, width: width - 2*margin, height: height, y: margin}
}

// draw fills the page.
func (s *sheet) draw(k Kit) error {
	if err := s.heading(k); err != nil {
		return err
	}
	s.account(k)
	if err := s.secretKey(k); err != nil {
		return err
	}
	s.password(k)
	s.advice(k)
	s.recovery(k)
	s.foot(k)
	return nil
}

// fits reports whether the sections end above the footer.
func (s *sheet) fits() bool { return s.y <= s.height-footer-4 }

func (s *sheet) add(m mark) { s.page.marks = append(s.page.marks, m) }

// heading: logo, title, and what the page is for.
func (s *sheet) heading(k Kit) error {
	icon, err := assets.AppIcon(512)
	if err != nil {
		return err
	}
	const side = 16.0
	s.add(picture{margin, s.y, side, icon})
	s.style(bold, 22, ink)
	s.text(margin+side+6, s.y+8, k.Words.Text("kit.title"))
	s.style(sans, 11, muted)
	s.text(margin+side+6, s.y+14, "Coffer")
	s.y += side + 6
	s.style(sans, 10.5, ink)
	s.paragraph(margin, s.width, k.Words.Text("kit.body"))
	s.y += gap
	return nil
}

// account: a card with a row for each fact.
func (s *sheet) account(k Kit) {
	made := k.Words.Text("kit.made", "device", k.Device, "date", k.Words.Date(k.Created))
	rows := [][2]string{
		{k.Words.Text("kit.email"), k.Email},
		{k.Words.Text("kit.server"), k.Server},
		{k.Words.Text("kit.device"), made},
	}
	const labels = 34.0
	top := s.y
	s.y += padding
	for i, row := range rows {
		if i > 0 {
			s.y += 2.5
		}
		start := s.y
		s.style(sans, 10, muted)
		s.paragraph(margin+padding, labels, row[0])
		after := s.y
		s.y = start
		s.style(sans, 10.5, ink)
		s.paragraph(margin+padding+labels, s.width-2*padding-labels, s.typeface.spell(row[1]))
		s.y = max(s.y, after)
	}
	s.y += padding
	s.card(top, color.RGBA{}, hairline)
	s.y += gap
}

// secretKey: the card for which the page is made, to be typed or scanned.
func (s *sheet) secretKey(k Kit) error {
	height := qrSide + 2*padding
	top := s.y
	s.y += height
	s.card(top, soft, accent)

	left := margin + padding
	s.style(bold, 11, accent)
	s.text(left, top+padding+4, k.Words.Text("kit.secretKey"))
	s.face, s.size, s.ink = mono, 22, ink // never smaller: it is read and typed
	first, second := halves(k.SecretKey.Text())
	s.text(left, top+padding+16, first)
	s.text(left, top+padding+26, second)
	s.style(sans, 9, muted)
	s.y = top + padding + 31
	s.paragraph(left, s.width-3*padding-qrSide, k.Words.Text("kit.secretKeyHint"))
	s.y = max(s.y, top+height) + gap
	return s.qr(margin+s.width-padding-qrSide, top+padding, k.SecretKey.Text())
}

// halves breaks the Secret Key after its third group: in one line it would be too small beside the code.
func halves(text string) (first, second string) {
	groups := strings.Split(text, "-")
	half := (len(groups) + 1) / 2
	return strings.Join(groups[:half], "-") + "-", strings.Join(groups[half:], "-")
}

// qr draws a code that can lose a quarter of its area to folds and stains. Every run of dark modules is one rectangle, a little
// larger than it should be, so that no light line shows between two.
func (s *sheet) qr(x, y float64, text string) error {
	code, err := qrcode.New(text, qrcode.High)
	if err != nil {
		return err
	}
	code.DisableBorder = true // the card gives it more than the quiet zone
	modules := code.Bitmap()
	const quiet, overlap = 2.0, 0.03
	s.add(box{x: x, y: y, width: qrSide, height: qrSide, radius: 1.5, fill: white})
	side := (qrSide - 2*quiet) / float64(len(modules))
	for row, line := range modules {
		for from := 0; from < len(line); from++ {
			to := from
			for to < len(line) && line[to] {
				to++
			}
			if to > from {
				s.add(box{x: x + quiet + float64(from)*side, y: y + quiet + float64(row)*side, width: float64(to-from)*side + overlap, height: side + overlap, fill: ink})
				from = to
			}
		}
	}
	return nil
}

// password: a line to write on.
func (s *sheet) password(k Kit) {
	s.style(bold, 11, ink)
	s.paragraph(margin, s.width, k.Words.Text("kit.password"))
	s.style(sans, 9, muted)
	s.paragraph(margin, s.width, k.Words.Text("kit.passwordHint"))
	s.y += 13
	s.add(rule{x: margin, y: s.y, width: s.width, thick: 0.25, ink: muted})
	s.y += gap
}

// advice: two columns of three sentences.
func (s *sheet) advice(k Kit) {
	const between = 10.0
	column := (s.width - between) / 2
	top := s.y
	s.list(margin, column, k.Words.Text("kit.keep.title"),
		k.Words.Text("kit.keep.1"), k.Words.Text("kit.keep.2"), k.Words.Text("kit.keep.3"))
	bottom := s.y
	s.y = top
	s.list(margin+column+between, column, k.Words.Text("kit.use.title"),
		k.Words.Text("kit.use.1"), k.Words.Text("kit.use.2"), k.Words.Text("kit.use.3"))
	s.y = max(s.y, bottom)
}

// list is a title and numbered sentences.
func (s *sheet) list(x, width float64, title string, sentences ...string) {
	const indent = 6.0
	s.style(bold, 11, ink)
	s.paragraph(x, width, title)
	s.y++
	for i, sentence := range sentences {
		start := s.y
		s.style(bold, 9.5, accent)
		s.paragraph(x, indent, fmt.Sprint(i+1))
		s.y = start
		s.style(sans, 9.5, ink)
		s.paragraph(x+indent, width-indent, sentence)
		s.y += 1.5
	}
}

// recovery: the second half, below a line to cut along: code and mailbox together open the vault, so some people keep it elsewhere.
func (s *sheet) recovery(k Kit) {
	if k.Recovery.IsZero() {
		return
	}
	s.y += gap
	s.cutLine()
	s.style(bold, 11, accent)
	s.paragraph(margin, s.width, k.Words.Text("kit.recovery"))
	s.style(sans, 9.5, ink)
	s.paragraph(margin, s.width, k.Words.Text("kit.recoveryHint", "email", s.typeface.spell(k.Email)))
	s.y += 3
	top := s.y
	s.y += recoveryHeight
	s.card(top, color.RGBA{}, hairline)
	s.face, s.size, s.ink = mono, 14, ink // never smaller: it is read and typed
	s.text(margin+padding, top+recoveryHeight/2+1.8, k.Recovery.Text())
}

// recoveryHeight is that of the card with the code, in millimetres.
const recoveryHeight = 14.0

func (s *sheet) cutLine() {
	s.add(rule{x: 0, y: s.y, width: s.page.Width, thick: 0.2, dashed: true, ink: muted})
	s.y += gap
}

func (s *sheet) foot(k Kit) {
	y := s.height - footer
	s.add(rule{x: margin, y: y, width: s.width, thick: 0.2, ink: hairline})
	s.style(sans, 8, muted)
	s.text(margin, y+5, k.Words.Text("kit.footer"))
}

// card draws a frame from top to y; without a fill, above what is there already.
func (s *sheet) card(top float64, fill, frame color.RGBA) {
	s.add(box{x: margin, y: top, width: s.width, height: s.y - top, radius: radius, fill: fill, frame: frame})
}

// style sets font, size and colour for the text that follows.
func (s *sheet) style(f face, size float64, ink color.RGBA) {
	s.face, s.size, s.ink = f, size*s.scale, ink
}

// text writes one line.
func (s *sheet) text(x, y float64, text string) {
	s.add(line{x: x, y: y, face: s.face, size: s.size, ink: s.ink, text: text})
}

// paragraph writes lines of text from y on, and moves y below them.
func (s *sheet) paragraph(x, width float64, text string) {
	size := s.size * mmPerPoint
	for _, words := range s.typeface.lines(s.face, s.size, width, text) {
		s.text(x, s.y+baseline*size, words)
		s.y += lineHeight * size
	}
}
