package platform

import "os/exec"

func openURL(address string) error {
	cmd := exec.Command("xdg-open", address)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() // it may run for as long as the browser does
	return nil
}
