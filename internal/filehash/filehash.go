// Package filehash returns hashes of large files, such as models, without reading them each time: it stores them in the user's
// cache folder and uses them while size, times and inode number of the files are the same. It also stores that the checksums
// inside of files were verified.
package filehash

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/filestamp"
)

// remembered is what is stored for a file, or for several that were hashed as one.
type remembered struct {
	Stamps []filestamp.Stamp `json:"stamps"`
	Looked int64             `json:"looked"` // when hashing began, in nanoseconds
	Hash   string            `json:"hash"`
}

// trusted says whether the files can only be those that were hashed.
func (r remembered) trusted(stamps []filestamp.Stamp) bool {
	unsettled := func(s filestamp.Stamp) bool { return !s.Settled(r.Looked) }
	return slices.Equal(r.Stamps, stamps) && !slices.ContainsFunc(stamps, unsettled)
}

// most is the number of entries that are kept.
const most = 1000

var writing sync.Mutex // of the file, within this process; of two that write at once, one loses what it adds

// SHA256 returns the SHA-256 of the files, one after the other, in hexadecimal. If verify is set, they are always read, and the
// stored hash is replaced.
func SHA256(ctx context.Context, verify bool, paths ...string) (string, error) {
	return recall(keyOf(paths), verify, paths, func() (string, error) { return hash(ctx, paths) })
}

// Checked checks each file, unless all of them were checked before and have not changed.
func Checked(paths []string, check func(path string) error) error {
	if len(paths) == 0 {
		return nil
	}
	_, err := recall(keyOf(paths)+"\nchecked", false, paths, func() (string, error) {
		for _, path := range paths {
			if err := check(path); err != nil {
				return "", err
			}
		}
		return "checked", nil
	})
	return err
}

// recall returns the stored value of the files under the key. If there is none, it stores and returns what read returns.
func recall(key string, verify bool, paths []string, read func() (string, error)) (string, error) {
	looked := time.Now().UnixNano()
	stamps, err := stampsOf(paths)
	if err != nil {
		return "", err
	}
	memory := memoryFile()
	if r, ok := readMemory(memory)[key]; ok && !verify && r.trusted(stamps) {
		return r.Hash, nil
	}
	hash, err := read()
	if err != nil {
		return "", err
	}
	after, err := stampsOf(paths)
	if err != nil {
		return "", err
	}
	if r := (remembered{stamps, looked, hash}); r.trusted(after) {
		if err := remember(memory, key, r); err != nil {
			slog.Debug("ragft: what was read of a file is not remembered", "error", err)
		}
	}
	return hash, nil
}

func stampsOf(paths []string) ([]filestamp.Stamp, error) {
	stamps := make([]filestamp.Stamp, len(paths))
	for i, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			path = resolved
		}
		stamps[i] = filestamp.Of(path, info)
	}
	return stamps, nil
}

// memoryFile is the file in which hashes are stored; "" if there is no place for it.
func memoryFile() string {
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "ragft", "hashes.json")
}

func keyOf(paths []string) string {
	full := make([]string, len(paths))
	for i, path := range paths {
		if full[i] = path; !filepath.IsAbs(path) {
			if absolute, err := filepath.Abs(path); err == nil {
				full[i] = absolute
			}
		}
	}
	return strings.Join(full, "\n")
}

// readMemory returns what is stored. A file that cannot be read counts as empty.
func readMemory(file string) map[string]remembered {
	data, err := os.ReadFile(file)
	all := map[string]remembered{}
	if err != nil || json.Unmarshal(data, &all) != nil {
		return map[string]remembered{}
	}
	return all
}

// remember stores a hash. Hashes of files that are gone are removed, and if there are too many, the oldest.
func remember(file, key string, r remembered) error {
	if file == "" {
		return nil
	}
	writing.Lock()
	defer writing.Unlock()
	all := readMemory(file)
	all[key] = r
	maps.DeleteFunc(all, func(key string, _ remembered) bool {
		first, _, _ := strings.Cut(key, "\n")
		_, err := os.Stat(first)
		return err != nil
	})
	for len(all) > most {
		oldest := key
		for k, r := range all {
			if r.Looked < all[oldest].Looked {
				oldest = k
			}
		}
		delete(all, oldest)
	}
	data, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), fs.FileMode(0o755)); err != nil {
		return err
	}
	return atomicfile.WritePrivate(file, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

func hash(ctx context.Context, paths []string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		if err := add(ctx, h, path); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func add(ctx context.Context, h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buffer := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(buffer)
		h.Write(buffer[:n]) //nolint:errcheck // a hash takes everything
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
	}
}
