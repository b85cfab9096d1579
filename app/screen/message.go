package screen

import "github.com/coffer-vault/coffer/assets"

// Tone is the colour of a message.
type Tone int

// The tones, from quiet to loud.
const (
	ToneQuiet Tone = iota
	ToneGood
	ToneWarning
	ToneError
)

// Message tells a person what happened, what is safe in spite of it, and what to do next. The last two may be empty.
type Message struct {
	Tone Tone
	What string
	Safe string
	Next string
}

// IsZero reports whether there is nothing to say.
func (m Message) IsZero() bool { return m == Message{} }

// Meter is the strength of a password as a bar of four segments.
type Meter struct {
	Shown    bool
	Fraction float64 // of the bar, 0 to 1
	Tone     Tone
	Text     string // "Excellent", or with the bits: "Excellent · about 128 bits"
}

// Choice is one line of a menu or a select.
type Choice struct {
	ID       string
	Icon     assets.IconName // of some
	Label    string
	Selected bool
}

// Step is a place on the way through a card with several: "Step 2 of 4". It is zero where steps are not counted.
type Step struct {
	Number, Of int
	Text       string
}

// Fraction is how far the progress bar is.
func (s Step) Fraction() float64 {
	if s.Of == 0 {
		return 0
	}
	return float64(s.Number) / float64(s.Of)
}

// Progress is work whose end is known. Total is 0 while it is not.
type Progress struct {
	Done, Total int
	Text        string // "Encrypting 512 of 1,248 items"
}

// Fraction is how far the progress bar is, 0 to 1.
func (p Progress) Fraction() float64 {
	if p.Total <= 0 {
		return 0
	}
	return min(1, float64(p.Done)/float64(p.Total))
}
