package kit

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go-pdf/fpdf"
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

type colour struct{ r, g, b int }

// The light palette of the program, which is made for white ground.
var (
	ink      = colour{0x17, 0x20, 0x1D}
	muted    = colour{0x5A, 0x65, 0x5F}
	accent   = colour{0x0A, 0x5F, 0x53}
	soft     = colour{0xEC, 0xF6, 0xF3}
	hairline = colour{0xCD, 0xD3, 0xCF}
)

// Fonts by the names that they have in the document.
const (
	sans = "sans"
	bold = "bold"
	mono = "mono"
)

// sheet is the page while it is drawn, from top to bottom: y is where the next section begins.
type sheet struct {
	pdf      *fpdf.Fpdf
	typeface *typeface
	scale    float64 // of the type
	width    float64 // between the margins
	height   float64 // of the paper
	y        float64
}

func newSheet(k Kit, t *typeface, scale float64) *sheet {
	pdf := fpdf.New("P", "mm", string(k.Paper), "")
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCellMargin(0)
	pdf.AddUTF8FontFromBytes(sans, "", assets.FontRegular)
	pdf.AddUTF8FontFromBytes(bold, "", assets.FontSemiBold)
	pdf.AddUTF8FontFromBytes(mono, "", assets.FontMono)
	// Only what is no secret, and nothing that differs from run to run.
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(k.Created.UTC())
	pdf.SetModificationDate(k.Created.UTC())
	pdf.SetProducer("Coffer", true)
	pdf.SetTitle("Coffer: "+k.Words.Text("kit.title"), true)
	pdf.SetLang(k.Words.Code())
	pdf.AddPage()
	width, height := pdf.GetPageSize()
	return &sheet{pdf: pdf, typeface: t, scale: scale, width: width - 2*margin, height: height, y: margin}
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
	return s.pdf.Error()
}

// fits reports whether the sections end above the footer.
func (s *sheet) fits() bool { return s.y <= s.height-footer-4 }

func (s *sheet) write(w io.Writer) error {
	if err := s.pdf.Output(w); err != nil {
		return fmt.Errorf("emergency kit: %w", err)
	}
	return nil
}

// heading: logo, title, and what the page is for.
func (s *sheet) heading(k Kit) error {
	icon, err := assets.AppIcon(512)
	if err != nil {
		return err
	}
	const side = 16.0
	png := fpdf.ImageOptions{ImageType: "PNG"}
	s.pdf.RegisterImageOptionsReader("icon", png, bytes.NewReader(icon))
	s.pdf.ImageOptions("icon", margin, s.y, side, side, false, png, 0, "")
	s.style(bold, 22, ink)
	s.pdf.Text(margin+side+6, s.y+8, k.Words.Text("kit.title"))
	s.style(sans, 11, muted)
	s.pdf.Text(margin+side+6, s.y+14, "Coffer")
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
	s.card(top, "D", hairline)
	s.y += gap
}

// secretKey: the card for which the page is made, to be typed or scanned.
func (s *sheet) secretKey(k Kit) error {
	height := qrSide + 2*padding
	s.pdf.SetFillColor(soft.r, soft.g, soft.b)
	top := s.y
	s.y += height
	s.card(top, "FD", accent)

	left := margin + padding
	s.style(bold, 11, accent)
	s.pdf.Text(left, top+padding+4, k.Words.Text("kit.secretKey"))
	s.pdf.SetFont(mono, "", 22) // never smaller: it is read and typed
	s.pdf.SetTextColor(ink.r, ink.g, ink.b)
	first, second := halves(k.SecretKey.Text())
	s.pdf.Text(left, top+padding+16, first)
	s.pdf.Text(left, top+padding+26, second)
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
	s.pdf.SetFillColor(255, 255, 255)
	s.pdf.RoundedRect(x, y, qrSide, qrSide, 1.5, "1234", "F")
	s.pdf.SetFillColor(ink.r, ink.g, ink.b)
	side := (qrSide - 2*quiet) / float64(len(modules))
	for row, line := range modules {
		for from := 0; from < len(line); from++ {
			to := from
			for to < len(line) && line[to] {
				to++
			}
			if to > from {
				s.pdf.Rect(x+quiet+float64(from)*side, y+quiet+float64(row)*side, float64(to-from)*side+overlap, side+overlap, "F")
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
	s.pdf.SetDrawColor(muted.r, muted.g, muted.b)
	s.pdf.SetLineWidth(0.25)
	s.pdf.Line(margin, s.y, margin+s.width, s.y)
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
	s.card(top, "D", hairline)
	s.pdf.SetFont(mono, "", 14) // never smaller: it is read and typed
	s.pdf.SetTextColor(ink.r, ink.g, ink.b)
	s.pdf.Text(margin+padding, top+recoveryHeight/2+1.8, k.Recovery.Text())
}

// recoveryHeight is that of the card with the code, in millimetres.
const recoveryHeight = 14.0

func (s *sheet) cutLine() {
	s.pdf.SetDrawColor(muted.r, muted.g, muted.b)
	s.pdf.SetLineWidth(0.2)
	s.pdf.SetDashPattern([]float64{2, 2}, 0)
	s.pdf.Line(0, s.y, s.width+2*margin, s.y)
	s.pdf.SetDashPattern([]float64{}, 0)
	s.y += gap
}

func (s *sheet) foot(k Kit) {
	y := s.height - footer
	s.pdf.SetDrawColor(hairline.r, hairline.g, hairline.b)
	s.pdf.SetLineWidth(0.2)
	s.pdf.Line(margin, y, margin+s.width, y)
	s.style(sans, 8, muted)
	s.pdf.Text(margin, y+5, k.Words.Text("kit.footer"))
}

// card draws a frame from top to y.
func (s *sheet) card(top float64, style string, frame colour) {
	s.pdf.SetDrawColor(frame.r, frame.g, frame.b)
	s.pdf.SetLineWidth(0.25)
	s.pdf.RoundedRect(margin, top, s.width, s.y-top, radius, "1234", style)
}

// style sets font, size and colour for the text that follows.
func (s *sheet) style(font string, size float64, c colour) {
	s.pdf.SetFont(font, "", size*s.scale)
	s.pdf.SetTextColor(c.r, c.g, c.b)
}

// paragraph writes lines of text from y on, and moves y below them.
func (s *sheet) paragraph(x, width float64, text string) {
	_, size := s.pdf.GetFontSize()
	s.pdf.SetXY(x, s.y)
	s.pdf.MultiCell(width, size*1.42, text, "", "L", false)
	s.y = s.pdf.GetY()
}
