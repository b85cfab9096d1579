package sqlite

import "testing"

func TestFileSystemsOfMacOS(t *testing.T) {
	for _, c := range []struct {
		name  string
		local bool
		want  bool
	}{
		{"apfs", true, false}, {"hfs", true, false}, {"msdos", true, false}, {"exfat", true, false}, {"tmpfs", true, false},
		{"smbfs", false, true}, {"nfs", false, true}, {"afpfs", false, true}, {"webdav", false, true}, {"ftp", false, true},
		{"nfs", true, true},         // of the loopback: the write-ahead log's memory is no more shared there
		{"newsharefs", false, true}, // not known by name
		{"macfuse", false, false}, {"fusefs_sshfs", false, false}, {"osxfuse", true, false},
	} {
		if got := networkMount(c.name, c.local); got != c.want {
			t.Errorf("%s, local %t: network %t, want %t", c.name, c.local, got, c.want)
		}
	}
}

// What the system itself says of a folder that is surely local: on every system that has the tests run.
func TestATemporaryFolderIsLocal(t *testing.T) {
	if remote, err := OnNetwork(t.TempDir()); remote || err != nil {
		t.Errorf("%t, %v", remote, err)
	}
}
