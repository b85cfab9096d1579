// Command ends stands in for a service of a broken release: it starts, so that the installation succeeds, and stops at once.
package main

import (
	"os"

	"golang.org/x/sys/windows/svc"
)

type service struct{}

func (service) Execute(_ []string, _ <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	status <- svc.Status{State: svc.Running}
	return true, 1
}

func main() {
	if err := svc.Run("CofferUpdater", service{}); err != nil {
		os.Exit(1)
	}
}
