package sqlstore

import (
	"database/sql"

	"github.com/coffer-vault/coffer/cloud"
)

func (t *tx) InsertDelivery(d cloud.Delivery) error {
	return t.exec(`INSERT INTO deliveries (mail_id, kind, address, waiting, state, sealed, queued, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.Mail, d.Kind, d.Address, notNull(d.Waiting), d.State, d.Sealed, d.Queued, d.Changed)
}

const selectDelivery = `SELECT mail_id, kind, address, waiting, state, sealed, queued, changed FROM deliveries WHERE `

func deliveryFields(d *cloud.Delivery) []any {
	return []any{&d.Mail, &d.Kind, &d.Address, &d.Waiting, &d.State, &d.Sealed, &d.Queued, &d.Changed}
}

func (t *tx) Delivery(mailID string) (d cloud.Delivery, err error) {
	err = t.one(selectDelivery+`mail_id = $1`, []any{mailID}, deliveryFields(&d))
	return d, err
}

func (t *tx) DeliveryFor(waiting []byte) (d cloud.Delivery, err error) {
	err = t.one(selectDelivery+`waiting = $1 ORDER BY queued DESC, mail_id DESC LIMIT 1`, []any{waiting}, deliveryFields(&d))
	return d, err
}

func (t *tx) SettleDelivery(d cloud.Delivery) error {
	return t.change(`UPDATE deliveries SET state = $1, sealed = $2, changed = $3 WHERE mail_id = $4 AND state <> 'bounced'`, // cloud.MailBounced
		d.State, d.Sealed, d.Changed, d.Mail)
}

func (t *tx) FailedDeliveries(state cloud.DeliveryState, limit int) ([]cloud.Delivery, error) {
	return t.deliveries(selectDelivery+`state = $1 ORDER BY changed DESC LIMIT $2`, string(state), limit)
}

func (t *tx) CountDeliveries(state cloud.DeliveryState) (n int, err error) {
	err = t.one(`SELECT COUNT(*) FROM deliveries WHERE state = $1`, []any{string(state)}, []any{&n})
	return n, err
}

func (t *tx) DeliveriesTo(address []byte, limit int) ([]cloud.Delivery, error) {
	return t.deliveries(selectDelivery+`address = $1 ORDER BY queued DESC, mail_id DESC LIMIT $2`, address, limit)
}

func (t *tx) DeleteDeliveriesTo(address []byte) error {
	if err := t.exec(`DELETE FROM outbox WHERE mail_id IN (SELECT mail_id FROM deliveries WHERE address = $1)`, address); err != nil {
		return err
	}
	return t.exec(`DELETE FROM deliveries WHERE address = $1`, address)
}

func (t *tx) deliveries(query string, args ...any) (all []cloud.Delivery, err error) {
	err = t.each(query, args, func(rows *sql.Rows) (bool, error) {
		var d cloud.Delivery
		err := rows.Scan(deliveryFields(&d)...)
		all = append(all, d)
		return true, err
	})
	return all, err
}
