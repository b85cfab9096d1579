// Command protect seals what it reads for the user of this computer, as browsers do with their keys: base64 lines in, base64 lines out.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"log"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		plain, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil || len(plain) == 0 {
			log.Fatalf("no base64: %v", err)
		}
		in := windows.DataBlob{Size: uint32(len(plain)), Data: &plain[0]}
		var out windows.DataBlob
		if err := windows.CryptProtectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
			log.Fatal(err)
		}
		fmt.Println(base64.StdEncoding.EncodeToString(unsafe.Slice(out.Data, out.Size)))
	}
}
