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

// spinner turns while something is under way. Where motion is reduced it stands still.
type spinner struct {
	canvas.Arc
	turn *fyne.Animation
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
	case on && s.turn == nil && !reducedMotion:
		s.start()
	case !on:
		s.stop()
	}
}

func (s *spinner) start() {
	s.turn = fyne.NewAnimation(time.Second, func(part float32) {
		s.StartAngle, s.EndAngle = 360*part, 360*part+280
		s.Refresh()
	})
	s.turn.Curve, s.turn.RepeatCount = fyne.AnimationLinear, fyne.AnimationRepeatForever
	s.turn.Start()
}

func (s *spinner) stop() {
	if s.turn != nil {
		s.turn.Stop()
		s.turn = nil
	}
}
