package tray

// needsBegin: the icon is an object on the session's bus, which has to be put there.
const needsBegin = true

var (
	open, locked = coloured, grey
	encode       = encodePNG
)
