package tray

// needsBegin: the icon's window belongs to the thread that made it, whose messages the toolkit's loop takes. The library's own loop
// would wait on a thread without any.
const needsBegin = false

var (
	open, locked = coloured, grey
	encode       = encodeICO
)
