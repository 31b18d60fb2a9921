package ragft

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/ragft/ragft/internal/filehash"
	"github.com/ragft/ragft/retriever"
)

const hashPrefix = "sha256:"

func isHash(s string) bool { return strings.HasPrefix(s, hashPrefix) }

// hashFile is the hash of what a file holds. Of a folder it is that it is there.
func hashFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "folder", nil
	}
	sum, err := filehash.SHA256(context.Background(), false, path)
	return hashPrefix + sum, err
}

// settings are the keys of the config that start with one of the prefixes, as
// texts; of files, what they hold. Left out are those that a step's result does
// not depend on.
func (p *Project) settings(prefixes []string, except ...string) (inputs, error) {
	in := inputs{}
	var failed error
	c := p.config
	walkKeys(reflect.ValueOf(&c).Elem(), "", func(name string, f field) {
		matches := func(prefix string) bool { return name == prefix || strings.HasPrefix(name, prefix+".") }
		if isSection(f.value) || !anyOf(prefixes, matches) || anyOf(except, matches) {
			return
		}
		text := fmt.Sprint(f.value.Interface())
		if f.value.Kind() == reflect.Slice && f.value.Len() == 0 {
			text = ""
		}
		_, named := layouts[text]
		if text != "" && (f.is("path") || f.is("layout") && !named) {
			hash, err := hashFile(text)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			}
			text = hash
		}
		in[name] = text
	})
	return in, failed
}

func anyOf(list []string, is func(string) bool) bool {
	for _, s := range list {
		if is(s) {
			return true
		}
	}
	return false
}

// file adds the hash of a file that may be missing.
func (in inputs) file(name, path string) error {
	hash, err := hashFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		hash, err = "", nil
	}
	in[name] = hash
	return err
}

// model adds what a model is told by: a server's by its name, a file by its
// size and time, since models are too large to be read for this.
func (in inputs) model(ctx context.Context, p *Project, name, model string) error {
	if model == "" {
		in[name] = ""
		return nil
	}
	servers, err := serversOf(model)
	if err != nil {
		return err
	}
	if len(servers) > 0 {
		in[name] = model
		return nil
	}
	path, err := fileOf(ctx, model)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d", info.Size(), info.ModTime().UnixNano()))
	in[name] = hashPrefix + hex.EncodeToString(sum[:])
	return nil
}

// adapter adds the adapter that is used, with its scale.
func (in inputs) adapter(p *Project) error {
	path, err := p.adapterFile()
	if err != nil {
		return err
	}
	in["scale"] = fmt.Sprint(p.config.Scale)
	if path == "" {
		in["adapter"] = ""
		return nil
	}
	in["adapter"], err = hashFile(path)
	return err
}

// meaning adds by what passages are found beside words, if by anything.
func (in inputs) meaning(ctx context.Context, p *Project) error {
	c := p.config.Search
	if c.Embed+c.Rerank == "" {
		return nil
	}
	set, err := p.settings([]string{"search"})
	if err != nil {
		return err
	}
	maps.Copy(in, set)
	if err := in.model(ctx, p, "search.embed", c.Embed); err != nil {
		return err
	}
	return in.model(ctx, p, "search.rerank", c.Rerank)
}

// search adds the index and how it is searched.
func (in inputs) search(ctx context.Context, p *Project, index *retriever.Index) error {
	digest, err := index.Digest(ctx)
	if err != nil {
		return err
	}
	in["index"] = hashPrefix + digest
	if err := in.meaning(ctx, p); err != nil {
		return err
	}
	switch file := p.config.SearchTuning.File; file {
	case "none":
		in["search-tuning.file"] = "none"
		return nil
	case "":
		return in.file("search-tuning.file", p.Path(retrievalName))
	default:
		return in.file("search-tuning.file", file)
	}
}
