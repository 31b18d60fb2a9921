//go:build cgo

package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"

	"github.com/ragft/ragft/internal/atomicfile"
)

// file is a file object of OpenAI's API.
type file struct {
	ID        string `json:"id"`
	Object    string `json:"object"`
	Bytes     int64  `json:"bytes"`
	CreatedAt int64  `json:"created_at"`
	Filename  string `json:"filename"`
	Purpose   string `json:"purpose"`
	Status    string `json:"status"`
	// Details says what of the file could not be read, where it was added.
	Details string `json:"status_details,omitempty"`

	modified int64 // nanoseconds
}

// purposes are those that a file may be added for. Which one it was is not recorded.
var purposes = []string{"assistants", "user_data"}

// maxFiles is the largest number of files in one list.
const maxFiles = 10_000

// filesOf returns the folder of files, or an error if there is none.
func (s *Service) filesOf() (*files, error) {
	if s.files == nil {
		return nil, notFound("this service has no folder for files")
	}
	return s.files, nil
}

// addFile answers POST /v1/files. The file stands in the folder once it is complete, and stays there if it has text that can be
// searched.
func (s *Service) addFile(w http.ResponseWriter, r *http.Request) error {
	f, err := s.filesOf()
	if err != nil {
		return err
	}
	if len(s.places) == cap(s.places) {
		return errBusy
	}
	leave, err := enter(s.uploads)
	if err != nil {
		return err
	}
	defer leave()
	up, err := f.receive(w, r, s.limits.File)
	if err != nil {
		return err
	}
	defer func() { _ = up.temp.Discard() }() // nothing is left of it if it is in its place
	added, err := changing(s, r, func(ctx context.Context) (*file, error) { return f.add(ctx, up) })
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, added)
	return nil
}

// removeFile answers DELETE /v1/files/ID. Afterwards the index has no passages of the file.
func (s *Service) removeFile(w http.ResponseWriter, r *http.Request) error {
	f, err := s.filesOf()
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	_, err = changing(s, r, func(ctx context.Context) (*file, error) { return nil, f.remove(ctx, s, id) })
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"id": id, "object": "file", "deleted": true})
	return nil
}

// changing runs a change of the folder, one at a time. It is not interrupted if the client disconnects, so that the index is as
// the folder.
func changing(s *Service, r *http.Request, change func(context.Context) (*file, error)) (*file, error) {
	select {
	case s.files.turn <- struct{}{}:
		defer func() { <-s.files.turn }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	ctx, cancel := context.WithTimeout(s.life, s.limits.Time)
	defer cancel()
	return change(ctx)
}

// listFiles answers GET /v1/files, a page of at most limit files after one of them.
func (s *Service) listFiles(w http.ResponseWriter, r *http.Request) error {
	f, err := s.filesOf()
	if err != nil {
		return err
	}
	q := r.URL.Query()
	limit := maxFiles
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxFiles {
			return bad("limit", "limit must be from 1 to %d", maxFiles)
		}
	}
	order := cmp.Or(q.Get("order"), "desc")
	if order != "asc" && order != "desc" {
		return bad("order", "order must be \"asc\" or \"desc\"")
	}
	list := []file{}
	if purpose := q.Get("purpose"); purpose == "" || slices.Contains(purposes, purpose) {
		if list, err = f.list(r.Context(), s); err != nil {
			return err
		}
	}
	slices.SortFunc(list, func(a, b file) int {
		return cmp.Or(cmp.Compare(a.modified, b.modified), cmp.Compare(a.Filename, b.Filename))
	})
	if order == "desc" {
		slices.Reverse(list)
	}
	if after := q.Get("after"); after != "" {
		i := slices.IndexFunc(list, func(x file) bool { return x.ID == after })
		if i < 0 {
			return bad("after", "there is no file with the ID %s", after)
		}
		list = list[i+1:]
	}
	more := len(list) > limit
	list = list[:min(len(list), limit)]
	page := map[string]any{"object": "list", "data": list, "has_more": more}
	if len(list) > 0 {
		page["first_id"], page["last_id"] = list[0].ID, list[len(list)-1].ID
	}
	writeJSON(w, http.StatusOK, page)
	return nil
}

// fileOf returns the file that a request names, and the folder that it is in.
func (s *Service) fileOf(r *http.Request) (*files, *file, error) {
	f, err := s.filesOf()
	if err != nil {
		return nil, nil, err
	}
	one, err := f.find(r.Context(), s, r.PathValue("id"))
	return f, one, err
}

// showFile answers GET /v1/files/ID.
func (s *Service) showFile(w http.ResponseWriter, r *http.Request) error {
	_, one, err := s.fileOf(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, one)
	return nil
}

// sendFile answers GET /v1/files/ID/content with the bytes of the file, which no browser is to show.
func (s *Service) sendFile(w http.ResponseWriter, r *http.Request) error {
	f, one, err := s.fileOf(r)
	if err != nil {
		return err
	}
	in, _, err := openRegular(f.root, one.Filename)
	if err != nil {
		return noFile(err)
	}
	defer func() { _ = in.Close() }() // only read from
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": one.Filename}))
	_, err = io.Copy(w, in)
	return err
}

// upload is a file that was received, in the folder under a hidden name.
type upload struct {
	name string
	temp *atomicfile.File
}

// receive reads the parts of a form. After an error nothing of it is left.
func (f *files) receive(w http.ResponseWriter, r *http.Request, limit int64) (_ *upload, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		return nil, &apiError{status: http.StatusUnsupportedMediaType, Code: "invalid_content_type",
			Message: "the Content-Type must be multipart/form-data"}
	}
	const frame = 64 << 10 // for what is not the file
	r.Body = http.MaxBytesReader(w, r.Body, limit+frame)
	form, err := r.MultipartReader()
	if err != nil {
		return nil, bad("", "the body is not a form: %v", err)
	}
	up := &upload{}
	defer func() {
		if err != nil && up.temp != nil {
			err = errors.Join(err, up.temp.Discard())
		}
	}()
	purpose := ""
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, readError(err)
		}
		switch name := part.FormName(); {
		case name == "purpose" && purpose == "":
			text, err := io.ReadAll(io.LimitReader(part, 100))
			if err != nil {
				return nil, readError(err)
			}
			purpose = string(text)
		case name == "file" && up.temp == nil:
			if err := f.receiveFile(up, part, limit); err != nil {
				return nil, err
			}
		case name == "file" || name == "purpose":
			return nil, bad(name, "%s occurs more than once", name)
		default:
			return nil, bad(name, "%s: unknown field", name)
		}
	}
	switch {
	case up.temp == nil:
		return nil, bad("file", "the form has no file")
	case !slices.Contains(purposes, purpose):
		return nil, bad("purpose", "purpose must be \"assistants\" or \"user_data\": files are documents that answers come from")
	}
	return up, nil
}

// receiveFile writes one file of a form.
func (f *files) receiveFile(up *upload, part *multipart.Part, limit int64) (err error) {
	_, fields, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return bad("file", "the part has no valid Content-Disposition: %v", err)
	}
	up.name = fields["filename"] // as it was sent: part.FileName would leave out folders in silence
	if err := checkFileName(up.name); err != nil {
		return bad("file", "the file name %q %v", short(up.name, 100), err)
	}
	if up.temp, err = atomicfile.Create(f.path(uploadName)); err != nil {
		return err
	}
	from := &faulty{r: io.LimitReader(part, limit+1)}
	n, err := io.Copy(up.temp, from)
	switch {
	case from.err != nil:
		return readError(from.err)
	case err != nil:
		return err
	case n > limit:
		return fmt.Errorf("%w", &http.MaxBytesError{Limit: limit})
	}
	return nil
}

// faulty keeps the error of a reader, to tell it from those of what is written to.
type faulty struct {
	r   io.Reader
	err error
}

func (f *faulty) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}
