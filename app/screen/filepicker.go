package screen

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coffer-vault/coffer/assets"
)

// FilePicker lets a person choose files of this PC, by keyboard or pointer: it lists one folder at a time.
type FilePicker struct {
	model[FilePickerState]
	config  FilePickerConfig
	folder  string
	typed   string // the path as it stands in its field
	files   []pickable
	current int
	ticked  map[string]bool // by name, of this folder
	loading bool
	problem Message
	cancel  func()
}

// FileRequest is what files are asked for.
type FileRequest struct {
	Max int64  // no file is larger, in bytes; larger ones are shown and cannot be chosen
	One string // what one file is chosen for, the title of the dialog; empty for any number of files to attach
}

// FilePickerConfig says where to begin and what becomes of the choice.
type FilePickerConfig struct {
	FileRequest
	Folder string
	Chosen func(folder string, paths []string)
}

// pickable is a file or folder of the list.
type pickable struct {
	name   string
	size   int64
	folder bool
}

// FilePickerState is one folder.
type FilePickerState struct {
	Path    string // as it stands in its field
	Folder  string // that is listed
	Rows    []FileChoice
	Current int // index into Rows; -1 for none
	Loading bool
	Empty   string // why there are no rows
	Problem Message

	Title     string // of the dialog
	One       bool   // one file alone is chosen
	Choose    string // label of the button: "Attach", "Attach 3 files", "Open"
	CanChoose bool
	Hint      string // "Up to 100 MB each."
}

// FileChoice is a file or folder in the list.
type FileChoice struct {
	Name, Detail string
	Icon         assets.IconName
	Folder       bool
	Ticked       bool
	TooLarge     bool
}

// NewFilePicker lists a folder.
func NewFilePicker(env *Env, config FilePickerConfig) *FilePicker {
	p := &FilePicker{config: config}
	p.begin(env, p.view)
	p.enter(config.Folder)
	return p
}

// toldLimit is in bytes: a larger limit, as that of exports, is none that people come near.
const toldLimit = 1 << 30

func (p *FilePicker) view() FilePickerState {
	s := FilePickerState{Path: p.typed, Folder: p.folder, Current: p.current, Loading: p.loading, Problem: p.problem}
	if p.config.Max <= toldLimit {
		s.Hint = p.text("screen.files.limit", "size", sizeText(p.env.Words, p.config.Max))
	}
	for _, f := range p.files {
		s.Rows = append(s.Rows, p.choice(f))
	}
	if len(s.Rows) == 0 && !p.loading && p.problem.IsZero() {
		s.Empty = p.text("screen.files.pick.empty")
	}
	chosen := p.chosen()
	s.CanChoose, s.Title, s.Choose = len(chosen) > 0, p.text("screen.files.pick.title"), p.env.Words.Count("screen.files.pick.choose", max(1, len(chosen)))
	if p.config.One != "" {
		s.One, s.Title, s.Choose = true, p.config.One, p.text("screen.import.file.open")
	}
	return s
}

func (p *FilePicker) choice(f pickable) FileChoice {
	if f.folder {
		return FileChoice{Name: f.name, Icon: assets.IconFolder, Folder: true}
	}
	return FileChoice{Name: f.name, Icon: fileIcon(f.name), Detail: fileSize(p.env.Words, f.size), Ticked: p.ticked[f.name], TooLarge: f.size > p.config.Max}
}

// chosen are the paths of the files that are ticked, or else of the one that the list stands on.
func (p *FilePicker) chosen() []string {
	var paths []string
	for _, f := range p.files {
		if p.ticked[f.name] {
			paths = append(paths, filepath.Join(p.folder, f.name))
		}
	}
	if len(paths) == 0 && p.takes(p.current) {
		paths = []string{filepath.Join(p.folder, p.files[p.current].name)}
	}
	return paths
}

// takes reports whether a row is a file that can be chosen.
func (p *FilePicker) takes(index int) bool {
	return index >= 0 && index < len(p.files) && !p.files[index].folder && p.files[index].size <= p.config.Max
}

// Select stands on a row.
func (p *FilePicker) Select(index int) {
	p.current = index
	p.changed()
}

// Tick chooses the file of a row beside others, or no longer.
func (p *FilePicker) Tick(index int) {
	p.current = index
	if p.takes(index) && p.config.One == "" {
		name := p.files[index].name
		p.ticked[name] = !p.ticked[name]
	}
	p.changed()
}

// Open goes into the folder of a row, or takes its file with those that are ticked.
func (p *FilePicker) Open(index int) {
	switch {
	case index < 0 || index >= len(p.files):
	case p.files[index].folder:
		p.enter(filepath.Join(p.folder, p.files[index].name))
	case p.takes(index):
		p.current, p.ticked[p.files[index].name] = index, true
		p.Choose()
	}
}

// Up goes to the folder that this one is in.
func (p *FilePicker) Up() { p.enter(filepath.Dir(p.folder)) }

// SetPath takes what is typed into the field.
func (p *FilePicker) SetPath(typed string) {
	p.typed, p.problem = typed, Message{}
	p.changed()
}

// Go follows the path that was typed: into a folder, or to a file, which is taken.
func (p *FilePicker) Go() {
	path := strings.TrimSpace(p.typed)
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.folder, path)
	}
	p.enter(path)
}

// Choose ends with the files that are chosen.
func (p *FilePicker) Choose() {
	if chosen := p.chosen(); len(chosen) > 0 {
		p.config.Chosen(p.folder, chosen)
	}
}

// listing is what is found at a path: the files of a folder, or a file.
type listing struct {
	file  bool
	files []pickable
}

// enter shows another folder once it is read; until then, and if it cannot be, the one before stays.
func (p *FilePicker) enter(path string) {
	path = filepath.Clean(path)
	if p.cancel != nil {
		p.cancel()
	}
	p.loading, p.problem = true, Message{}
	p.cancel = Run(p.run, func(context.Context) (listing, error) { return list(path) }, func(l listing, err error) {
		p.loading = false
		switch {
		case err != nil:
			p.problem = explain(p.env.Words, err)
			if p.folder == "" {
				p.folder, p.typed = path, path
			}
		case l.file:
			p.take(path)
		default:
			p.show(path, l.files)
		}
		p.changed()
	})
	p.changed()
}

// take ends with a file whose path was typed.
func (p *FilePicker) take(path string) { p.config.Chosen(filepath.Dir(path), []string{path}) }

// show lists a folder, standing on the one that was come from.
func (p *FilePicker) show(folder string, files []pickable) {
	from := ""
	if filepath.Dir(p.folder) == folder {
		from = filepath.Base(p.folder)
	}
	p.folder, p.typed, p.files, p.ticked = folder, folder, files, map[string]bool{}
	p.current = slices.IndexFunc(files, func(f pickable) bool { return f.name == from })
	if p.current < 0 && len(files) > 0 {
		p.current = 0
	}
}

// list reads a folder, folders first. What begins with a dot is left out, as everywhere on this system; its path can be typed.
func list(path string) (listing, error) {
	info, err := os.Stat(path)
	if err != nil {
		return listing{}, err
	}
	if !info.IsDir() {
		return listing{file: true}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return listing{}, err
	}
	var l listing
	for _, entry := range entries {
		if f, ok := pick(path, entry); ok {
			l.files = append(l.files, f)
		}
	}
	slices.SortFunc(l.files, func(a, b pickable) int {
		switch {
		case a.folder && !b.folder:
			return -1
		case b.folder && !a.folder:
			return 1
		}
		return cmp.Or(strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), strings.Compare(a.name, b.name))
	})
	return l, nil
}

// pick takes folders and ordinary files, also through links; what is gone meanwhile or is a device is left out.
func pick(folder string, entry fs.DirEntry) (pickable, bool) {
	if strings.HasPrefix(entry.Name(), ".") {
		return pickable{}, false
	}
	info, err := os.Stat(filepath.Join(folder, entry.Name()))
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return pickable{}, false
	}
	return pickable{entry.Name(), info.Size(), info.IsDir()}, true
}
