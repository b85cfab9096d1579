package vault

// SSHKey is a key pair for SSH.
const SSHKey Kind = "ssh-key"

// The fields of an SSH key, besides Notes.
const (
	PrivateKey  Key = "private-key" // as its program wrote it: OpenSSH or PEM
	Passphrase  Key = "passphrase"
	PublicKey   Key = "public-key" // a line of authorized_keys
	Fingerprint Key = "fingerprint"
)

var sshKeySpec = KindSpec{
	Kind: SSHKey,
	Fields: []FieldSpec{
		{Key: PrivateKey, Type: Private},
		{Key: Passphrase, Type: Concealed},
		{Key: PublicKey, Type: Multiline, Searchable: true},
		{Key: Fingerprint, Type: Text, Searchable: true},
		{Key: Notes, Type: Multiline},
	},
	Subtitle: Fingerprint,
}
