package sqlite

import "golang.org/x/sys/unix"

func onNetwork(path string) (bool, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return false, err
	}
	return networkMount(unix.ByteSliceToString(stat.Fstypename[:]), stat.Flags&unix.MNT_LOCAL != 0), nil
}
