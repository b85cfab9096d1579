package tray

const needsBegin = true

var (
	open, locked = mark, faintMark
	encode       = encodePNG
)
