//go:build !linux

package sim

import "os/exec"

func start(cmd *exec.Cmd) error { return cmd.Start() }
