// Command driver runs Windows programs under Wine and tells their whole exit codes, of which Wine itself passes on eight bits. It reads
// command lines, one a line, and answers each with a line of JSON, also where a program cannot be started. While it runs, so do Wine's services, which end with the last
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
	Err    string // why the program did not start
}

func main() {
	answers := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := answers.Encode(run(lines.Text())); err != nil {
			log.Fatal(err)
		}
	}
}

// run passes the line on as it is: msiexec has quoting rules of its own. A program whose path has spaces is in quotation marks.
func run(line string) answer {
	program, _, _ := strings.Cut(line, " ")
	if quoted, found := strings.CutPrefix(line, `"`); found {
		program, _, _ = strings.Cut(quoted, `"`)
	}
	cmd := exec.Command(program)
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: line}
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return answer{Err: err.Error()}
	}
	return answer{Code: cmd.ProcessState.ExitCode(), Output: string(output)}
}
