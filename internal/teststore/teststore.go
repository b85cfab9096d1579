// Package teststore is what every store of the server has to do, for the tests of each engine.
package teststore

import (
	"testing"

	"github.com/coffer-vault/coffer/cloud"
)

// Suite runs every test on a store that open returns, empty.
func Suite(t *testing.T, open func(*testing.T) cloud.Store) {
	for name, test := range map[string]func(*testing.T, cloud.Store){
		"transactions":                  transactions,
		"panicRollsBack":                panicRollsBack,
		"viewIsASnapshotAndCannotWrite": viewIsASnapshotAndCannotWrite,
		"glanceAsksOnce":                glanceAsksOnce,
		"callerByAccess":                callerByAccess,
		"headCommit":                    headCommit,
		"cancelledTransaction":          cancelledTransaction,
		"moveHeadComparesAndSwaps":      moveHeadComparesAndSwaps,
		"nothingIsDecidedAfterAFailure": nothingIsDecidedAfterAFailure,
		"accountKeepsEveryField":        accountKeepsEveryField,
		"noRecoveryTag":                 noRecoveryTag,
		"devicesAndWraps":               devicesAndWraps,
		"pairingRows":                   pairingRows,
		"recoveryRows":                  recoveryRows,
		"emailChangeRows":               emailChangeRows,
		"sessionsOfOthers":              sessionsOfOthers,
		"lastCommitOf":                  lastCommitOf,
		"manyAtOnce":                    manyAtOnce,
		"computerRows":                  computerRows,
		"outboxRows":                    outboxRows,
		"deliveryRows":                  deliveryRows,
		"accountsAfter":                 accountsAfter,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}
