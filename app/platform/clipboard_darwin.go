package platform

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// pasteboard drives NSPasteboard through the system's own script host, so that the program needs no cgo. The text travels
// through a pipe, never as an argument, which other users could read. Its mark is the pasteboard's change count.
type pasteboard struct{}

// putScript: option 1 is NSPasteboardContentsCurrentHostOnly, which keeps the text from the user's other devices; the two extra
// types are those of nspasteboard.org.
const putScript = `ObjC.import('AppKit')
const data = $.NSFileHandle.fileHandleWithStandardInput.readDataToEndOfFile
const text = $.NSString.alloc.initWithDataEncoding(data, $.NSUTF8StringEncoding)
const board = $.NSPasteboard.generalPasteboard
board.prepareForNewContentsWithOptions(1)
board.setStringForType('', 'org.nspasteboard.ConcealedType')
board.setStringForType('', 'org.nspasteboard.TransientType')
if (!board.setStringForType(text, 'public.utf8-plain-text')) throw new Error('refused')
board.changeCount`

const clearScript = `ObjC.import('AppKit')
function run(argv) {
	const board = $.NSPasteboard.generalPasteboard
	if (board.changeCount == Number(argv[0])) board.clearContents
}`

// scriptPatience is much more than a script needs; one that hangs must not hold the clipboard's lock for ever.
const scriptPatience = 20 * time.Second

func openBoard() (board, error) { return pasteboard{}, nil }

func (pasteboard) close() error { return nil }

func (pasteboard) put(text []byte) (mark, error) {
	out, err := runScript(putScript, text)
	if err != nil {
		return 0, err
	}
	count, err := strconv.ParseUint(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("change count of the pasteboard: %w", err)
	}
	return mark(count), nil
}

func (pasteboard) clear(m mark) error {
	_, err := runScript(clearScript, nil, strconv.FormatUint(uint64(m), 10))
	return err
}

// runScript never quotes what the script printed: an error of it could repeat its input.
func runScript(script string, input []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), scriptPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/usr/bin/osascript", append([]string{"-l", "JavaScript", "-e", script}, args...)...)
	cmd.Stdin = bytes.NewReader(input)
	return cmd.Output()
}
