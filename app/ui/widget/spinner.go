package widget

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/coffer-vault/coffer/app/ui/theme"
)

// reducedMotion belongs to the UI goroutine, as all widgets do.
var reducedMotion bool

// ReduceMotion keeps still what would move from now on, for people who asked for that.
func ReduceMotion(on bool) { reducedMotion = on }

// moved is when something of ours moved last.
var moved time.Time

// Moving reports whether something turns: then the window is drawn again and again without anybody asking for it.
func Moving() bool { return time.Since(moved) < 2*spinnerTurn/spinnerSteps }

// A turn of the spinner, and in how many steps: every one draws the whole window, and takes time from what the spinner stands for.
const (
	spinnerTurn  = time.Second
	spinnerSteps = 12
)

// spinner turns while something is under way. Where motion is reduced it stands still.
type spinner struct {
	canvas.Arc
	turn *fyne.Animation
	step int
}

func newSpinner() *spinner {
	s := &spinner{}
	s.StartAngle, s.EndAngle, s.CutoutRatio, s.CornerRadius = 0, 280, .76, 1
	s.Hide()
	return s
}

func (s *spinner) object() fyne.CanvasObject { return &s.Arc }

// show starts or stops the spinner.
func (s *spinner) show(on bool, ink fyne.ThemeColorName) {
	s.FillColor = theme.Color(ink)
	s.Hidden = !on
	switch {
	case !on || reducedMotion:
		s.stop()
	case s.turn == nil:
		s.start()
	}
}

func (s *spinner) start() {
	moved = time.Now()
	s.turn = fyne.NewAnimation(spinnerTurn, s.move)
	s.turn.Curve, s.turn.RepeatCount = fyne.AnimationLinear, fyne.AnimationRepeatForever
	s.turn.Start()
}

// move turns the spinner as far as a part of its turn says.
func (s *spinner) move(part float32) {
	moved = time.Now()
	if step := int(part * spinnerSteps); step != s.step {
		s.step = step
		s.StartAngle = 360 * float32(step) / spinnerSteps
		s.EndAngle = s.StartAngle + 280
		s.Refresh()
	}
}

func (s *spinner) stop() {
	if s.turn != nil {
		s.turn.Stop()
		s.turn = nil
	}
}
