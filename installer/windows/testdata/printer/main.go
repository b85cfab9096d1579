// Printer prints an emergency kit as Coffer does, on the first printer of the computer.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/keys"
)

// The Secret Key is the argument.
func main() {
	key, err := keys.ParseSecretKey(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	words, err := assets.Load("en")
	if err != nil {
		log.Fatal(err)
	}
	page, err := kit.Draw(kit.Kit{
		Email: "anna@example.com", Server: "https://coffer.example.com", SecretKey: key, Device: "Anna's PC",
		Created: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Paper: kit.A4, Words: words,
	})
	if err != nil {
		log.Fatal(err)
	}
	printers, err := platform.Printers(context.Background())
	if err != nil || len(printers) == 0 {
		log.Fatalf("%d printers: %v", len(printers), err)
	}
	if _, err := platform.Print(context.Background(), printers[0].Name, platform.PrintPage{
		Title: "Coffer", Width: page.Width, Height: page.Height, Paint: func(to platform.Painter) { page.Paint(to) },
	}); err != nil {
		log.Fatal(err)
	}
}
