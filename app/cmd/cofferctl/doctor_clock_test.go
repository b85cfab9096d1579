package main

import (
	"testing"
	"time"

	"github.com/coffer-vault/coffer/updater"
)

func TestLastCheck(t *testing.T) {
	for age, ok := range map[time.Duration]bool{
		0: true, -time.Minute: true, time.Hour: true, updater.StaleBanner: false, -time.Hour: false, -74 * 365 * 24 * time.Hour: false,
	} {
		if f := lastCheck(age); f.OK != ok || f.Detail == "" {
			t.Errorf("%v: %+v", age, f)
		}
	}
}
