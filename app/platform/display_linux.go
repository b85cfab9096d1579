package platform

import (
	"io"
	"log"

	"github.com/jezek/xgb"
)

func init() {
	// It would tell standard error about every display without an authority file.
	xgb.Logger = log.New(io.Discard, "", 0)
}

func hasDisplay() bool {
	conn, err := xgb.NewConn()
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
