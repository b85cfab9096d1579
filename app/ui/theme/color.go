package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	stock "fyne.io/fyne/v2/theme"
)

// The semantic colours. Those that mean the same as one of the toolkit's own carry its name, so that its widgets agree
// with ours.
const (
	ColorSidebar fyne.ThemeColorName = "coffer.sidebar"
	ColorList                        = stock.ColorNameBackground
	ColorDetail  fyne.ThemeColorName = "coffer.detail"
	ColorCard    fyne.ThemeColorName = "coffer.card"

	ColorText  = stock.ColorNameForeground
	ColorMuted = fyne.ThemeColorName("coffer.muted") // labels and second lines
	ColorFaint = stock.ColorNamePlaceHolder          // counts, hints, placeholders

	ColorAccent     = stock.ColorNamePrimary
	ColorOnAccent   = stock.ColorNameForegroundOnPrimary
	ColorAccentText = stock.ColorNameHyperlink // links, ghost buttons, what is selected
	ColorAccentSoft = stock.ColorNameSelection // behind what is selected

	ColorHairline    = stock.ColorNameSeparator
	ColorButtonLine  = fyne.ThemeColorName("coffer.buttonLine")
	ColorInputBorder = stock.ColorNameInputBorder
	ColorInput       = stock.ColorNameInputBackground
	ColorTrack       = fyne.ThemeColorName("coffer.track") // the empty part of meters and sliders
	ColorWell        = fyne.ThemeColorName("coffer.well")  // behind segments, and the chosen one of them
	ColorWellTop     = fyne.ThemeColorName("coffer.wellTop")

	ColorError       = stock.ColorNameError
	ColorOnError     = stock.ColorNameForegroundOnError
	ColorErrorSoft   = fyne.ThemeColorName("coffer.errorSoft")
	ColorSuccess     = stock.ColorNameSuccess
	ColorWarning     = stock.ColorNameWarning // also brass, the second accent
	ColorWarningSoft = fyne.ThemeColorName("coffer.warningSoft")

	ColorDigit  = fyne.ThemeColorName("coffer.digit") // digits and symbols of a secret
	ColorSymbol = fyne.ThemeColorName("coffer.symbol")

	ColorHover        = stock.ColorNameHover // laid over a surface
	ColorPressed      = stock.ColorNamePressed
	ColorDisabled     = stock.ColorNameDisabled
	ColorDisabledFill = stock.ColorNameDisabledButton
	ColorRing         = fyne.ThemeColorName("coffer.ring") // around what has the focus

	ColorMenu          = stock.ColorNameMenuBackground
	ColorDialog        = stock.ColorNameOverlayBackground
	ColorDim           = fyne.ThemeColorName("coffer.dim")     // over the window behind a dialog
	ColorInverse       = fyne.ThemeColorName("coffer.inverse") // toasts and tooltips
	ColorOnInverse     = fyne.ThemeColorName("coffer.onInverse")
	ColorInverseAccent = fyne.ThemeColorName("coffer.inverseAccent")
	ColorCast          = fyne.ThemeColorName("coffer.cast") // the shadow something casts
	ColorHeroTop       = fyne.ThemeColorName("coffer.heroTop")
	ColorHeroBottom    = fyne.ThemeColorName("coffer.heroBottom")
	ColorNone          = fyne.ThemeColorName("coffer.none")
)

// shades is one colour in both palettes.
type shades struct{ light, dark color.NRGBA }

func rgb(hex uint32) color.NRGBA { return rgba(hex, 0xFF) }

func rgba(hex uint32, alpha uint8) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: alpha}
}

var palette = map[fyne.ThemeColorName]shades{
	ColorSidebar: {rgb(0xF1F4F2), rgb(0x101413)},
	ColorList:    {rgb(0xFFFFFF), rgb(0x161B1A)},
	ColorDetail:  {rgb(0xF8FAF9), rgb(0x1A201F)},
	ColorCard:    {rgb(0xFFFFFF), rgb(0x202726)},

	ColorText:  {rgb(0x17201D), rgb(0xE6ECE9)},
	ColorMuted: {rgb(0x5A655F), rgb(0xA0ABA6)},
	ColorFaint: {rgb(0x66716B), rgb(0x8D9893)},

	ColorAccent:     {rgb(0x0E7A6B), rgb(0x4CC3AE)},
	ColorOnAccent:   {rgb(0xFFFFFF), rgb(0x05241E)},
	ColorAccentText: {rgb(0x0A5F53), rgb(0x7ADCCA)},
	ColorAccentSoft: {rgb(0xD9EFEA), rgb(0x1B3D37)},

	ColorHairline:    {rgb(0xE1E6E3), rgb(0x2B3432)},
	ColorButtonLine:  {rgb(0xCDD3CF), rgb(0x3B4643)},
	ColorInputBorder: {rgb(0x87918C), rgb(0x66736E)},
	ColorInput:       {rgb(0xFFFFFF), rgb(0x1D2422)},
	ColorTrack:       {rgb(0xE1E6E3), rgb(0x35403D)},
	ColorWell:        {rgb(0xE9EDEB), rgb(0x121716)},
	ColorWellTop:     {rgb(0xFFFFFF), rgb(0x2B3432)},

	ColorError:       {rgb(0xB93227), rgb(0xF2796D)},
	ColorOnError:     {rgb(0xFFFFFF), rgb(0x2B0603)},
	ColorErrorSoft:   {rgb(0xFBE7E4), rgb(0x3A1F1C)},
	ColorSuccess:     {rgb(0x1B7F4D), rgb(0x58C98C)},
	ColorWarning:     {rgb(0x8F6100), rgb(0xE3B24C)},
	ColorWarningSoft: {rgb(0xFBF1DC), rgb(0x332A14)},

	ColorDigit:  {rgb(0x1D5FBF), rgb(0x7FB4FF)},
	ColorSymbol: {rgb(0xB93227), rgb(0xF2796D)},

	ColorHover:        {rgba(0x17201D, 0x0D), rgba(0xFFFFFF, 0x12)},
	ColorPressed:      {rgba(0x17201D, 0x1F), rgba(0xFFFFFF, 0x24)},
	ColorDisabled:     {rgb(0x9BA5A0), rgb(0x66726D)},
	ColorDisabledFill: {rgb(0xEDF0EE), rgb(0x252C2A)},
	ColorRing:         {rgb(0x0E7A6B), rgb(0x4CC3AE)},

	ColorMenu:          {rgb(0xFFFFFF), rgb(0x202826)},
	ColorDialog:        {rgb(0xFFFFFF), rgb(0x1B2120)},
	ColorDim:           {rgba(0x0C1A16, 0x73), rgba(0x000000, 0x99)},
	ColorInverse:       {rgb(0x17201D), rgb(0xE6ECE9)},
	ColorOnInverse:     {rgb(0xFFFFFF), rgb(0x161B1A)},
	ColorInverseAccent: {rgb(0x7ADCCA), rgb(0x0A5F53)},
	ColorCast:          {rgba(0x0C1A16, 0x38), rgba(0x000000, 0x99)},
	ColorHeroTop:       {rgb(0xE9F4F1), rgb(0x16302B)},
	ColorHeroBottom:    {rgb(0xF8FAF9), rgb(0x161B1A)},
	ColorNone:          {rgba(0, 0), rgba(0, 0)},

	stock.ColorNameButton:              {rgb(0xF0F2F0), rgb(0x262E2C)},
	stock.ColorNameFocus:               {rgba(0x0E7A6B, 0x40), rgba(0x4CC3AE, 0x4D)},
	stock.ColorNameHeaderBackground:    {rgb(0xF4F6F4), rgb(0x1B2120)},
	stock.ColorNameScrollBar:           {rgba(0x17201D, 0x66), rgba(0xFFFFFF, 0x59)},
	stock.ColorNameScrollBarBackground: {rgba(0, 0), rgba(0, 0)},
	// The toolkit shades the edges of whatever scrolls with this one; our own surfaces cast ColorCast.
	stock.ColorNameShadow:              {rgba(0, 0), rgba(0, 0)},
	stock.ColorNameForegroundOnSuccess: {rgb(0xFFFFFF), rgb(0x04210F)},
	stock.ColorNameForegroundOnWarning: {rgb(0xFFFFFF), rgb(0x241800)},
}

// Color resolves a colour in the theme in use.
func Color(name fyne.ThemeColorName) color.Color { return stock.Color(name) }
