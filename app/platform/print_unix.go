//go:build unix

package platform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Linux and macOS print with CUPS. Its own programs are asked, since they know what a library of its socket would have to be told
// again: servers elsewhere, and printers that are found in the network and have no queue yet.

// cups runs one of the programs, with stdin as its input, and returns what it prints.
func cups(ctx context.Context, stdin []byte, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C") // what it says is read
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = time.Second // for what it started and left behind
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%w: %w", ErrNoPrinting, err)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %.200s", name, err, strings.TrimSpace(complaint.String()))
	}
	return string(out), nil
}

func printers(ctx context.Context) (list []Printer, err error) {
	names, err := cups(ctx, nil, "lpstat", "-e")
	if err != nil {
		return nil, err
	}
	usual, err := cups(ctx, nil, "lpstat", "-d")
	if err != nil {
		usual = "" // the list is what matters
	}
	_, usual, _ = strings.Cut(usual, ": ")
	for name := range strings.Lines(names) {
		if name = strings.TrimSpace(name); printerName(name) {
			list = append(list, Printer{Name: name, Default: name == strings.TrimSpace(usual)})
		}
	}
	return list, nil
}

// printerName reports whether a name is one of CUPS. Whoever is in the network can announce a printer: its name is to be an argument.
func printerName(name string) bool {
	return name != "" && !strings.HasPrefix(name, "-") && !strings.ContainsFunc(name, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) })
}

// requestID is what lp says of a job: "request id is Office-12 (0 file(s))".
var requestID = regexp.MustCompile(`(?m)\b(\S+-(\d+)) \(\d+ file`)

// handOver gives lp the page as its standard input.
func handOver(ctx context.Context, printer string, page PrintPage) (settle func(context.Context) error, err error) {
	if !printerName(printer) {
		return nil, fmt.Errorf("%q is not the name of a printer", printer)
	}
	said, err := cups(ctx, page.PDF, "lp", "-d", printer, "-t", page.Title,
		"-o", "document-format=application/pdf", "-o", "media="+page.Media, "-o", "sides=one-sided")
	if err != nil {
		return nil, err
	}
	job := requestID.FindStringSubmatch(said)
	return func(ctx context.Context) error {
		if job == nil {
			return fmt.Errorf("%w: lp does not say which", errKept)
		}
		number, err := strconv.ParseInt(job[2], 10, 32)
		if err != nil {
			return fmt.Errorf("%w: %w", errKept, err)
		}
		if err := printed(ctx, job[1]); err != nil {
			return err
		}
		return purge(ctx, int32(number))
	}, nil
}

// printPoll is how often CUPS is asked whether it is through with a job.
var printPoll = 2 * time.Second

// printed waits until a job is no longer among those that wait or are printed: purged before, it would not come out.
func printed(ctx context.Context, job string) error {
	for {
		waiting, err := cups(ctx, nil, "lpstat", "-W", "not-completed", "-o")
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(strings.Split(waiting, "\n"), func(line string) bool { return strings.HasPrefix(line, job+" ") }) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(printPoll):
		}
	}
}

// purge has a job and its data deleted, which CUPS keeps for a day as a rule (PreserveJobFiles). It is asked over its socket: what
// "cancel -x JOB" sends, up to CUPS 2.4 at the least, has another name than its server looks for, and so deletes no job that is done.
func purge(ctx context.Context, job int32) error {
	socket, err := cups(ctx, nil, "lpstat", "-H")
	if err != nil {
		return err
	}
	if socket = strings.TrimSpace(socket); !strings.HasPrefix(socket, "/") {
		return fmt.Errorf("%w: it runs on another computer", errKept)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/jobs", bytes.NewReader(purgeRequest(job, userName())))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/ipp")
	return sendIPP(overSocket(socket), request)
}
