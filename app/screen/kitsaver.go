package screen

import (
	"bytes"
	"context"

	"github.com/coffer-vault/coffer/app/kit"
	"github.com/coffer-vault/coffer/app/platform"
	"github.com/coffer-vault/coffer/app/session"
	"github.com/coffer-vault/coffer/crypto/keys"
	"github.com/coffer-vault/coffer/crypto/secret"
)

// KitState is the emergency kit to be saved or printed.
type KitState struct {
	Save    string // label of the button
	Print   string // label of the other one
	Kept    string // "Saved as …", "Printed on …"; empty as long as it is neither
	Busy    bool
	Problem Message
}

// kitSaver renders the emergency kit and has it saved where the person wants it, or printed.
type kitSaver struct {
	env     *Env
	run     *Runner
	changed func()

	busy    bool
	kept    string // where it is; empty as long as it is nowhere
	saved   bool   // in a file
	problem Message
	then    func() // once it is kept; may be nil
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
	content := k.content(u)
	RunOwned(k.run, func(ctx context.Context) (secret.Bytes, error) {
		if check != nil {
			if err := check(ctx); err != nil {
				return secret.Bytes{}, err
			}
		}
		_, pdf, err := drawKit(ctx, u, content)
		return secret.New(pdf), err
	}, k.rendered, secret.Bytes.Wipe)
	k.changed()
}

// print asks on which printer, and prints the kit there. check comes first and may be nil.
func (k *kitSaver) print(u *session.Unlocked, check func(context.Context) error) {
	if k.busy {
		return
	}
	content := k.content(u)
	ask := func() {
		k.env.ShowPrinting(newPrinting(k.env, k.run, func(ctx context.Context) (platform.PrintPage, error) {
			page, pdf, err := drawKit(ctx, u, content)
			if err != nil {
				return platform.PrintPage{}, err
			}
			// The name of the job stands in the queue, for everyone to read.
			return platform.PrintPage{
				Title: "Coffer", Media: string(content.Paper), Width: page.Width, Height: page.Height, PDF: pdf,
				Paint: func(to platform.Painter) { page.Paint(to) },
			}, nil
		}, func(printer string) { k.keep(k.env.Words.Text("screen.kit.printedOn", "printer", printer)) }))
	}
	k.problem = Message{}
	if check == nil {
		ask()
		k.changed()
		return
	}
	k.busy = true
	Run(k.run, func(ctx context.Context) (struct{}, error) { return struct{}{}, check(ctx) }, func(_ struct{}, err error) {
		if k.busy, k.problem = false, explain(k.env.Words, err); err == nil {
			ask()
		}
		k.changed()
	})
	k.changed()
}

// content is what the kit says, but for its secrets.
func (k *kitSaver) content(u *session.Unlocked) kit.Kit {
	return kit.Kit{Email: u.Account().Email, Server: u.Account().Origin, Device: u.Device(), Created: k.env.Clock.Now(), Paper: k.env.Paper, Words: k.env.Words}
}

// drawKit leaves out the second half where the recovery code is on an earlier kit alone.
func drawKit(ctx context.Context, u *session.Unlocked, content kit.Kit) (page *kit.Page, pdf []byte, err error) {
	recovery, err := u.RecoveryCode(ctx)
	if err != nil {
		return nil, nil, err
	}
	if content.SecretKey, err = keys.ParseSecretKey(u.SecretKey()); err != nil {
		return nil, nil, err
	}
	defer content.SecretKey.Wipe()
	if recovery != "" {
		if content.Recovery, err = keys.ParseRecoveryCode(recovery); err != nil {
			return nil, nil, err
		}
		defer content.Recovery.Wipe()
	}
	if page, err = kit.Draw(content); err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	err = page.WritePDF(&b)
	return page, b.Bytes(), err
}

func (k *kitSaver) rendered(pdf secret.Bytes, err error) {
	k.busy, k.problem = false, explain(k.env.Words, err)
	k.changed()
	if err != nil {
		return
	}
	k.env.SaveFile(k.env.Words.Text("screen.kit.file"), pdf, func(path string) {
		pdf.Wipe()
		if path != "" && !k.run.Stopped() {
			k.saved = true
			k.keep(k.env.Words.Text("screen.kit.savedTo", "path", path))
		}
	})
}

// keep says where the kit is now.
func (k *kitSaver) keep(where string) {
	k.kept = where
	if k.then != nil {
		k.then()
	}
	k.changed()
}

func (k *kitSaver) state() KitState {
	s := KitState{Save: k.env.Words.Text("screen.kit.save"), Print: k.env.Words.Text("screen.kit.print"), Kept: k.kept, Busy: k.busy, Problem: k.problem}
	if k.saved {
		s.Save = k.env.Words.Text("screen.kit.saveAgain")
	}
	return s
}
