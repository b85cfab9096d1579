package audit

import "github.com/coffer-vault/coffer/vault"

// Result is the check as a whole.
type Result struct {
	Passwords int // logins with a password
	Good      int // those of them without a problem
	Problems  int // items of any kind with one
	Ignored   int // items with a finding that was called no problem
	Counts    map[vault.Finding]int

	Done, Left int // of what is to be examined; Left is 0 once all is
}

// Share is how many of the passwords are good, 0 to 1.
func (r Result) Share() float64 {
	if r.Passwords == 0 {
		return 1
	}
	return float64(r.Good) / float64(r.Passwords)
}

// Result is how it stood when Work told last, but for Left. Its map is never changed.
func (a *Auditor) Result() Result {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.result
}

// count adds the records up.
func (a *Auditor) count() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	var each [16]int
	r := Result{Counts: make(map[vault.Finding]int), Done: a.done, Left: a.left()}
	for _, item := range a.records {
		found := a.findings(item)
		open := found &^ item.ignored
		if found&item.ignored != 0 {
			r.Ignored++
		}
		if item.mark != 0 {
			r.Passwords++
		}
		if open.Problems() != 0 {
			r.Problems++
		} else if item.mark != 0 {
			r.Good++
		}
		for i := range severity {
			each[i] += int(open >> i & 1)
		}
	}
	for i, f := range severity {
		if each[i] > 0 {
			r.Counts[f] = each[i]
		}
	}
	a.result = r
}
