package platform

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Windows prints what is drawn (GDI): its spooler takes no PDF. Everything is filled outlines, so no font has to be there.
var (
	gdi32    = windows.NewLazySystemDLL("gdi32.dll")
	winspool = windows.NewLazySystemDLL("winspool.drv")

	enumPrinters      = winspool.NewProc("EnumPrintersW")
	getDefaultPrinter = winspool.NewProc("GetDefaultPrinterW")

	createDC         = gdi32.NewProc("CreateDCW")
	deleteDC         = gdi32.NewProc("DeleteDC")
	getDeviceCaps    = gdi32.NewProc("GetDeviceCaps")
	startDoc         = gdi32.NewProc("StartDocW")
	endDoc           = gdi32.NewProc("EndDoc")
	abortDoc         = gdi32.NewProc("AbortDoc")
	startPage        = gdi32.NewProc("StartPage")
	endPage          = gdi32.NewProc("EndPage")
	createSolidBrush = gdi32.NewProc("CreateSolidBrush")
	getStockObject   = gdi32.NewProc("GetStockObject")
	selectObject     = gdi32.NewProc("SelectObject")
	deleteObject     = gdi32.NewProc("DeleteObject")
	setPolyFillMode  = gdi32.NewProc("SetPolyFillMode")
	polyPolygon      = gdi32.NewProc("PolyPolygon")
	stretchDIBits    = gdi32.NewProc("StretchDIBits")
)

const (
	enumLocal       = 2 // PRINTER_ENUM_LOCAL
	enumConnections = 4 // PRINTER_ENUM_CONNECTIONS
	briefLevel      = 4 // PRINTER_INFO_4: names, without asking the printers
	maxPrinterList  = 1 << 20

	capLogPixelsX      = 88 // LOGPIXELSX: dots per inch
	capLogPixelsY      = 90
	capPhysicalWidth   = 110 // PHYSICALWIDTH: of the paper, in dots
	capPhysicalHeight  = 111
	capPhysicalOffsetX = 112 // PHYSICALOFFSETX: the edge that cannot be printed on
	capPhysicalOffsetY = 113

	nullPen     = 8          // NULL_PEN
	fillWinding = 2          // WINDING
	dibRGB      = 0          // DIB_RGB_COLORS
	copySource  = 0x00CC0020 // SRCCOPY

	mmPerInch = 25.4
)

// printerInfo4 is PRINTER_INFO_4W.
type printerInfo4 struct {
	name, server *uint16
	attributes   uint32
}

// docInfo is DOCINFOW. Without an output the document goes to the printer.
type docInfo struct {
	size           int32
	name           *uint16
	output, format *uint16
	kind           uint32
}

func printers(context.Context) (list []Printer, err error) {
	buffer, count, err := enumerate()
	if err != nil || count == 0 {
		return nil, err
	}
	usual := defaultPrinter()
	for _, info := range unsafe.Slice((*printerInfo4)(unsafe.Pointer(&buffer[0])), count) {
		name := windows.UTF16PtrToString(info.name)
		list = append(list, Printer{Name: name, Default: name == usual})
	}
	runtime.KeepAlive(buffer) // the names are in it
	return list, nil
}

// enumerate asks for the list with as much room as the answer before said that it takes. Printers may be added in between.
func enumerate() (buffer []byte, count uint32, err error) {
	var needed uint32
	for range 5 {
		var first *byte
		if len(buffer) > 0 {
			first = &buffer[0]
		}
		done, _, err := enumPrinters.Call(enumLocal|enumConnections, 0, briefLevel, uintptr(unsafe.Pointer(first)), uintptr(len(buffer)),
			uintptr(unsafe.Pointer(&needed)), uintptr(unsafe.Pointer(&count)))
		switch {
		case done != 0:
			return buffer, count, nil
		case errors.Is(err, windows.RPC_S_SERVER_UNAVAILABLE):
			return nil, 0, fmt.Errorf("%w: %w", ErrNoPrinting, err) // the spooler is switched off
		case !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) || needed > maxPrinterList:
			return nil, 0, err
		}
		buffer = make([]byte, needed)
	}
	return nil, 0, windows.ERROR_INSUFFICIENT_BUFFER
}

// defaultPrinter is the name of the usual printer; empty if there is none.
func defaultPrinter() string {
	name := make([]uint16, 512)
	size := uint32(len(name))
	if done, _, _ := getDefaultPrinter.Call(uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&size))); done == 0 {
		return ""
	}
	return windows.UTF16ToString(name)
}

// handOver draws the page for a printer. The spooler deletes what it was given once it is printed, unless the printer is set to keep
// it; nobody checks which, so nobody promises it.
func handOver(_ context.Context, printer string, page PrintPage) (settle func(context.Context) error, err error) {
	return func(context.Context) error { return errKept }, drawTo(printer, "", page)
}

// drawTo draws the page, to a file instead of the printer if output is one.
func drawTo(printer, output string, page PrintPage) error {
	runtime.LockOSThread() // what is drawn on belongs to a thread
	defer runtime.UnlockOSThread()
	driver, err := windows.UTF16PtrFromString("WINSPOOL")
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(printer)
	if err != nil {
		return err
	}
	info, err := newDocInfo(page.Title, output)
	if err != nil {
		return err
	}
	dc, _, err := createDC.Call(uintptr(unsafe.Pointer(driver)), uintptr(unsafe.Pointer(name)), 0, 0)
	if dc == 0 {
		return fmt.Errorf("no such printer: %w", err)
	}
	defer deleteDC.Call(dc)
	return printDocument(dc, info, page)
}

func newDocInfo(title, output string) (*docInfo, error) {
	info := &docInfo{}
	info.size = int32(unsafe.Sizeof(*info))
	var err error
	if info.name, err = windows.UTF16PtrFromString(title); err != nil {
		return nil, err
	}
	if output != "" {
		info.output, err = windows.UTF16PtrFromString(output)
	}
	return info, err
}

// printDocument prints a document of one page. What fails half-way is not printed.
func printDocument(dc uintptr, info *docInfo, page PrintPage) error {
	if id, _, err := startDoc.Call(dc, uintptr(unsafe.Pointer(info))); int32(id) <= 0 {
		return fmt.Errorf("begin: %w", err)
	}
	paper := newPaper(dc, page.Width, page.Height)
	if done, _, err := startPage.Call(dc); int32(done) <= 0 {
		abortDoc.Call(dc)
		return fmt.Errorf("begin page: %w", err)
	}
	page.Paint(paper)
	done, _, err := endPage.Call(dc)
	if paper.check("end page", uintptr(max(0, int32(done))), err); paper.err != nil {
		abortDoc.Call(dc)
		return paper.err
	}
	if done, _, err := endDoc.Call(dc); int32(done) <= 0 {
		return fmt.Errorf("end: %w", err)
	}
	return nil
}

// gdiPaper draws on the paper that the printer is set to, in dots.
type gdiPaper struct {
	dc    uintptr
	place placement
	err   error // the first one
}

// placement is where a page lies on a printer's paper: dots = millimetres * scale + offset.
type placement struct{ scaleX, scaleY, offsetX, offsetY float64 }

// place puts a page of so many millimetres in the middle of a paper, made smaller if that is smaller. Everything else is in dots: the
// paper, its edges that cannot be printed on, and how many go to an inch.
func place(width, height float64, paper, edge, perInch [2]float64) placement {
	dotsX, dotsY := perInch[0]/mmPerInch, perInch[1]/mmPerInch
	scale := min(1, paper[0]/(width*dotsX), paper[1]/(height*dotsY))
	return placement{
		scaleX: dotsX * scale, scaleY: dotsY * scale,
		offsetX: (paper[0]-width*dotsX*scale)/2 - edge[0],
		offsetY: (paper[1]-height*dotsY*scale)/2 - edge[1],
	}
}

func (p placement) at(x, y float64) (dotsX, dotsY int32) {
	return int32(math.Round(x*p.scaleX + p.offsetX)), int32(math.Round(y*p.scaleY + p.offsetY))
}

func newPaper(dc uintptr, width, height float64) *gdiPaper {
	pair := func(x, y uintptr) [2]float64 {
		first, _, _ := getDeviceCaps.Call(dc, x)
		second, _, _ := getDeviceCaps.Call(dc, y)
		return [2]float64{float64(int32(first)), float64(int32(second))}
	}
	p := &gdiPaper{dc: dc, place: place(width, height, pair(capPhysicalWidth, capPhysicalHeight), pair(capPhysicalOffsetX, capPhysicalOffsetY), pair(capLogPixelsX, capLogPixelsY))}
	pen, _, _ := getStockObject.Call(nullPen)
	selectObject.Call(dc, pen) // shapes have no edge of their own
	setPolyFillMode.Call(dc, fillWinding)
	return p
}

// check keeps the first error.
func (p *gdiPaper) check(what string, done uintptr, err error) {
	if done == 0 && p.err == nil {
		p.err = fmt.Errorf("%s: %w", what, err)
	}
}

// Fill implements Painter.
func (p *gdiPaper) Fill(ink color.RGBA, outlines [][][2]float64) {
	var points [][2]int32
	var counts []int32
	for _, outline := range outlines {
		if len(outline) < 3 {
			continue // it has no area
		}
		for _, point := range outline {
			x, y := p.place.at(point[0], point[1])
			points = append(points, [2]int32{x, y})
		}
		counts = append(counts, int32(len(outline)))
	}
	if len(counts) == 0 {
		return
	}
	brush, _, err := createSolidBrush.Call(uintptr(ink.R) | uintptr(ink.G)<<8 | uintptr(ink.B)<<16)
	p.check("brush", brush, err)
	before, _, _ := selectObject.Call(p.dc, brush)
	done, _, err := polyPolygon.Call(p.dc, uintptr(unsafe.Pointer(&points[0])), uintptr(unsafe.Pointer(&counts[0])), uintptr(len(counts)))
	p.check("outlines", done, err)
	selectObject.Call(p.dc, before)
	deleteObject.Call(brush)
}

// bitmapInfo is BITMAPINFOHEADER.
type bitmapInfo struct {
	size                         uint32
	width, height                int32
	planes, bits                 uint16
	compression, imageSize       uint32
	perMetreX, perMetreY         int32
	coloursUsed, coloursOfWeight uint32
}

// Picture implements Painter.
func (p *gdiPaper) Picture(picture image.Image, x, y, width, height float64) {
	size := picture.Bounds().Size()
	if size.X == 0 || size.Y == 0 {
		return
	}
	info := bitmapInfo{width: int32(size.X), height: int32(size.Y), planes: 1, bits: 32}
	info.size = uint32(unsafe.Sizeof(info))
	dots := bottomUp(picture)
	left, top := p.place.at(x, y)
	right, bottom := p.place.at(x+width, y+height)
	lines, _, err := stretchDIBits.Call(p.dc, uintptr(left), uintptr(top), uintptr(right-left), uintptr(bottom-top),
		0, 0, uintptr(size.X), uintptr(size.Y), uintptr(unsafe.Pointer(&dots[0])), uintptr(unsafe.Pointer(&info)), dibRGB, copySource)
	p.check("picture", lines, err)
}

// bottomUp is a picture on white as Windows takes it: from the lowest line up, four bytes a dot, blue first.
func bottomUp(picture image.Image) (dots []byte) {
	bounds := picture.Bounds()
	for y := bounds.Max.Y - 1; y >= bounds.Min.Y; y-- {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, a := picture.At(x, y).RGBA()
			white := 0xffff - a
			dots = append(dots, byte((b+white)>>8), byte((g+white)>>8), byte((r+white)>>8), 0)
		}
	}
	return dots
}
