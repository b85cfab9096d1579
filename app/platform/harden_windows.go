package platform

import "fmt"

var werSetFlags = kernel32.NewProc("WerSetFlags")

// disableCoreDumps keeps the heap out of what Windows Error Reporting collects. No dialog either, as Go's runtime has set it.
func disableCoreDumps() error {
	const noHeap, noUI = 1, 32 // WER_FAULT_REPORTING_FLAG_NOHEAP, WER_FAULT_REPORTING_NO_UI
	if result, _, _ := werSetFlags.Call(noHeap | noUI); result != 0 {
		return fmt.Errorf("WerSetFlags: HRESULT %#x", result)
	}
	return nil
}
