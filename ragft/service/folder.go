//go:build cgo

package service

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/retriever"
)

// uploadName is the name that temporary files are derived from; it is hidden, so that they are never indexed.
const uploadName = ".upload"

// files is the folder that clients add documents to. Files are known by their names.
type files struct {
	root   *os.Root
	folder string // its path
	within string // its path in the folder of documents, with slashes; "." for the same
	sync   func(context.Context) (*retriever.SyncReport, error)
	drop   func(ctx context.Context, document string) error // nil where sync does it
	turn   chan struct{}                                    // holds a value while a request changes the folder
}

// openFiles opens the folder of files within the first folder of documents, nil if there is none.
func openFiles(c *Config, folders []*os.Root) (*files, error) {
	switch {
	case c.Files == "":
		return nil, nil
	case len(folders) == 0 || c.Index == nil || c.Sync == nil:
		return nil, errors.New("option Files needs Folders, Index and Sync")
	case !fs.ValidPath(c.Files) || c.Files != "." && hidden(c.Files):
		return nil, fmt.Errorf("%q is not a path of a folder that is indexed", c.Files)
	}
	root, err := folders[0].OpenRoot(filepath.FromSlash(c.Files))
	if err != nil {
		return nil, err
	}
	return &files{
		root: root, folder: filepath.Join(c.Folders[0], filepath.FromSlash(c.Files)), within: c.Files, sync: c.Sync,
		drop: c.Remove, turn: make(chan struct{}, 1),
	}, nil
}

func (f *files) path(name string) string { return filepath.Join(f.folder, name) }

// source is the name of a file in the index.
func (f *files) source(name string) string { return path.Join(f.within, name) }

// add puts a file into its place and has it indexed. One that gives no passages is removed again.
func (f *files) add(ctx context.Context, up *upload) (*file, error) {
	if _, err := f.root.Lstat(up.name); err == nil {
		return nil, &apiError{status: http.StatusConflict, Code: "file_exists", Param: "file",
			Message: fmt.Sprintf("there is a file %s already: delete it first", up.name)}
	}
	if err := up.temp.CommitAs(f.path(up.name)); err != nil {
		return nil, err
	}
	skipped, err := f.update(ctx)
	if err != nil {
		_ = f.root.Remove(up.name)
		if f.drop != nil { // it may have been indexed
			_ = f.drop(ctx, f.source(up.name))
		}
		_, _ = f.update(ctx)
		return nil, err
	}
	details := ""
	for _, skip := range skipped {
		switch {
		case skip.Path != f.source(up.name):
		case skip.Reason == retriever.SkipPart:
			details = skip.Error()
		default:
			return nil, errors.Join(bad("file", "%s: %v", up.name, skip), f.root.Remove(up.name))
		}
	}
	info, err := f.root.Lstat(up.name)
	if err != nil {
		return nil, err
	}
	one := fileOf(info)
	one.Details = details
	return one, nil
}

// remove has the passages of a file removed and deletes it: in this order, so that a client can try again where the index cannot
// be changed.
func (f *files) remove(ctx context.Context, s *Service, id string) error {
	one, err := f.find(ctx, s, id)
	if err != nil {
		return err
	}
	if f.drop != nil {
		if err := f.drop(ctx, f.source(one.Filename)); err != nil {
			return notUpdated(err)
		}
	}
	if err := f.root.Remove(one.Filename); err != nil {
		return noFile(err)
	}
	if f.drop != nil { // a sync in between may have indexed it again
		if err := f.drop(ctx, f.source(one.Filename)); err != nil {
			return notUpdated(err)
		}
	}
	_, err = f.update(ctx)
	return err
}

// update brings the index to what the folder holds, and returns which files have no passages or not all of them.
func (f *files) update(ctx context.Context) ([]retriever.Skip, error) {
	report, err := f.sync(ctx)
	if err != nil {
		return nil, notUpdated(err)
	}
	return report.Skipped, nil
}

func notUpdated(err error) error {
	return &apiError{status: http.StatusServiceUnavailable, Code: "index_not_updated", cause: err,
		Message: "the index could not be brought up to date; the next change tries again"}
}

// list returns the files that have passages.
func (f *files) list(ctx context.Context, s *Service) ([]file, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	list := []file{}
	for _, e := range entries {
		if one, err := f.known(ctx, s, e.Name()); err == nil {
			list = append(list, *one)
		} else if toAPI(err).status != http.StatusNotFound {
			return nil, err
		}
	}
	return list, nil
}

// find returns the file with an ID.
func (f *files) find(ctx context.Context, s *Service, id string) (*file, error) {
	code, ok := strings.CutPrefix(id, "file-")
	name, err := base64.RawURLEncoding.Strict().DecodeString(code)
	if !ok || err != nil {
		return nil, noFile(nil)
	}
	return f.known(ctx, s, string(name))
}

// known returns a file by its name, if it is a document of the index.
func (f *files) known(ctx context.Context, s *Service, name string) (*file, error) {
	if !fs.ValidPath(name) || strings.ContainsAny(name, `/\`) || name[0] == '.' {
		return nil, noFile(nil)
	}
	info, err := f.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, noFile(err)
	}
	if indexed, err := s.isSource(ctx, f.source(name)); err != nil {
		return nil, err
	} else if !indexed {
		return nil, noFile(nil)
	}
	return fileOf(info), nil
}

// fileOf returns the object of a file.
func fileOf(info fs.FileInfo) *file {
	return &file{
		ID: "file-" + base64.RawURLEncoding.EncodeToString([]byte(info.Name())), Object: "file", Bytes: info.Size(),
		CreatedAt: info.ModTime().Unix(), Filename: info.Name(), Purpose: purposes[0], Status: "processed",
		modified: info.ModTime().UnixNano(),
	}
}

// noFile is the error for a file that is not there. Another error than that is passed on.
func noFile(err error) error {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return notFound("there is no such file")
}

// reserved are the names of devices on Windows, with any extension.
var reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?$`)

// maxName is the longest name of a file, in bytes, on common file systems.
const maxName = 255

// checkFileName returns an error for a name that is not that of a file in the folder on every system.
func checkFileName(name string) error {
	switch {
	case name == "":
		return errors.New("is empty")
	case len(name) > maxName:
		return fmt.Errorf("has more than %d bytes", maxName)
	case !utf8.ValidString(name):
		return errors.New("is not UTF-8")
	case strings.ContainsAny(name, `/\`):
		return errors.New("has a folder in it: a name alone is expected")
	case name[0] == '.':
		return errors.New("begins with a dot: such files are not indexed")
	case strings.ContainsAny(name, `<>:"|?*`) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("has a character that not every file system has in names")
	case strings.HasSuffix(name, ".") || strings.TrimSpace(name) != name:
		return errors.New("ends with a dot, or begins or ends with a blank")
	case reserved.MatchString(name):
		return errors.New("is the name of a device on Windows")
	}
	return nil
}
