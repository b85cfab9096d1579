package wire

// Limits of what a computer says of itself, in characters; MaxProblems in number.
const (
	MaxComputerName = 64
	MaxComputerText = 64
	MaxProblems     = 16
)

// ComputerRegister enters a computer into the list of the organization whose token it has: POST /v1/computers. It is signed by the key
// in it, under the zero account.
type ComputerRegister struct {
	Device ComputerKey    `json:"device"`
	Token  string         `json:"token"`
	Report ComputerReport `json:"report"`
}

// ComputerKey is what a computer made when it began: neither says anything of the hardware.
type ComputerKey struct {
	ID        string `json:"id"`
	PublicKey []byte `json:"public_key"`
}

// ComputerReport is what a computer says of itself: POST /v1/computers/{id}/reports. No path, account, user name or address is in it.
type ComputerReport struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	System    string   `json:"system"`
	Ring      string   `json:"ring,omitempty"`
	Held      string   `json:"held,omitempty"`
	LastCheck int64    `json:"last_check,omitempty"`
	Problems  []string `json:"problems,omitempty"`
}
