package main

import (
	"time"

	"github.com/go-gl/glfw/v3.4/glfw"
)

// The toolkit draws with GLFW, whose queue of events belongs to the whole process.

func waitForEvents(d time.Duration) { glfw.WaitEventsTimeout(d.Seconds()) }

func endWait() { glfw.PostEmptyEvent() }
