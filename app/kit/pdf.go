package kit

import (
	"bytes"
	"fmt"
	"image/color"
	"io"

	"github.com/go-pdf/fpdf"
)

// document is a page while it is written as PDF.
type document struct{ pdf *fpdf.Fpdf }

// fontNames are those that the fonts have in the document.
var fontNames = [faces]string{sans: "sans", bold: "bold", mono: "mono"}

// WritePDF writes the page as PDF. The same kit gives the same bytes.
func (p *Page) WritePDF(w io.Writer) error {
	pdf := fpdf.New("P", "mm", string(p.kit.Paper), "")
	pdf.SetAutoPageBreak(false, 0)
	for f, file := range fontFiles() {
		pdf.AddUTF8FontFromBytes(fontNames[f], "", file)
	}
	// Only what is no secret, and nothing that differs from run to run.
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(p.kit.Created.UTC())
	pdf.SetModificationDate(p.kit.Created.UTC())
	pdf.SetProducer("Coffer", true)
	pdf.SetTitle("Coffer: "+p.kit.Words.Text("kit.title"), true)
	pdf.SetLang(p.kit.Words.Code())
	pdf.AddPage()
	d := &document{pdf}
	for _, m := range p.marks {
		m.write(d)
	}
	if err := pdf.Output(w); err != nil {
		return fmt.Errorf("emergency kit: %w", err)
	}
	return nil
}

func (l line) write(d *document) {
	d.pdf.SetFont(fontNames[l.face], "", l.size)
	d.pdf.SetTextColor(int(l.ink.R), int(l.ink.G), int(l.ink.B))
	d.pdf.Text(l.x, l.y, l.text)
}

func (b box) write(d *document) {
	style := ""
	if b.fill != (color.RGBA{}) {
		d.pdf.SetFillColor(int(b.fill.R), int(b.fill.G), int(b.fill.B))
		style = "F"
	}
	if b.frame != (color.RGBA{}) {
		d.draw(b.frame, frameThick)
		style += "D"
	}
	if b.radius == 0 {
		d.pdf.Rect(b.x, b.y, b.width, b.height, style)
		return
	}
	d.pdf.RoundedRect(b.x, b.y, b.width, b.height, b.radius, "1234", style)
}

func (r rule) write(d *document) {
	d.draw(r.ink, r.thick)
	if r.dashed {
		d.pdf.SetDashPattern([]float64{dash, dash}, 0)
		defer d.pdf.SetDashPattern([]float64{}, 0)
	}
	d.pdf.Line(r.x, r.y, r.x+r.width, r.y)
}

func (p picture) write(d *document) {
	png := fpdf.ImageOptions{ImageType: "PNG"}
	d.pdf.RegisterImageOptionsReader("icon", png, bytes.NewReader(p.png))
	d.pdf.ImageOptions("icon", p.x, p.y, p.side, p.side, false, png, 0, "")
}

func (d *document) draw(ink color.RGBA, thick float64) {
	d.pdf.SetDrawColor(int(ink.R), int(ink.G), int(ink.B))
	d.pdf.SetLineWidth(thick)
}
