package main

// programFile is the desktop program as the package installs it, in the folder of this one.
const programFile = "Coffer.exe"
