package sqlstore

import (
	"database/sql"
	"strings"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/crypto/id"
)

func (t *tx) InsertEnrollToken(e cloud.EnrollToken) error {
	return t.exec(`INSERT INTO enroll_tokens (serial, org_id, name, language, last_day, created, revoked) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.Serial[:], e.Organization[:], e.Name, e.Language, e.LastDay, e.Created, e.Revoked)
}

func (t *tx) EnrollToken(serial id.ID) (e cloud.EnrollToken, err error) {
	err = t.one(`SELECT serial, org_id, name, language, last_day, created, revoked FROM enroll_tokens WHERE serial = $1`, []any{serial[:]},
		[]any{fixed(e.Serial[:]), fixed(e.Organization[:]), &e.Name, &e.Language, &e.LastDay, &e.Created, &e.Revoked})
	return e, err
}

func (t *tx) RevokeEnrollToken(serial id.ID, at int64) error {
	return t.change(`UPDATE enroll_tokens SET revoked = CASE WHEN revoked = 0 THEN $1 ELSE revoked END WHERE serial = $2`, at, serial[:])
}

func (t *tx) InsertComputer(c cloud.Computer) error {
	return t.exec(`INSERT INTO computers (computer_id, serial, org_id, public_key, created, last_seen, name, former_name, doubled, version, system,
			ring, held, last_check, problems)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		c.ID[:], c.Serial[:], c.Organization[:], c.Key[:], c.Created, c.LastSeen, c.Name, c.FormerName, c.Doubled, c.Version, c.System,
		c.Ring, c.Held, c.LastCheck, strings.Join(c.Problems, " "))
}

func (t *tx) UpdateComputer(c cloud.Computer) error {
	return t.change(`UPDATE computers SET serial = $1, org_id = $2, last_seen = $3, name = $4, former_name = $5, doubled = $6, version = $7, system = $8,
			ring = $9, held = $10, last_check = $11, problems = $12 WHERE computer_id = $13`,
		c.Serial[:], c.Organization[:], c.LastSeen, c.Name, c.FormerName, c.Doubled, c.Version, c.System,
		c.Ring, c.Held, c.LastCheck, strings.Join(c.Problems, " "), c.ID[:])
}

const selectComputer = `SELECT computer_id, serial, org_id, public_key, created, last_seen, name, former_name, doubled, version, system,
	ring, held, last_check, problems FROM computers `

func (t *tx) Computer(computer id.ID) (c cloud.Computer, err error) {
	var problems string
	err = t.one(selectComputer+`WHERE computer_id = $1`, []any{computer[:]}, computerColumns(&c, &problems))
	c.Problems = words(problems)
	return c, err
}

func (t *tx) CountComputers(serial id.ID) (n int64, err error) {
	err = t.one(`SELECT COUNT(*) FROM computers WHERE serial = $1`, []any{serial[:]}, []any{&n})
	return n, err
}

func (t *tx) Computers(organization id.ID) (all []cloud.Computer, err error) {
	err = t.each(selectComputer+`WHERE org_id = $1 ORDER BY name, computer_id`, []any{organization[:]}, func(rows *sql.Rows) (bool, error) {
		var c cloud.Computer
		var problems string
		err := rows.Scan(computerColumns(&c, &problems)...)
		c.Problems = words(problems)
		all = append(all, c)
		return true, err
	})
	return all, err
}

func computerColumns(c *cloud.Computer, problems *string) []any {
	return []any{
		fixed(c.ID[:]), fixed(c.Serial[:]), fixed(c.Organization[:]), fixed(c.Key[:]), &c.Created, &c.LastSeen, &c.Name, &c.FormerName, &c.Doubled,
		&c.Version, &c.System, &c.Ring, &c.Held, &c.LastCheck, problems,
	}
}

// words is nil for none.
func words(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}

func (t *tx) DeleteComputer(computer id.ID) error {
	return t.change(`DELETE FROM computers WHERE computer_id = $1`, computer[:])
}
