package main

const programFile = "coffer"

func trayAvailable() bool { return true }
