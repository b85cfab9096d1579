package screen

import (
	"time"

	"github.com/coffer-vault/coffer/app/session"
)

// How often the server is asked what became of a code's mail: not before most have arrived, and seldom once a mail server has it.
const (
	mailFirst = 3 * time.Second
	mailAgain = 5 * time.Second
	mailTaken = 20 * time.Second
)

// mailWatch is what is known of the newest code's mail.
type mailWatch struct {
	state  session.MailState // empty until the server has said
	next   time.Time
	cancel func() // of a question under way
}

func (m *mailWatch) begin(now time.Time) {
	m.end()
	m.next = now.Add(mailFirst)
}

// end forgets the mail, and a question about it that is under way.
func (m *mailWatch) end() {
	if m.cancel != nil {
		m.cancel()
	}
	*m = mailWatch{}
}

func (m *mailWatch) due(now time.Time) bool {
	return m.cancel == nil && !m.next.IsZero() && !now.Before(m.next) && !m.state.Failed()
}

// tick goes on with the page of the code every second.
func (w *Welcome) tick() {
	w.changed()
	if now := w.env.Clock.Now(); w.mail.due(now) && now.Before(w.expires) && !w.busy {
		w.askMail()
	}
}

// askMail asks for the mail's state. Where there is no answer the page says nothing of it, as with a server that does not know the question.
func (w *Welcome) askMail() {
	w.mail.cancel = Run(w.run, w.mailed().Mail(), func(state session.MailState, err error) {
		w.mail.cancel = nil
		if err == nil {
			w.mail.state = state
		}
		pause := mailAgain
		if err != nil || state == session.MailSent {
			pause = mailTaken
		}
		w.mail.next = w.env.Clock.Now().Add(pause)
		w.changed()
	})
}

// mailLine says how far the mail has come, and nothing in a state that this program has no words for.
func (w *Welcome) mailLine() Message {
	switch state := w.mail.state; state {
	case session.MailQueued, session.MailSent:
		return Message{What: w.text("screen.welcome.code.mail." + string(state))}
	case session.MailRefused, session.MailBounced, session.MailLate:
		return Message{Tone: ToneError, What: w.text("screen.welcome.code.mail." + string(state))}
	}
	return Message{}
}

// offersPair tells whether the page of the code offers the way in without a mail: once one could have arrived.
func (w *Welcome) offersPair() bool {
	return !w.creating && (w.mail.state.Failed() || !w.env.Clock.Now().Before(w.resendAt))
}
