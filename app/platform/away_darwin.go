package platform

import "context"

// watchSystem has nothing to watch: the notifications of macOS need its frameworks, which a program without cgo does not reach.
func watchSystem(context.Context, func(Away)) error { return nil }
