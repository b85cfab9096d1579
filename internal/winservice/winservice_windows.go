// Package winservice is what our services of Windows have in common. One counts as running when all that it promises is there, its folder
// and its memory; before that it is starting. One that cannot start or go on ends with an exit code, for Windows to start it again, and
// with the reason in the event log.
package winservice

import (
	"context"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// Failed is the exit code of a service of ours that could not start or go on, and the number of its event.
const Failed = 1

// startsWithin is what Windows is told to wait for at the most. The slowest step is a database of files on a disk that is busy.
const startsWithin = 30 * time.Second

// Service answers the service manager.
type Service struct {
	Name string // of the source in the event log

	// Start makes what is there while the service counts as running. What it returns works until its context ends, and returns soon after;
	// if it returns before, without an error, the service has done all there was to do.
	Start func() (run func(context.Context) error, err error)

	tell func(name string, err error) // nil: the event log
}

// Execute implements svc.Handler.
func (s Service) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	status <- svc.Status{State: svc.StartPending, WaitHint: uint32(startsWithin.Milliseconds())}
	run, err := s.Start()
	if err != nil {
		return s.failed(err)
	}
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	status <- running
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return s.failed(err)
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- running
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending}
				stop()
				<-ended
				return false, 0
			}
		}
	}
}

func (s Service) failed(err error) (specific bool, code uint32) {
	tell := s.tell
	if tell == nil {
		tell = tellSystem
	}
	tell(s.Name, err)
	return true, Failed
}

// tellSystem writes to the event log of Windows. That it cannot be reached either is nobody's to hear.
func tellSystem(name string, err error) {
	events, openErr := eventlog.Open(name)
	if openErr != nil {
		return
	}
	defer events.Close()
	events.Error(Failed, name+" does not work: "+err.Error())
}
