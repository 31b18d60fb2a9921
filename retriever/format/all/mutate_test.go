package all

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

// mutator damages files at random.
type mutator struct{ *rand.Rand }

// odd are texts that readers may stumble over.
var odd = []string{
	"\x00", "\xff\xfe", "<", "</", "&#x110000;", "{", "}", "[", "\"", "\\", "\\bin99999999 ", "999999999999999999", "-1", "%", "/Kids[2 0 R]",
	"endobj", "\r", "\n\n", "=?utf-8?q?", "boundary=", "00:00:99,999 -->", "]]>", "<!--", "<![CDATA[", "<!DOCTYPE a [<!ENTITY b \"&b;\">]>&b;",
}

// bytes changes a file here and there.
func (m mutator) bytes(data []byte) []byte {
	out := slices.Clone(data)
	for range 1 + m.IntN(8) {
		if len(out) == 0 {
			return out
		}
		at := m.IntN(len(out))
		end := min(len(out), at+1+m.IntN(200))
		switch m.IntN(7) {
		case 0, 1:
			out[at] ^= byte(1 << m.IntN(8))
		case 2:
			out[at] = byte(m.IntN(256))
		case 3:
			out = slices.Insert(out, at, []byte(odd[m.IntN(len(odd))])...)
		case 4:
			out = slices.Delete(out, at, end)
		case 5:
			out = slices.Insert(out, at, bytes.Repeat(slices.Clone(out[at:end]), 1+m.IntN(50))...)
		case 6:
			if m.IntN(4) == 0 {
				out = out[:at]
			}
		}
	}
	return out
}

// file changes a file, or what is packed in it.
func (m mutator) file(t *testing.T, data []byte) []byte {
	t.Helper()
	if m.IntN(4) == 0 {
		return m.bytes(data)
	}
	if z, err := zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
		return m.archive(t, z)
	}
	if z, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
		inner, err := io.ReadAll(z)
		require.NoError(t, err)
		return []byte(gzipped(t, string(m.bytes(inner))))
	}
	return m.bytes(data)
}

// archive changes some of the files of an archive, or leaves them out.
func (m mutator) archive(t *testing.T, z *zip.Reader) []byte {
	t.Helper()
	var parts []string
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		switch m.IntN(5) {
		case 0, 1:
			data = m.bytes(data)
		case 2:
			if m.IntN(6) == 0 {
				continue
			}
		}
		parts = append(parts, f.Name, string(data))
	}
	return []byte(zipped(t, parts...))
}

// TestDamagedFiles indexes files of all formats that were damaged at random: none ends the run, and each is either read or
// reported. With RAGFT_KILLS set there are 1,000 of them, else 200. RAGFT_SEED chooses the damage.
func TestDamagedFiles(t *testing.T) {
	n, seed := 200, uint64(1)
	if os.Getenv("RAGFT_KILLS") != "" {
		n = 1000
	}
	if text := os.Getenv("RAGFT_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	files := everyFormat(t)
	for _, path := range producers(t) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		files[filepath.Base(path)] = string(data)
	}
	files["rows.jsonl"] = `{"title":"Row","text":"The row was written by Ole Gant."}` + "\n" + `{"text":"And a second one."}` + "\n"
	files["notes.md"] = "# Notes\n\nThe notes were written by Ida Holm.\n\n```\n# no heading\n```\n"
	names := slices.Sorted(maps.Keys(files))
	m := mutator{rand.New(rand.NewPCG(seed, 0))}
	folder := t.TempDir()
	for i := range n {
		name := names[i%len(names)]
		target := fmt.Sprintf("%04d-%s", i, name)
		if filepath.Ext(name) == "" {
			target = fmt.Sprintf("%04d", i)
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, target), m.file(t, []byte(files[name])), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "good.txt"), []byte("The good file was written by Ola Berg."), 0o600))
	x, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	start, last, slowest, slow := time.Now(), time.Now(), time.Duration(0), ""
	report, err := x.Sync(t.Context(), folder, retriever.SyncOptions{Load: retriever.LoadOptions{Reader: format.Find,
		Progress: func(p retriever.LoadProgress) {
			if took := time.Since(last); took > slowest {
				slowest, slow = took, p.Path
			}
			last = time.Now()
		}}})
	require.NoError(t, err)
	lost := map[string]bool{}
	reasons := map[retriever.SkipReason]int{}
	for _, s := range append(report.Skipped, report.Kept...) {
		if reasons[s.Reason]++; s.Reason != retriever.SkipPart {
			lost[strings.SplitN(s.Path, "#", 2)[0]] = true
		}
		if strings.Contains(s.Detail, "reading ") && strings.Contains(s.Detail, " failed: ") {
			t.Logf("a library panicked: %s: %s", s.Path, s.Detail)
		}
	}
	t.Logf("%d files with the seed %d in %v, at most %v (%s): %d read, skipped %v", n, seed, time.Since(start).Round(time.Millisecond),
		slowest.Round(time.Millisecond), slow, report.Files, reasons)
	require.GreaterOrEqual(t, report.Files+len(lost), n+1, "each file is read or reported")
	require.Greater(t, report.Files, n/10, "most damage is small")
	hits, err := x.Search(t.Context(), "good file Ola Berg", 1)
	require.NoError(t, err)
	require.Equal(t, "good.txt", hits[0].Source)
}
