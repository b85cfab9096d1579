package testdisk

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// A Recorder keeps every step below a folder, for Replay. Its Watch belongs into Watch.
type Recorder struct {
	root string
	mu   sync.Mutex
	log  []recorded
	disk *Disk // as it was when the recording began
}

// recorded is a step, or a mark.
type recorded struct {
	Step
	mark any
}

// NewRecorder takes what is below root now for safe on the disk.
func NewRecorder(root string) (*Recorder, error) {
	d := &Disk{names: map[string]*inode{}, durable: map[string]*inode{}}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		d.names[name] = &inode{durable: data}
		return err
	})
	d.durable = maps.Clone(d.names)
	if err != nil {
		return nil, fmt.Errorf("record a disk: %w", err)
	}
	return &Recorder{root: root, disk: d}, nil
}

// Watch is a Watcher that lets every step happen.
func (r *Recorder) Watch(s Step) error {
	inside := func(path string) (string, bool) {
		name, err := filepath.Rel(r.root, path)
		return name, err == nil && path != "" && name != ".." && !strings.HasPrefix(name, "../")
	}
	name, ok := inside(s.Path)
	if !ok || s.Op == Torn || s.Op == Shared || s.Op == Read {
		return nil
	}
	s.Path, s.Data = name, slices.Clone(s.Data)
	if s.Op == Rename {
		if s.To, ok = inside(s.To); !ok {
			return nil
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, recorded{Step: s})
	return nil
}

// Mark puts a mark between the steps.
func (r *Recorder) Mark(mark any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, recorded{mark: mark})
}

// Points draws n of the steps, and tells how often each: every kind of step, by its Label, as often as the others.
func (r *Recorder) Points(random *rand.Rand, n int) map[int]int {
	byLabel := map[string][]int{}
	for i, s := range r.log {
		if s.mark == nil {
			byLabel[s.Label()] = append(byLabel[s.Label()], i)
		}
	}
	labels := slices.Sorted(maps.Keys(byLabel))
	chosen := map[int]int{}
	for i := range n {
		steps := byLabel[labels[i%len(labels)]]
		chosen[steps[random.IntN(len(steps))]]++
	}
	return chosen
}

// Replay plays the record: mark is told of the marks, and before each step, and after the last, at of the disk as it is then. It may be
// played once.
func (r *Recorder) Replay(mark func(any), at func(n int, next Step, d *Disk)) {
	for n, s := range r.log {
		if s.mark != nil {
			mark(s.mark)
			continue
		}
		at(n, s.Step, r.disk)
		r.disk.apply(s.Step)
	}
	at(len(r.log), Step{}, r.disk)
}

// Disk is what a disk promises, and no more: what was written to a file is safe when the file was flushed, and a name when its folder
// was. What is between is there, or not, in any part and order, but a sector is whole, and what was not written to is as it was.
type Disk struct {
	names, durable map[string]*inode // what the system shows, and what is safe
	renamed        []naming          // since the folder was flushed
}

// naming gives a name to a file, or takes it away.
type naming struct {
	name string
	file *inode // nil: none
	gone string // the name that it had before
}

type inode struct {
	durable []byte
	waiting []change
}

// change is what was done to a file since it was flushed: data written at an offset, or, without data, its size.
type change struct {
	at   int64
	data []byte
}

func (d *Disk) apply(s Step) {
	file := d.names[s.Path]
	switch s.Op {
	case Open:
		if file == nil && s.Create {
			d.name(naming{name: s.Path, file: &inode{}})
		}
	case Write:
		if file == nil { // made before anybody was told
			file = &inode{}
			d.name(naming{name: s.Path, file: file})
		}
		file.waiting = append(file.waiting, change{s.At, s.Data})
	case Truncate:
		file.waiting = append(file.waiting, change{at: s.At})
	case Sync:
		file.durable, file.waiting = file.all(), nil
	case SyncDir:
		d.flushFolder(s.Path)
	case Delete:
		d.name(naming{name: s.Path})
	case Rename:
		d.name(naming{name: s.To, file: file, gone: s.Path})
	}
}

func (d *Disk) name(n naming) {
	n.in(d.names)
	d.renamed = append(d.renamed, n)
}

// in does it in a folder.
func (n naming) in(names map[string]*inode) {
	delete(names, n.gone)
	if names[n.name] = n.file; n.file == nil {
		delete(names, n.name)
	}
}

func (d *Disk) flushFolder(folder string) {
	d.renamed = slices.DeleteFunc(d.renamed, func(n naming) bool {
		if filepath.Dir(n.name) != folder {
			return false
		}
		n.in(d.durable)
		return true
	})
}

// all is the file with everything that was done to it.
func (f *inode) all() []byte {
	return f.after(1, func(bool) bool { return true })
}

// after is the file with what keep says of what was done to it, asked for every part that is in one sector; last says that it is of the
// last thing that was done.
func (f *inode) after(sector int64, keep func(last bool) bool) []byte {
	data := slices.Clone(f.durable)
	for i, c := range f.waiting {
		last := i == len(f.waiting)-1
		if c.data == nil {
			if keep(last) {
				data = resize(data, c.at)
			}
			continue
		}
		for at, rest := c.at, c.data; len(rest) > 0; {
			n := min(int64(len(rest)), sector-at%sector)
			if sector == 1 {
				n = int64(len(rest))
			}
			if keep(last) {
				data = resize(data, max(int64(len(data)), at+n))
				copy(data[at:], rest[:n])
			}
			at, rest = at+n, rest[n:]
		}
	}
	return data
}

func resize(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

// Cut is how a power cut goes.
type Cut int

// The kinds of Cut: nothing that was not flushed is on the disk, all of it, all but parts of the last write of a file, or any of it.
const (
	Nothing Cut = iota
	Everything
	Last
	Any
	Cuts // how many kinds there are
)

// Leave writes what a power cut now may leave of the disk into an empty folder. Sectors are of 512 bytes or 4 KiB; what was to grow has
// grown or not; of SQLite's shared memory, which is never flushed, anything is there.
func (d *Disk) Leave(dir string, how Cut, random *rand.Rand) error {
	coin := func(last bool) bool {
		return how == Everything || how == Last && !last || how != Nothing && random.IntN(2) == 0
	}
	names := maps.Clone(d.durable)
	for i, n := range d.renamed {
		if coin(i == len(d.renamed)-1) {
			n.in(names)
		}
	}
	sector := int64(512)
	if random.IntN(2) == 0 {
		sector = 4096
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		file := names[name]
		data := file.after(sector, coin)
		if how == Any && len(data) > len(file.durable) && random.IntN(4) == 0 {
			data = data[:len(file.durable)+random.IntN(len(data)-len(file.durable)+1)]
		}
		if err := leave(filepath.Join(dir, name), data); err != nil {
			return err
		}
		if err := leaveShared(filepath.Join(dir, name), random); err != nil {
			return err
		}
	}
	return nil
}

func leave(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// leaveShared leaves no shared memory beside a database, an empty one, or one full of noise.
func leaveShared(path string, random *rand.Rand) error {
	if filepath.Ext(path) != ".db" {
		return nil
	}
	shared := make([]byte, 32<<10)
	switch random.IntN(3) {
	case 0:
		return nil
	case 1:
		for i := range shared {
			shared[i] = byte(random.Uint32())
		}
	}
	return os.WriteFile(path+"-shm", shared, 0o600)
}
