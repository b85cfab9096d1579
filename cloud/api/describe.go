package api

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/coffer-vault/coffer/sync/wire"
)

//go:generate env UPDATE_OPENAPI=1 go test -run TestDescriptionIsInTheDocuments .

// about says what the description is worth; it goes into the document itself.
const about = `Paths, methods, fields and their types of the Coffer API. docs/protocol.md is normative for everything else: the order of calls, what is signed and how, what a client verifies.

Bodies are JSON (Content-Type: application/json) but for chunks of attachments. Ids are 32 lower-case hex digits, binary values base64 (RFC 4648 section 4, padded), times Unix milliseconds UTC. A request with a field or query parameter that is not listed is refused; a client ignores fields of an answer that it does not know.`

// describe completes what huma sees of the handlers: whose signature an operation demands, and what its fields mean. The result is
// served at /openapi.json; docs/openapi.json is a copy that a test compares.
func (s *Server) describe() {
	doc := s.huma.OpenAPI()
	doc.Info.Description = about
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{}
	for name, description := range signers {
		doc.Components.SecuritySchemes[name] = &huma.SecurityScheme{Type: "apiKey", In: "header", Name: wire.HeaderSignature, Description: description}
	}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil {
				describeOperation(op)
			}
		}
	}
	event := doc.Components.Schemas.Schema(reflect.TypeFor[wire.Event](), true, "Event")
	doc.Paths["/v1/events"].Get.Responses["200"].Content = map[string]*huma.MediaType{"text/event-stream": {Schema: event}}
	chunk := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	doc.Paths["/v1/vaults/{id}/attachments/{attachment}/chunks/{index}"].Get.Responses["200"].Content = map[string]*huma.MediaType{octets: {Schema: chunk}}
	for name, schema := range doc.Components.Schemas.Map() {
		for field, property := range schema.Properties {
			property.Description = meaning(name, field)
		}
	}
}

func describeOperation(op *huma.Operation) {
	route, _ := op.Metadata[policyKey].(policy)
	op.Security = []map[string][]string{}
	if !route.open {
		op.Security = append(op.Security, map[string][]string{route.signer: {}})
	}
	op.Description = operations[op.OperationID]
	if op.Method == http.MethodPost || op.Method == http.MethodPut {
		op.Description = strings.TrimSpace(fmt.Sprintf("%s At most %d KiB.", op.Description, op.MaxBodyBytes>>10))
	}
}

// signers are the policies of auth.go by their names, for whoever writes a client.
var signers = map[string]string{
	"session":  "Signed by the device's key under its account, with the access token of its session (Authorization: Bearer).",
	"reader":   "As session; a device that recovers may do it too.",
	"device":   "Signed by the key of a device that the account knows, without a token.",
	"pending":  "Signed by the key of a new device that proved itself and waits for its code, under its account, without a token.",
	"body":     "Signed by the device's key in the body, without a token; under the account of the body, or the zero account where it names none.",
	"pairing":  "Signed by the key of the device that began the pairing, under the zero account, without a token.",
	"computer": "Signed by the key of a computer that registered, under the zero account, without a token.",
	"recovery": "Signed by the key of a device that recovers, under its account, without a token.",
}

// operations says what the path does not.
var operations = map[string]string{
	"signup-start":         "Mails a code, or that the address has an account: the answer is the same.",
	"signup-mail":          "How far the mail with the code has come: queued, sent (a mail server has it), refused or bounced (by a mail server, for good), late.",
	"signup-verify":        "Trades the code for a token that opens signup/finish once, within an hour.",
	"signup-finish":        "Makes the account with its first device, vault and session.",
	"signin-lookup":        "Finds an account by the tag of its Secret Key. Unknown tags get an answer too.",
	"signin-challenge":     "A nonce for signin/prove.",
	"signin-prove":         "Proves password, Secret Key and device. The answer has a session for a live device; else a code was mailed, and the answer has its expiry.",
	"signin-verify-device": "Trades the mailed code for a session.",
	"signin-resend":        "Mails another code; the one before is void.",
	"signin-mail":          "As signup/mail. The body is {}.",
	"session-refresh":      "Trades a refresh token for a new pair of tokens. The one before stays valid until the new one has been used.",
	"session-end":          "Signs this device out: ends its session and its stream.",
	"session-end-others":   "Signs every other device out, with the sign-out entry of the account log.",
	"session-log":          "As account/log, for a device whose session has ended.",
	"account-keys":         "The key bundle.",
	"account-log":          "A page of the account log: at most 256 entries.",
	"account-log-append":   "Appends an entry that names no sealed key. The log's head again succeeds.",
	"account-challenge":    "A nonce for one fresh proof. The body is {}.",
	"account-change":       "Appends a batch of entries with every sealed key that it names, all or nothing. The batch that ends at the log's head again succeeds.",
	"account-delete":       "Removes the account and everything of it.",
	"email-start":          "Mails one code to the old address and one to the new.",
	"email-resend":         "Mails two other codes; those before are void.",
	"email-mail":           "As signup/mail, for the mail to one of the two addresses.",
	"email-finish":         "Changes the address, with its email-change entry.",
	"me":                   "The account as the server has it: address, devices, a recovery under way. Names are the log's business: a client believes the log.",
	"events":               "Server-sent events. Each event is one data: line with an Event as JSON; lines that begin with : keep the connection alive, every 25 s. It ends with its access token.",
	"pairing-start":        "Asks the devices of an account to let this one in. The answer is the same where the address has no account.",
	"pairing-poll":         "Answers at once when the state is another than known, else after 20 s at most.",
	"pairing-reveal":       "Gives r, once the pairing is answered.",
	"pairings":             "Open pairings of the account.",
	"pairing":              "A pairing that this device answered, with r once it is revealed.",
	"pairing-answer":       "Takes the pairing up, once.",
	"pairing-refuse":       "Ends a pairing.",
	"recovery-lookup":      "As signin/lookup, by the tag of the recovery code.",
	"recovery-challenge":   "As signin/challenge.",
	"recovery-start":       "Proves the recovery code; a code is mailed.",
	"recovery-mail":        "As signup/mail. The body is {}.",
	"recovery-verify":      "Starts the delay, with the mailed code.",
	"recovery-open":        "After the delay: a session that reads, and changes the account once. The body is {}.",
	"recovery-cancel":      "Ends the recovery under way. The body is {}.",
	"computer-register":    "Enters a computer into the list of the organization whose enrolment token it has. Again, with another token too, it succeeds.",
	"computer-report":      "Replaces what the computer said of itself before.",
	"vaults":               "The vaults of the account with their heads.",
	"vault-head":           "The head of a vault and its commit.",
	"vault-changes":        "A page of commits after a seq, in order: at most 500, and about 4 MiB; and current envelopes of objects that they name, newest first, at most 1,000 and about 4 MiB. What is missing is had from objects/fetch.",
	"vault-objects":        "A page of the state table in the order of (leaf, object id), tombstones too: at most 1,000 rows and about 4 MiB.",
	"vault-fetch":          "Current envelopes, as far as they fit into a page. Objects without one are left out.",
	"attachment":           "Of how many chunks an attachment is, and which of them the server has.",
	"chunk":                "A chunk as it was put.",
	"chunk-put":            "Keeps a chunk: an envelope of purpose 3. The same bytes again succeed, others are a conflict, and so is another count.",
	"vault-push":           "Appends a commit. The bytes that were accepted before get the same answer.",
}

// meaning is the description of a field: that of the schema's own, else that of all fields of this name.
func meaning(schema, field string) string {
	if own := fields[schema+"."+field]; own != "" {
		return own
	}
	return fields[field]
}

var fields = map[string]string{
	"access_expires":      "When the access token ends.",
	"access_token":        "32 bytes.",
	"account_id":          "Made by the client at sign-up.",
	"approval":            "The wrap for the new device, once approved.",
	"approver_id":         "The device that answered.",
	"approver_key":        "Ed25519 public key of the device that answered, 32 bytes.",
	"changes":             "The change list, canonical CBOR; it hashes to the commit's changes_hash.",
	"code":                "The mailed code. Case, spaces and dashes do not matter; O is 0, I and L are 1.",
	"code_expires":        "Until when the mailed code is good.",
	"code_new":            "The code that the new address got.",
	"code_old":            "The code that the old address got.",
	"commit":              "Canonical CBOR.",
	"commitment":          "SHA-256 of what the new device will reveal, 32 bytes.",
	"commits":             "In the order of the chain.",
	"count":               "Chunks of the whole file; 0 where the server has none of them.",
	"created":             "When the server learnt of it.",
	"device":              "The device that asks.",
	"device_id":           "A device of the account.",
	"device_name":         "What the device calls itself.",
	"device_signature":    "Of the same message, by the device's key, purpose device-proof.",
	"devices":             "All devices that were ever added.",
	"email":               "The address, as typed; at most 254 bytes. What is signed over it uses the same bytes.",
	"entries":             "In the order of the log.",
	"entry":               "An entry of the account log, canonical CBOR.",
	"env_hash":            "Hash of the envelope, 32 bytes; zeros for a tombstone.",
	"envelope":            "The sealed object.",
	"envelopes":           "Sealed objects at their current revision.",
	"epoch":               "Of the vault key, from 1.",
	"expires":             "When it ends.",
	"generation":          "Of the credentials in force.",
	"hash":                "Hash of the commit, 32 bytes; zeros for an empty vault.",
	"held":                "What holds updates back; absent for nothing.",
	"head":                "The newest commit of the vault.",
	"head_hash":           "Hash of the newest entry, 32 bytes.",
	"head_seq":            "Seq of the newest entry.",
	"id":                  "A random id, made by the client.",
	"known":               "The state that the caller knows; the answer waits for another.",
	"language":            "Of the mail, BCP 47.",
	"last_seen":           "When the server last heard of the device.",
	"limit":               "Bytes that the account may have, with quota_exceeded.",
	"log_seq":             "Seq of the log's head, with conflict on the account log.",
	"login_signature":     "Of the sign-in message, by the login key, purpose sign-in.",
	"lookup_tag":          "The tag of the Secret Key, 32 bytes.",
	"more":                "The head is beyond the last commit: ask again.",
	"name":                "At most 64 printable characters.",
	"next":                "The cursor of the next page, opaque; absent on the last.",
	"nonce":               "32 random bytes.",
	"object_id":           "A random id, made by the client.",
	"object_ids":          "At most 1,000.",
	"pairing":             "GET pairings has changed.",
	"pairing_id":          "A random id, made by the new device.",
	"pairings":            "Those that are open.",
	"platform":            "linux, macos or windows; at most 16 printable characters.",
	"problems":            "Words for what needs attention there, at most 16, of lower-case letters, digits and dashes.",
	"profile":             "P1, P2 or P3.",
	"present":             "Places of the chunks that the server has, in order.",
	"proof":               "Fresh proof by the login key in force.",
	"public_key":          "Ed25519, 32 bytes.",
	"r":                   "What the commitment is of, 32 bytes.",
	"ready_at":            "When the delay of the recovery is over.",
	"receive_key":         "HPKE, MLKEM768X25519, 1,216 bytes.",
	"recovery":            "The recovery under way; absent without one.",
	"recovery_signature":  "Of the recovery message, by the recovery login key, purpose recovery.",
	"recovery_tag":        "The tag of the recovery code, 32 bytes; goes with sealed_recovery_key.",
	"refresh_token":       "32 bytes.",
	"report":              "What the computer says of itself.",
	"retry_after":         "Seconds to wait, with slow_down and unavailable.",
	"revision":            "From 1.",
	"revoked":             "It was revoked.",
	"ring":                "Of updates: pilot or broad; absent where nobody decided.",
	"rows":                "Lines of the state table.",
	"sealed_account_key":  "AK under KEK, an envelope.",
	"sealed_identity":     "The identity under AK, an envelope.",
	"sealed_previous_key": "The key of the epoch before under this one, an envelope; absent in epoch 1.",
	"sealed_recovery_key": "AK under the recovery KEK, an envelope.",
	"sealed_vault_key":    "The vault key under AK, an envelope.",
	"seq":                 "Of a commit, from 1; 0 for an empty vault.",
	"server_time":         "With clock_skew.",
	"session":             "The tokens of the session.",
	"signature":           "Ed25519, 64 bytes, over the bytes beside it.",
	"signed_out":          "This device's sessions were ended; the last event of a stream.",
	"signup_id":           "Names the sign-up, opaque.",
	"started":             "When the delay began.",
	"state":               "1 live, 2 tombstone.",
	"system":              "The operating system and its version.",
	"tag":                 "32 bytes.",
	"token":               "32 bytes.",
	"tries_left":          "With code_wrong.",
	"used":                "Bytes that the account has, without what was refused.",
	"vault":               "The vault with a new head, seq its seq; absent where seq is that of the account log.",
	"vault_id":            "A random id, made by the client.",
	"vaults":              "All vaults of the account.",
	"version":             "Of the program.",
	"wrap":                "A wrap, canonical CBOR.",
	"wrap_signature":      "By the sender's device key, 64 bytes.",

	"AccountChange.entries":             "The batch.",
	"AccountChange.lookup_tag":          "With credentials: the tag of the Secret Key in force from now on.",
	"AccountChange.pairing_id":          "With an approval, a device-add alone by the device that answered the pairing.",
	"AccountChange.proof":               "Fresh proof; not needed for a device-rename alone.",
	"AccountChange.sealed_account_key":  "With credentials.",
	"AccountChange.sealed_identity":     "With identity-rotate.",
	"AccountChange.sealed_recovery_key": "With credentials whose recovery sealing is another than before.",
	"AccountChange.vaults":              "With vault-epochs, in their order.",
	"AccountChange.wraps":               "With a new Secret Key, for every other live device; with an approval, for the new one.",
	"ComputerKey.id":                    "A random id, made by the computer.",
	"ComputerRegister.device":           "The computer.",
	"ComputerRegister.token":            "The enrolment token, as text (docs/protocol.md section 11).",
	"ComputerReport.name":               "At most 64 printable characters.",
	"ComputerReport.last_check":         "When an update host last proved to be current.",
	"Changes.log":                       "The head of the account log, seq and hash.",
	"Challenged.nonce":                  "32 bytes, good for one proof.",
	"EmailStart.email":                  "The new address, as it is signed in the proof.",
	"EmailMail.mailbox":                 "old or new.",
	"EmailFinish.entry":                 "The email-change.",
	"Error.code":                        "See docs/protocol.md section 8.",
	"Error.message":                     "For developers; never shown to people.",
	"Event.devices":                     "GET me has changed.",
	"Event.seq":                         "Of the vault's head, or of the log's.",
	"FreshProof.nonce":                  "Of the challenge.",
	"FreshProof.signature":              "By the login key in force, purpose account-change.",
	"HeadCommit.commit":                 "The commit of the head; absent for an empty vault.",
	"KeyBundle.log":                     "From genesis, as much as 4 MiB hold; the rest by account/log.",
	"KeyBundle.sealed_account_key":      "AK under KEK, an envelope. Absent for a device that recovers.",
	"KeyBundle.sealed_recovery_key":     "Only for a device that recovers, instead of sealed_account_key.",
	"KeyBundle.vaults":                  "Every epoch of every vault, the oldest first.",
	"KeyBundle.wrap":                    "The Secret Key for this device, after another changed it.",
	"Pairing.r":                         "Once it is revealed, and only to the device that answered.",
	"PairingPolled.state":               "waiting, answered, approved, refused or expired.",
	"PairingPolled.nonce":               "n of the device that answered, 32 bytes.",
	"Proved.session":                    "For a live device.",
	"Row.envelope":                      "Absent for a tombstone, and where it did not fit: fetch it.",
	"SignupFinish.log":                  "genesis, credentials, device-add, vault-epoch.",
}
