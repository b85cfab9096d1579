package canonical

// Check is tested alone too: the codec behind it refuses much of the same.
var Check = check
