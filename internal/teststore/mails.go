package teststore

import (
	"errors"
	"testing"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

func outboxRows(t *testing.T, s cloud.Store) {
	first := cloud.QueuedMail{ID: "0190-a", Sealed: []byte("a"), NextTry: 10, Expires: 100}
	second := cloud.QueuedMail{ID: "0190-b", Sealed: []byte("b"), NextTry: 20, Expires: 100}
	type queue struct {
		waiting int
		oldest  string
	}
	waiting := func(tx cloud.Tx) queue {
		n, oldest, err := tx.MailQueue()
		if err != nil {
			t.Error(err)
		}
		return queue{n, oldest}
	}
	Update(t, s, func(tx cloud.Tx) error {
		wantNone[int64](t, "no mail")(tx.NextMail())
		same(t, waiting(tx), queue{})
		if err := errors.Join(tx.InsertMail(second), tx.InsertMail(first)); err != nil {
			return err
		}
		same(t, waiting(tx), queue{2, first.ID})
		same(t, must[int64](t)(tx.NextMail()), int64(10))
		wantNone[cloud.QueuedMail](t, "none is due")(tx.ClaimMail(9, 50))
		first.Attempts, first.NextTry = 1, 50
		same(t, must[cloud.QueuedMail](t)(tx.ClaimMail(10, 50)), first)
		same(t, must[int64](t)(tx.NextMail()), int64(20))
		if err := errors.Join(tx.RetryMail(first.ID, 15), tx.DeleteMail(second.ID)); err != nil {
			return err
		}
		same(t, must[int64](t)(tx.NextMail()), int64(15))
		wantNone[int](t, "retry of none")(0, tx.RetryMail(second.ID, 1))
		wantNone[int](t, "deletion of none")(0, tx.DeleteMail(second.ID))
		if err := tx.HurryMails(14, 11, 60); err != nil {
			return err
		}
		first.Attempts, first.NextTry, first.Expires = 2, 70, 60
		same(t, must[cloud.QueuedMail](t)(tx.ClaimMail(11, 70)), first)
		return nil
	})
}

func deliveryRows(t *testing.T, s cloud.Store) {
	ada, ben, waits := []byte("ada"), []byte("ben"), []byte("waits")
	row := func(mail string, to, waiting []byte, at int64) cloud.Delivery {
		return cloud.Delivery{Mail: mail, Kind: cloud.MailDeviceCode, Address: to, Waiting: waiting, State: cloud.MailQueued, Sealed: []byte("s"), Queued: at, Changed: at}
	}
	before, newest, notice := row("a", ada, waits, 1), row("b", ada, waits, 2), row("c", ben, []byte{}, 3)
	Update(t, s, func(tx cloud.Tx) error {
		queued := cloud.QueuedMail{ID: before.Mail, Sealed: []byte("x"), NextTry: 1, Expires: 2}
		if err := errors.Join(tx.InsertMail(queued), tx.InsertDelivery(before), tx.InsertDelivery(newest), tx.InsertDelivery(notice)); err != nil {
			return err
		}
		same(t, must[cloud.Delivery](t)(tx.DeliveryFor(waits)), newest)
		wantNone[cloud.Delivery](t, "nobody waits")(tx.DeliveryFor([]byte("other")))
		newest.State, newest.Sealed, newest.Changed = cloud.MailBounced, []byte("550"), 4
		if err := tx.SettleDelivery(newest); err != nil {
			return err
		}
		late := newest
		late.State = cloud.MailSent
		wantNone[int](t, "a mail that came back")(0, tx.SettleDelivery(late))
		same(t, must[cloud.Delivery](t)(tx.Delivery(newest.Mail)), newest)
		same(t, must[[]cloud.Delivery](t)(tx.FailedDeliveries(cloud.MailBounced, 9)), []cloud.Delivery{newest})
		same(t, must[int](t)(tx.CountDeliveries(cloud.MailQueued)), 2)
		same(t, must[[]cloud.Delivery](t)(tx.DeliveriesTo(ada, 9)), []cloud.Delivery{newest, before})
		same(t, must[[]cloud.Delivery](t)(tx.DeliveriesTo(ada, 1)), []cloud.Delivery{newest})
		if err := tx.DeleteDeliveriesTo(ada); err != nil {
			return err
		}
		wantNone[cloud.Delivery](t, "erased")(tx.Delivery(before.Mail))
		wantNone[int64](t, "erased mail that waits")(tx.NextMail())
		same(t, must[cloud.Delivery](t)(tx.Delivery(notice.Mail)), notice)
		same(t, must[int64](t)(tx.DeleteExpired(0, 0, 0, 0, 0, 3)), int64(1))
		wantNone[cloud.Delivery](t, "a week old")(tx.Delivery(notice.Mail))
		return nil
	})
}

// Accounts come in the order of their ids, a page at a time.
func accountsAfter(t *testing.T, s cloud.Store) {
	var want []id.ID
	for _, first := range []byte{3, 1, 2} {
		a := Account()
		a.ID[0] = first
		Update(t, s, func(tx cloud.Tx) error { return tx.InsertAccount(a) })
		want = append(want, a.ID)
	}
	want = []id.ID{want[1], want[2], want[0]}
	Update(t, s, func(tx cloud.Tx) error {
		same(t, must[[]id.ID](t)(tx.AccountsAfter(id.ID{}, 2)), want[:2])
		same(t, must[[]id.ID](t)(tx.AccountsAfter(want[1], 2)), want[2:])
		if rest := must[[]id.ID](t)(tx.AccountsAfter(want[2], 2)); len(rest) != 0 {
			t.Errorf("after the last: %v", rest)
		}
		return nil
	})
}
