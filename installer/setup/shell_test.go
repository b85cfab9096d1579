//go:build system

// Package setup tests what the project's shell scripts have in common.
package setup

import (
	"os/exec"
	"strings"
	"testing"
)

// Scripts run as root, on systems that nobody here has: each is read for what a shell would make of it.
func TestShellScripts(t *testing.T) {
	list := exec.CommandContext(t.Context(), "git", "grep", "-lIE", "^#!/bin/sh", "--", ".", ":!*.go")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	scripts := strings.Fields(string(out))
	if len(scripts) < 15 {
		t.Fatalf("only %d scripts: %v", len(scripts), scripts)
	}
	check := exec.CommandContext(t.Context(), "shellcheck", append([]string{"--shell=sh", "--severity=warning", "--external-sources"}, scripts...)...)
	check.Dir = "../.."
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
