package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/coffer-vault/coffer/cloud"
	"github.com/coffer-vault/coffer/sync/wire"
)

// Decisions that only HTTP knows.
type clockSkew struct{ serverTime int64 }

func (clockSkew) Error() string { return "clock is wrong" }

// table is the one place where decisions become answers (docs/protocol.md §8).
var table = []struct {
	err    error
	status int
	code   wire.Code
}{
	{cloud.ErrInvalid, http.StatusBadRequest, wire.CodeInvalid},
	{cloud.ErrProofFailed, http.StatusUnauthorized, wire.CodeProofFailed},
	{cloud.ErrSessionEnded, http.StatusUnauthorized, wire.CodeSessionEnded},
	{cloud.ErrCodeExpired, http.StatusForbidden, wire.CodeCodeExpired},
	{cloud.ErrDeviceRevoked, http.StatusForbidden, wire.CodeDeviceRevoked},
	{cloud.ErrDeviceUnlisted, http.StatusForbidden, wire.CodeDeviceUnlisted},
	{cloud.ErrNotFound, http.StatusNotFound, wire.CodeNotFound},
	{cloud.ErrTaken, http.StatusConflict, wire.CodeConflict},
	{cloud.ErrOpReused, http.StatusConflict, wire.CodeOpReused},
	{cloud.ErrTooLarge, http.StatusRequestEntityTooLarge, wire.CodeTooLarge},
	{cloud.ErrRootMismatch, http.StatusUnprocessableEntity, wire.CodeRootMismatch},
	{cloud.ErrBadCommit, http.StatusUnprocessableEntity, wire.CodeBadCommit},
	{cloud.ErrBadEntry, http.StatusUnprocessableEntity, wire.CodeBadEntry},
}

// errorAnswer is a wire.Error with its status. It is a huma.StatusError, so huma writes it as it is.
type errorAnswer struct {
	wire   wire.Error
	status int
}

func (a *errorAnswer) Error() string                { return a.wire.Error() }
func (a *errorAnswer) GetStatus() int               { return a.status }
func (a *errorAnswer) MarshalJSON() ([]byte, error) { return json.Marshal(a.wire) }

// Schema describes the answer in the OpenAPI document.
func (*errorAnswer) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[wire.Error](), true, "Error")
}

// GetHeaders tells generic HTTP clients when to come back.
func (a *errorAnswer) GetHeaders() http.Header {
	h := http.Header{}
	if a.wire.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(a.wire.RetryAfter))
	}
	return h
}

func newAnswer(status int, code wire.Code, message string) *errorAnswer {
	return &errorAnswer{wire: wire.Error{Code: code, Message: message}, status: status}
}

// answerFor translates an error. What is not a decision becomes 500 and says nothing more.
func answerFor(err error) *errorAnswer {
	if a := detailed(err); a != nil {
		return a
	}
	for _, row := range table {
		if errors.Is(err, row.err) {
			return newAnswer(row.status, row.code, err.Error())
		}
	}
	return newAnswer(http.StatusInternalServerError, wire.CodeUnavailable, "")
}

// detailed handles the decisions that carry a value.
func detailed(err error) *errorAnswer {
	var (
		a     *errorAnswer
		skew  clockSkew
		wrong *cloud.CodeWrong
		head  *cloud.HeadMoved
		log   *cloud.LogMoved
		waits *cloud.RecoveryWaits
		slow  *cloud.SlowDown
		full  *cloud.QuotaExceeded
	)
	switch {
	case errors.As(err, &a):
	case errors.As(err, &skew):
		a = newAnswer(http.StatusUnauthorized, wire.CodeClockSkew, "")
		a.wire.ServerTime = skew.serverTime
	case errors.As(err, &wrong):
		a = newAnswer(http.StatusForbidden, wire.CodeCodeWrong, "")
		a.wire.TriesLeft = &wrong.TriesLeft
	case errors.As(err, &head):
		a = newAnswer(http.StatusConflict, wire.CodeConflict, "")
		a.wire.Head = &wire.Head{Seq: head.Head.Seq, Hash: head.Head.Hash[:]}
	case errors.As(err, &log):
		a = newAnswer(http.StatusConflict, wire.CodeConflict, "")
		seq := int64(log.Seq)
		a.wire.LogSeq = &seq
	case errors.As(err, &waits):
		a = newAnswer(http.StatusForbidden, wire.CodeRecoveryWaits, "")
		a.wire.ReadyAt = waits.ReadyAt
	case errors.As(err, &full):
		a = newAnswer(http.StatusRequestEntityTooLarge, wire.CodeQuotaExceeded, "")
		a.wire.Limit, a.wire.Used = full.Limit, full.Used
	case errors.As(err, &slow):
		a = newAnswer(http.StatusTooManyRequests, wire.CodeSlowDown, "")
		a.wire.RetryAfter = int((slow.After + time.Second - 1) / time.Second)
	}
	return a
}

// fromHuma replaces huma's own error model. The details name places in the request and never repeat its values.
func fromHuma(status int, message string, details ...error) huma.StatusError {
	for _, d := range details {
		var detail *huma.ErrorDetail
		if errors.As(d, &detail) {
			message += fmt.Sprintf("; %s: %s", detail.Location, withoutValue(detail.Message))
		}
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") // names of fields are the sender's, too
	}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return newAnswer(status, wire.CodeTooLarge, message)
	case status >= http.StatusInternalServerError:
		return newAnswer(status, wire.CodeUnavailable, "")
	}
	return newAnswer(http.StatusBadRequest, wire.CodeInvalid, message)
}

const maxMessage = 1000

// withoutValue is a message about a value. encoding/json writes a number that does not fit into its own.
func withoutValue(message string) string {
	if strings.HasPrefix(message, "json: ") {
		return "a value does not fit"
	}
	return message
}

// huma takes its error model from a variable of the package, and whether names of fields are compared exactly; api is its only importer.
// Go's decoder takes "Email" for "email": which of the two it was would depend on their order.
func init() { huma.NewError, huma.ValidateStrictCasing = fromHuma, true }

// writeError answers outside of a handler.
func writeError(w http.ResponseWriter, err error) {
	a := answerFor(err)
	for name, values := range a.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	json.NewEncoder(w).Encode(a)
}
