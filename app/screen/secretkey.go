package screen

import (
	"errors"

	"github.com/coffer-vault/coffer/assets"
	"github.com/coffer-vault/coffer/crypto/keys"
)

// secretKeyField is the text field for a Secret Key: formatted while it is typed, checked when it is complete.
type secretKeyField struct{ text string }

func (f *secretKeyField) set(typed string) { f.text = formatSecretKey(typed) }

// err is nil for a complete Secret Key with the right checksum.
func (f secretKeyField) err() error {
	key, err := keys.ParseSecretKey(f.text)
	key.Wipe()
	return err
}

// hint helps while the field is typed: it stays quiet until the key is as long as it should be.
func (f secretKeyField) hint(words *assets.Catalog) Message {
	if len(f.text) < secretKeyLength() {
		return Message{Tone: ToneQuiet, What: words.Text("screen.secretKey.where")}
	}
	if f.err() != nil {
		return f.problem(words)
	}
	return Message{Tone: ToneGood, What: words.Text("screen.secretKey.right")}
}

// problem says what is wrong with what was typed.
func (f secretKeyField) problem(words *assets.Catalog) Message {
	switch err := f.err(); {
	case err == nil:
		return Message{}
	case f.text == "":
		return Message{Tone: ToneError, What: words.Text("screen.secretKey.missing"), Next: words.Text("screen.secretKey.where")}
	case errors.Is(err, keys.ErrSecretKeyChecksum):
		return Message{Tone: ToneError, What: words.Text("screen.secretKey.checksum"), Next: words.Text("screen.secretKey.compare")}
	case len(f.text) < secretKeyLength():
		return Message{Tone: ToneError, What: words.Text("screen.secretKey.short"), Next: words.Text("screen.secretKey.compare")}
	}
	return Message{Tone: ToneError, What: words.Text("screen.secretKey.malformed"), Next: words.Text("screen.secretKey.compare")}
}
