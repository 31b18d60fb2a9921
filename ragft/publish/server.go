package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ollama/ollama/api"
	names "github.com/ollama/ollama/types/model"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/ollamaclient"
	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
)

// upload puts a file into the server's store and returns its digest.
func (p *publisher) upload(ctx context.Context, path string) (string, error) {
	p.Status("hashing " + filepath.Base(path))
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, contextReader{ctx, f}); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	digest := "sha256:" + hex.EncodeToString(h.Sum(nil))
	p.Status("uploading " + filepath.Base(path))
	if err := p.Client.CreateBlob(ctx, digest, f); err != nil {
		return "", fmt.Errorf("upload %s: %w", path, err)
	}
	return digest, nil
}

// contextReader ends a long copy with the context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

// create makes the model under a name for the trial, asks it for a token and
// gives it its name.
func (p *publisher) create(ctx context.Context, req *api.CreateRequest, as string) (*Published, error) {
	p.removeAbandoned(ctx)
	req.Model = trialName(p.Name, time.Now())
	// The trial must not stay behind, even if the context has ended.
	defer func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), deleteWithin)
		defer stop()
		_ = p.Client.Delete(ctx, &api.DeleteRequest{Model: req.Model}) // after success it may be gone
	}()
	refused := func(err error) error {
		if as == asAdapter && ctx.Err() == nil && !retry.IsDown(err) && ollamaclient.Status(err) != http.StatusNotFound {
			return fmt.Errorf("%w: %w", errAdapterRefused, err)
		}
		return err
	}
	done := false
	err := p.Client.Create(ctx, req, func(progress api.ProgressResponse) error {
		done = done || progress.Status == "success"
		if progress.Total == 0 {
			p.Status(progress.Status)
		}
		return nil
	})
	if err == nil && !done {
		err = fmt.Errorf("create: %w", io.ErrUnexpectedEOF)
	}
	if err != nil {
		return nil, refused(err)
	}
	if err := p.checkTemplate(ctx, req.Model); err != nil {
		return nil, err
	}
	p.Status("asking for a token")
	answer, err := p.ask(ctx, req.Model)
	if err != nil {
		return nil, refused(fmt.Errorf("asked for a token: %w", err))
	}
	if err := p.Client.Copy(ctx, &api.CopyRequest{Source: req.Model, Destination: p.Name}); err != nil {
		return nil, err
	}
	return p.published(ctx, as, answer)
}

// Trial tags end in unproven, the second in which they were made, and a number
// that tells trials of the same second apart. Tags have at most 80 characters.
var (
	trialTag  = regexp.MustCompile(`^(.*)-unproven-([0-9a-f]{8,12})-[0-9a-f]{8}$`)
	trialRoom = 80 - len("-unproven-") - 12 - len("-") - 8
)

// abandonedAfter is how long a trial may take, and deleteWithin how long its removal, whatever the server does.
const (
	abandonedAfter = 6 * time.Hour
	deleteWithin   = 10 * time.Second
)

// trialName is a name for the trial of a model, which no other trial has.
func trialName(model string, at time.Time) string {
	trial := names.ParseName(model)
	trial.Tag = fmt.Sprintf("%s-unproven-%08x-%08x", trialBase(trial.Tag), at.Unix(), rand.Uint32())
	return trial.DisplayShortest()
}

func trialBase(tag string) string { return tag[:min(len(tag), trialRoom)] }

// removeAbandoned removes old trials of the same name that killed programs left behind.
func (p *publisher) removeAbandoned(ctx context.Context) {
	list, err := p.Client.List(ctx)
	if err != nil {
		return // what follows says what is wrong
	}
	own := names.ParseName(p.Name)
	for _, m := range list.Models {
		name := names.ParseName(m.Name)
		parts := trialTag.FindStringSubmatch(name.Tag)
		if parts == nil || parts[1] != trialBase(own.Tag) || name.Model != own.Model || name.Namespace != own.Namespace {
			continue
		}
		if made, err := strconv.ParseInt(parts[2], 16, 64); err == nil && time.Since(time.Unix(made, 0)) > abandonedAfter {
			_ = p.Client.Delete(ctx, &api.DeleteRequest{Model: m.Name}) // the next one tries again
		}
	}
}

// checkTemplate reports a template that does not belong to the model: for a
// chat template that it does not know, the server takes the most similar one
// that it knows, or passes prompts on as they are.
func (p *publisher) checkTemplate(ctx context.Context, name string) error {
	if p.Template != "" || p.fromModel != "" {
		return nil
	}
	shown, err := p.Client.Show(ctx, &api.ShowRequest{Model: name})
	if err != nil {
		return err
	}
	f, err := gguf.Open(p.From)
	if err != nil {
		return err
	}
	defer f.Close()
	own, _ := f.Text("tokenizer.chat_template")
	switch marker := foreignMarker(shown.Template, own, endTokens(f)); {
	case own == "":
		return nil
	case strings.TrimSpace(shown.Template) == "{{ .Prompt }}":
		return ErrNoTemplate
	case marker != "":
		return fmt.Errorf("%w (it would take one with %s, which the model's does not have)", ErrNoTemplate, marker)
	}
	return nil
}

var (
	templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	templateMarker = regexp.MustCompile(`<[^<>{}\s]+>|\[/?[A-Z_]{3,}\]`)
	roleMarker     = regexp.MustCompile(`^<\|(system|user|assistant|tool)\|>$`) // often put together from the role
)

// foreignMarker is a marker of the template that the model's own template does not have.
func foreignMarker(template, own string, known []string) string {
	for _, marker := range templateMarker.FindAllString(templateAction.ReplaceAllString(template, " "), -1) {
		if !strings.Contains(own, marker) && !roleMarker.MatchString(marker) && !slices.Contains(known, marker) {
			return marker
		}
	}
	return ""
}

// endTokens are the tokens that templates call bos_token and eos_token.
func endTokens(f *gguf.File) (texts []string) {
	tokens, _ := f.Texts("tokenizer.ggml.tokens")
	for _, key := range []string{"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"} {
		if id, ok := f.Uint(key); ok && id < uint64(len(tokens)) {
			texts = append(texts, tokens[id])
		}
	}
	return texts
}

// ask has the model generate one token.
func (p *publisher) ask(ctx context.Context, name string) (string, error) {
	var text strings.Builder
	done := false
	err := p.Client.Chat(ctx, &api.ChatRequest{Model: name, Messages: []api.Message{{Role: model.RoleUser, Content: "Hello"}},
		Options: map[string]any{"num_predict": 1, "temperature": 0.0},
	}, func(part api.ChatResponse) error {
		text.WriteString(part.Message.Content)
		done = done || part.Done
		return nil
	})
	if err == nil && !done {
		err = io.ErrUnexpectedEOF
	}
	return text.String(), err
}

func (p *publisher) published(ctx context.Context, as string, answer string) (*Published, error) {
	name := ollamaclient.WithTag(p.Name)
	digest, err := ollamaclient.Digest(ctx, p.Client, name)
	if err != nil {
		return nil, err
	}
	return &Published{Name: name, Digest: digest, As: as, Answer: answer}, nil
}
