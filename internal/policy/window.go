package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Window is a time of day, on all days or some, in which updates may install. One that ends before it begins goes on past midnight, and
// belongs to the day on which it begins. The zero Window is none, and never open.
type Window struct {
	days     [7]bool // by time.Weekday
	from, to int     // minutes of the day; never the same in a window that there is
}

// ErrWindow means that a text is no window.
var ErrWindow = errors.New("must be a time such as 22:00-05:00, or with days, Sat,Sun 22:00-05:00")

var dayNames = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"} // by time.Weekday

// ParseWindow reads "22:00-05:00", and "Sat,Sun 22:00-05:00" with the days on which it begins. ErrWindow otherwise.
func ParseWindow(s string) (Window, error) {
	w := Window{days: [7]bool{true, true, true, true, true, true, true}}
	days, hours, some := strings.Cut(s, " ")
	if !some {
		hours = s
	} else if !w.setDays(days) {
		return Window{}, ErrWindow
	}
	from, to, _ := strings.Cut(hours, "-")
	var ok1, ok2 bool
	w.from, ok1 = minuteOfDay(from)
	w.to, ok2 = minuteOfDay(to)
	if !ok1 || !ok2 || w.from == w.to {
		return Window{}, ErrWindow
	}
	return w, nil
}

func (w *Window) setDays(list string) bool {
	w.days = [7]bool{}
	for name := range strings.SplitSeq(list, ",") {
		day := slices.Index(dayNames, name)
		if day < 0 || w.days[day] {
			return false
		}
		w.days[day] = true
	}
	return true
}

// minuteOfDay reads "05:00": one time has one spelling.
func minuteOfDay(s string) (minute int, ok bool) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}

// IsZero reports whether there is no window.
func (w Window) IsZero() bool { return w == Window{} }

// Open reports whether a moment is in the window, by the clock on the wall of its location.
func (w Window) Open(now time.Time) bool {
	minute, today := now.Hour()*60+now.Minute(), now.Weekday()
	yesterday := (today + 6) % 7
	if w.from < w.to {
		return w.days[today] && minute >= w.from && minute < w.to
	}
	return w.days[today] && minute >= w.from || w.days[yesterday] && minute < w.to
}

// String is what ParseWindow reads, empty for none.
func (w Window) String() string {
	if w.IsZero() {
		return ""
	}
	hours := fmt.Sprintf("%02d:%02d-%02d:%02d", w.from/60, w.from%60, w.to/60, w.to%60)
	var names []string
	for day, on := range w.days {
		if on {
			names = append(names, dayNames[day])
		}
	}
	if len(names) == len(dayNames) {
		return hours
	}
	return strings.Join(names, ",") + " " + hours
}
