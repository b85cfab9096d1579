package screen

import (
	"bytes"
	"context"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// KitState is the emergency kit to be saved.
type KitState struct {
	Save    string // label of the button
	SavedTo string // "Saved as …"; empty as long as it is not
	Busy    bool
	Problem Message
}

// kitSaver renders the emergency kit and has it saved where the person wants it.
type kitSaver struct {
	env     *Env
	run     *Runner
	changed func()

	busy    bool
	savedTo string
	problem Message
	then    func() // once it is saved; may be nil
}

func (k *kitSaver) begin(env *Env, run *Runner, changed func()) {
	*k = kitSaver{env: env, run: run, changed: changed}
}

// save renders the kit off the UI goroutine, then asks where it shall go. check comes first and may be nil.
func (k *kitSaver) save(u *session.Unlocked, check func(context.Context) error) {
	if k.busy {
		return
	}
	k.busy, k.problem = true, Message{}
	words := k.env.Words
	page := kit.Kit{Email: u.Account().Email, Server: u.Account().Origin, Device: u.Device(), Created: k.env.Clock.Now(), Paper: k.env.Paper, Words: words}
	RunOwned(k.run, func(ctx context.Context) (secret.Bytes, error) {
		if check != nil {
			if err := check(ctx); err != nil {
				return secret.Bytes{}, err
			}
		}
		recovery, err := u.RecoveryCode(ctx)
		if err != nil {
			return secret.Bytes{}, err
		}
		return renderKit(page, u.SecretKey(), recovery)
	}, k.rendered, secret.Bytes.Wipe)
	k.changed()
}

// renderKit leaves out the second half where the recovery code is on an earlier kit alone.
func renderKit(page kit.Kit, secretKey, recovery string) (pdf secret.Bytes, err error) {
	if page.SecretKey, err = keys.ParseSecretKey(secretKey); err != nil {
		return secret.Bytes{}, err
	}
	defer page.SecretKey.Wipe()
	if recovery != "" {
		if page.Recovery, err = keys.ParseRecoveryCode(recovery); err != nil {
			return secret.Bytes{}, err
		}
		defer page.Recovery.Wipe()
	}
	var b bytes.Buffer
	if err := kit.Write(&b, page); err != nil {
		return secret.Bytes{}, err
	}
	return secret.New(b.Bytes()), nil
}

func (k *kitSaver) rendered(pdf secret.Bytes, err error) {
	if err != nil {
		k.saved("", err)
		return
	}
	k.env.SaveFile(k.env.Words.Text("screen.kit.file"), pdf, func(path string, err error) {
		pdf.Wipe()
		if !k.run.Stopped() {
			k.saved(path, err)
		}
	})
}

// saved hears how it went; an empty path means that the person thought better of it.
func (k *kitSaver) saved(path string, err error) {
	k.busy, k.problem = false, explain(k.env.Words, err)
	if err == nil && path != "" {
		k.savedTo = path
		if k.then != nil {
			k.then()
		}
	}
	k.changed()
}

func (k *kitSaver) state() KitState {
	s := KitState{Save: k.env.Words.Text("screen.kit.save"), Busy: k.busy, Problem: k.problem}
	if k.savedTo != "" {
		s.Save, s.SavedTo = k.env.Words.Text("screen.kit.saveAgain"), k.env.Words.Text("screen.kit.savedTo", "path", k.savedTo)
	}
	return s
}
