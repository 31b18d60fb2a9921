//go:build cgo

package ragft_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft"
)

// upload is a file as a client sends it.
type upload struct {
	*strings.Reader
	name string
}

func (u upload) Filename() string { return u.name }

// messageOf is what the service says is wrong.
func messageOf(t *testing.T, err error) string {
	t.Helper()
	var e *openai.Error
	require.ErrorAs(t, err, &e)
	return e.Message
}

// Clients of the service add and remove documents, with vectors and without, while the folder is watched or not. Formats are
// those of a project.
func TestServeFiles(t *testing.T) {
	for name, set := range map[string]func(*ragft.Config){
		"alone": func(*ragft.Config) {}, "watched": func(c *ragft.Config) { c.Serve.Watch = true },
		"with vectors": func(c *ragft.Config) { c.Search.Embed = testmodel.NewBERT(t, testmodel.BERT{}) },
	} {
		t.Run(name, func(t *testing.T) {
			c := tiny(t)
			set(&c)
			c.Serve.Address, c.Serve.Files = "127.0.0.1:0", filepath.Join(c.Documents, "added")
			p := open(t, c)
			before, err := p.Index(t.Context())
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			at, over := make(chan net.Addr, 1), make(chan error, 1)
			go func() { over <- p.Serve(ctx, func(address net.Addr, _ []string) { at <- address }) }()
			var address net.Addr
			select {
			case address = <-at:
			case err := <-over:
				t.Fatal(err)
			}
			client := openai.NewClient(option.WithBaseURL("http://"+address.String()+"/v1"), option.WithAPIKey("none"), option.WithMaxRetries(0))
			add := func(name, text string) (*openai.FileObject, error) {
				return client.Files.New(t.Context(),
					openai.FileNewParams{File: upload{strings.NewReader(text), name}, Purpose: openai.FilePurposeAssistants})
			}
			answer := func() string {
				reply, err := client.Chat.Completions.New(t.Context(), openai.ChatCompletionNewParams{
					Model: "base", MaxTokens: openai.Int(2),
					Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Which quokka did Zebedee Plonk feed?")},
				})
				require.NoError(t, err)
				return reply.RawJSON()
			}
			require.NotContains(t, answer(), "quokka.srt")
			added, err := add("quokka.srt", "1\n00:00:01,000 --> 00:00:03,000\nZebedee Plonk fed the quokka.\n")
			require.NoError(t, err)
			require.Contains(t, answer(), "added/quokka.srt")
			_, err = add("bad.srt", "no times")
			require.Contains(t, messageOf(t, err), "broken: no times of subtitles")
			_, err = add("photo.jpg", "\xff\xd8\xff\xe0")
			require.Contains(t, messageOf(t, err), "unknown extension: .jpg")
			if c.Search.Embed != "" {
				require.Equal(t, before.Passages+1, vectorsOf(t, p))
			}
			_, err = client.Files.Delete(t.Context(), added.ID)
			require.NoError(t, err)
			require.NotContains(t, answer(), "quokka.srt")
			cancel()
			require.NoError(t, <-over)
			entries, err := os.ReadDir(c.Serve.Files)
			require.NoError(t, err)
			require.Empty(t, entries)
			if c.Search.Embed != "" {
				require.Equal(t, before.Passages, vectorsOf(t, p))
			}
		})
	}
}

// A folder that is not indexed is refused before a model is loaded.
func TestServeFilesElsewhere(t *testing.T) {
	c := tiny(t)
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	outside := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(c.Documents, "link")))
	for folder, says := range map[string]string{
		outside: "is not in the folder of the documents", filepath.Join(c.Documents, ".."): "is not in the folder",
		filepath.Join(c.Documents, "link"): "is not in the folder", filepath.Join(c.Documents, "tuckle-mill.md"): "not a directory",
	} {
		c.Serve.Files = folder
		p = open2(t, p, c)
		require.ErrorContains(t, p.Serve(t.Context(), nil), says, folder)
	}
	c.Serve.Files, c.Documents = filepath.Join(c.Documents, "added"), ""
	require.ErrorContains(t, open2(t, p, c).Serve(t.Context(), nil), "serve.files need the documents")
}
