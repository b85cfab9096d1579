package main

const programFile = "coffer.exe"

func trayAvailable() bool { return true }
