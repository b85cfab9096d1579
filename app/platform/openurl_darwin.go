package platform

import "os/exec"

func openURL(address string) error { return exec.Command("/usr/bin/open", address).Run() }
