package platform

import "os/exec"

func showFile(path string) error { return exec.Command("/usr/bin/open", "-R", path).Run() }
