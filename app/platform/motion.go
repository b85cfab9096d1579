package platform

// ReducedMotion reports whether the person has asked the system for less motion. Where the system does not tell, nobody has.
func ReducedMotion() bool { return reducedMotion() }
