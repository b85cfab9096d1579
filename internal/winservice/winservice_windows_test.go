package winservice

import (
	"context"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/windows/svc"
)

var errNoFolder = errors.New("no folder")

// states is what the service manager hears of a service, up to its end, with what was written to the event log.
func states(s Service, asks ...svc.Cmd) (heard []svc.State, specific bool, code uint32, told error) {
	requests, status := make(chan svc.ChangeRequest, len(asks)), make(chan svc.Status, 8)
	for _, cmd := range asks {
		requests <- svc.ChangeRequest{Cmd: cmd}
	}
	s.tell = func(_ string, err error) { told = err }
	specific, code = s.Execute(nil, requests, status)
	close(status)
	for st := range status {
		heard = append(heard, st.State)
	}
	return heard, specific, code, told
}

func TestRunsOnceAllIsThere(t *testing.T) {
	made := false
	status := make(chan svc.Status, 8)
	s := Service{Start: func() (func(context.Context) error, error) {
		if first := <-status; first.State != svc.StartPending || first.WaitHint == 0 || len(status) > 0 {
			t.Errorf("said before anything is there: %+v, and %d more", first, len(status))
		}
		made = true
		return func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, nil
	}}
	requests := make(chan svc.ChangeRequest, 1)
	requests <- svc.ChangeRequest{Cmd: svc.Stop}
	if specific, code := s.Execute(nil, requests, status); specific || code != 0 {
		t.Errorf("stopped: %v %d", specific, code)
	}
	if second := <-status; !made || second.State != svc.Running || second.Accepts&svc.AcceptStop == 0 {
		t.Errorf("then: %+v", second)
	}
}

func TestEnds(t *testing.T) {
	starts := func(run func(context.Context) error, err error) func() (func(context.Context) error, error) {
		return func() (func(context.Context) error, error) { return run, err }
	}
	untilStopped := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, c := range map[string]struct {
		start func() (func(context.Context) error, error)
		asks  []svc.Cmd
		heard []svc.State
		code  uint32
		told  error
	}{
		"cannot start":           {starts(nil, errNoFolder), nil, []svc.State{svc.StartPending}, Failed, errNoFolder},
		"cannot go on":           {starts(func(context.Context) error { return errNoFolder }, nil), nil, []svc.State{svc.StartPending, svc.Running}, Failed, errNoFolder},
		"has done all there was": {starts(func(context.Context) error { return nil }, nil), nil, []svc.State{svc.StartPending, svc.Running}, 0, nil},
		"is told to stop": {starts(untilStopped, nil), []svc.Cmd{svc.Interrogate, svc.Stop},
			[]svc.State{svc.StartPending, svc.Running, svc.Running, svc.StopPending}, 0, nil},
		"the computer is switched off": {starts(untilStopped, nil), []svc.Cmd{svc.Shutdown}, []svc.State{svc.StartPending, svc.Running, svc.StopPending}, 0, nil},
	} {
		heard, specific, code, told := states(Service{Name: "Test", Start: c.start}, c.asks...)
		if code != c.code || specific != (c.code != 0) || !errors.Is(told, c.told) || !slices.Equal(heard, c.heard) {
			t.Errorf("%s: heard %v, ended with %v %d, told %v", name, heard, specific, code, told)
		}
	}
}
