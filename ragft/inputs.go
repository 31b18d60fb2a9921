package ragft

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"strings"

	"github.com/ragft/ragft/internal/filehash"
	"github.com/ragft/ragft/ragft/opt"
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
		text, err := settingText(f.value)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
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

// settingText is a value as a text that no other value of the key has. Lists are JSON, since their items may hold what divides them,
// and so is a text where another is "unset".
func settingText(v reflect.Value) (string, error) {
	list := v.Kind() == reflect.Slice
	if list && v.Len() == 0 {
		return "", nil
	}
	if text, _ := v.Interface().(opt.Value[string]); !list && !text.IsSet() {
		return fmt.Sprint(v.Interface()), nil
	}
	text, err := json.Marshal(v.Interface())
	return string(text), err
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

// written adds where a file is written: what a step made is not there if it is to be elsewhere.
func (in inputs) written(p *Project, name, path string) (err error) {
	if in[name] = path; path != "" {
		in[name], err = p.place(path)
	}
	return err
}

// model adds what a model is told by: a server's by its name and place, a file by
// its size and time, since models are too large to be read for this.
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
		in[name], err = placesOf(servers)
		return err
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

// adapter adds the adapter that is used, with its scale, to the settings, of which some are left to it.
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
	in.leave(p.given)
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
	if err := in.passages(ctx, index); err != nil {
		return err
	}
	return in.searching(ctx, p, p.Path(retrievalName))
}

// passages adds what is in the index.
func (in inputs) passages(ctx context.Context, index *retriever.Index) error {
	digest, err := index.Digest(ctx)
	in["index"] = hashPrefix + digest
	return err
}

// searching adds how an index is searched, whatever is in it. tuned is the tuned search where the config names none.
func (in inputs) searching(ctx context.Context, p *Project, tuned string) error {
	if err := in.meaning(ctx, p); err != nil {
		return err
	}
	if tuned = cmp.Or(p.config.SearchTuning.File, tuned); tuned == "none" {
		in["search-tuning.file"] = tuned
		return nil
	}
	return in.file("search-tuning.file", tuned)
}
