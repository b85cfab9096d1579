package attacks

// The ways out of a violation, as rows of the table.
func init() {
	register("20c", existing, "a backup of the server is put back", TestWayOut_RestoredBackup)
	register("20c", existing, "rows of the file that give another root", TestReload_ChangedRows)
	register("22", existing, "a fork, and the way out of it", TestWayOut_Fork)
	register("22", existing, "another state than the one that was confirmed", TestWayOut_AnotherStateThanConfirmed)
	register("28", elsewhere, "file and server put back together", TestReload_ServerRolledBackToo)
}
