package ragft

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Reach is an action outside of a folder that a config asks for.
type Reach struct {
	Key   string // the key that asks for it, such as "publish.modelfile"
	Does  string // "writes", "sends to", "listens on" or "lets in"
	Where string // the path with all links resolved, the address, or who is let in
}

// Reaches lists what the config would have the steps do outside of a folder:
// files written elsewhere, also through links; servers that get questions,
// passages, weights or a key; addresses beyond this machine to serve on; hosts and
// a token by which web pages of others could reach the service. Call it with the
// folder of a project file that somebody else may have put there, and ask the user
// about the result before using the file; a folder without one may hold links as
// well. What is read elsewhere is not listed. The order is that of the fields. It
// looks at paths, but reads no file.
func (c *Config) Reaches(folder string) []Reach {
	var all []Reach
	add := func(key, does, where string) { all = append(all, Reach{key, does, where}) }
	root := behindLinks(folder)
	writes := func(key, path string) {
		if to := behindLinks(path); !within(root, to) {
			add(key, "writes", to)
		}
	}
	filled := *c
	if filled.Dir == "" {
		filled.Dir = ".ragft"
	}
	walkKeys(reflect.ValueOf(&filled).Elem(), "", func(key string, f field) {
		if isSection(f.value) || f.value.IsZero() {
			return
		}
		switch {
		case f.is("writes") && !(key == "adapter" && f.value.String() == "none"):
			writes(key, f.value.String())
		case f.is("sends"):
			for _, to := range receivers(f) {
				add(key, "sends to", to)
			}
		case f.is("listens"):
			if to := f.value.String(); !staysHere(to) {
				add(key, "listens on", to)
			}
		case f.is("admits"):
			for _, who := range admitted(f) {
				add(key, "lets in", who)
			}
		}
	})
	if dir := behindLinks(filled.Dir); within(root, dir) {
		for _, path := range linksOf(dir) {
			writes("dir", path)
		}
	}
	return all
}

// receivers are the servers that a key names.
func receivers(f field) (to []string) {
	if !f.is("model") {
		if f.value.Kind() == reflect.Slice {
			return f.value.Interface().([]string)
		}
		return []string{f.value.String()}
	}
	servers, err := serversOf(f.value.String())
	if err != nil {
		return []string{f.value.String()} // no step takes it; the user sees it all the same
	}
	for _, s := range servers {
		switch {
		case s.URL != "":
			to = append(to, s.URL)
		case s.Kind == "openai":
			to = append(to, "the server of OPENAI_BASE_URL")
		}
	}
	return to
}

// admitted are those whom a key of the service lets in: browsers send what a page wants under its host's name, and a token that
// came with the folder is known to others.
func admitted(f field) (who []string) {
	if f.value.Kind() == reflect.String {
		return []string{"everyone who knows the token in " + behindLinks(f.value.String())}
	}
	for _, host := range f.value.Interface().([]string) {
		if !staysHere(net.JoinHostPort(host, "0")) {
			who = append(who, "the pages of "+host)
		}
	}
	return who
}

// staysHere reports whether an address is one of this machine alone.
func staysHere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// linksOf are the links in the project's folder, and in the folders below it that files are written in.
func linksOf(dir string) (links []string) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read holds nothing that can be followed
		case entry.Type()&fs.ModeSymlink != 0:
			links = append(links, path)
		case entry.IsDir() && filepath.Dir(path) == dir && path != dir &&
			!slices.Contains([]string{indexName, cacheName, "trl", "axolotl", "peft"}, entry.Name()):
			return filepath.SkipDir
		}
		return nil
	})
	return links
}

// within reports whether a path is that of a folder or below it.
func within(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// behindLinks is where a path leads: the links of all that exists of it are followed as the system would, also those
// to files that are not there yet. A path that leads nowhere, as links in a circle do, is given as it is.
func behindLinks(path string) string {
	whole := path
	if !filepath.IsAbs(path) { // not filepath.Abs: "link/.." is not what stands before the link
		if here, err := os.Getwd(); err == nil {
			whole = here + string(filepath.Separator) + path
		}
	}
	volume := filepath.VolumeName(whole)
	start := volume + string(filepath.Separator)
	at, rest := start, parts(whole[len(volume):])
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		if part == ".." {
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, part)
		target, err := os.Readlink(next)
		if err != nil { // no link
			at = next
			continue
		}
		if links++; links > 255 {
			return path
		}
		rest = append(parts(target[len(filepath.VolumeName(target)):]), rest...)
		if filepath.IsAbs(target) {
			at = filepath.VolumeName(target) + string(filepath.Separator)
		}
	}
	return at
}

// parts are the names of a path that lead anywhere.
func parts(path string) (names []string) {
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }) {
		if name != "." {
			names = append(names, name)
		}
	}
	return names
}
