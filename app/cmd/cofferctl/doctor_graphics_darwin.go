package main

// checkGraphics: every Mac that Coffer runs on has OpenGL 2.1.
func checkGraphics() finding { return finding{"graphics", true, "macOS"} }
