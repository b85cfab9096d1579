// Command driver runs Windows programs under Wine and tells their whole exit codes, of which Wine itself passes on eight bits. It reads
// command lines, one a line, and answers each with a line of JSON. While it runs, so do Wine's services, which end with the last
// program.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"log"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

type answer struct {
	Code   int
	Output string // standard output and error
}

func main() {
	answers := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		a, err := run(lines.Text())
		if err == nil {
			err = answers.Encode(a)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// run passes the line on as it is: msiexec has quoting rules of its own.
func run(line string) (answer, error) {
	program, _, _ := strings.Cut(line, " ")
	cmd := exec.Command(program)
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: line}
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return answer{}, err
	}
	return answer{cmd.ProcessState.ExitCode(), string(output)}, nil
}
