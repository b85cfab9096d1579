package screen

import (
	"context"
	"time"

	"github.com/coffer-vault/coffer/app/session"
)

// How often the server is asked what became of a code's mail: not before most have arrived, and seldom once a mail server has it.
const (
	mailFirst = 3 * time.Second
	mailAgain = 5 * time.Second
	mailTaken = 20 * time.Second
)

// mailQuestion asks the server how far a mail has come.
type mailQuestion = func(context.Context) (session.MailState, error)

// mailWatch is what is known of the newest code's mail, while a page waits for the code. The zero value watches nothing.
type mailWatch struct {
	env     *Env
	run     *Runner
	changed func()

	ask    mailQuestion
	state  session.MailState // empty until the server has said
	next   time.Time
	cancel func() // of a question under way
}

// begin watches a mail that has just been sent. It asks when it is ticked.
func (m *mailWatch) begin(env *Env, run *Runner, ask mailQuestion, changed func()) {
	m.end()
	*m = mailWatch{env: env, run: run, changed: changed, ask: ask, next: env.Clock.Now().Add(mailFirst)}
}

// end forgets the mail, and a question about it that is under way.
func (m *mailWatch) end() {
	if m.cancel != nil {
		m.cancel()
	}
	*m = mailWatch{}
}

// tick asks for the mail's state where that is due. Where there is no answer nothing is said of it, as with a server that does not know
// the question.
func (m *mailWatch) tick() {
	if m.ask == nil || m.cancel != nil || m.state.Failed() || m.env.Clock.Now().Before(m.next) {
		return
	}
	m.cancel = Run(m.run, m.ask, func(state session.MailState, err error) {
		m.cancel = nil
		if err == nil {
			m.state = state
		}
		pause := mailAgain
		if err != nil || state == session.MailSent {
			pause = mailTaken
		}
		m.next = m.env.Clock.Now().Add(pause)
		m.changed()
	})
}

// line says how far the mail has come, and nothing in a state that this program has no words for.
func (m *mailWatch) line() Message {
	switch m.state {
	case session.MailQueued, session.MailSent:
		return Message{What: m.env.Words.Text("screen.welcome.code.mail." + string(m.state))}
	case session.MailRefused, session.MailBounced, session.MailLate:
		return Message{Tone: ToneError, What: m.env.Words.Text("screen.welcome.code.mail." + string(m.state))}
	}
	return Message{}
}

// tick goes on with the page of the code every second.
func (w *Welcome) tick() {
	w.changed()
	if w.env.Clock.Now().Before(w.expires) && !w.busy {
		w.mail.tick()
	}
}

// watchMail watches the mail of the newest code.
func (w *Welcome) watchMail() { w.mail.begin(w.env, w.run, w.mailed().Mail(), w.changed) }

// offersPair tells whether the page of the code offers the way in without a mail: once one could have arrived.
func (w *Welcome) offersPair() bool {
	return !w.creating && (w.mail.state.Failed() || !w.env.Clock.Now().Before(w.resendAt))
}
