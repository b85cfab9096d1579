package sqlite

import (
	"path/filepath"
	"testing"
)

func TestFileSystemsOfTheNetwork(t *testing.T) {
	// statfs(2): ext4, xfs, btrfs, tmpfs, overlay and FUSE are local, or do not say.
	for magic, want := range map[int64]bool{
		0xef53: false, 0x58465342: false, 0x9123683e: false, 0x01021994: false, 0x794c7630: false, 0x65735546: false,
		0x6969: true, 0x517b: true, 0xff534d42: true, 0xfe534d42: true,
	} {
		if networkFileSystems[magic] != want {
			t.Errorf("%#x: network %t, want %t", magic, !want, want)
		}
	}
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "not there yet.db")} {
		if remote, err := OnNetwork(path); remote || err != nil {
			t.Errorf("%s: %t, %v", path, remote, err)
		}
	}
	if _, err := OnNetwork(filepath.Join(dir, "no folder", "file.db")); err == nil {
		t.Error("a folder that is not there is somewhere")
	}
}
