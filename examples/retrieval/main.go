//go:build cgo

// Command retrieval measures how often the search finds the passage that answers a question: by words, by meaning and by both.
// It writes docs/retrieval.md:
//
//	go run ./examples/retrieval -model all-minilm-l6-v2-f16.gguf -work FOLDER -squad test.json -nq nq-open-oracle.jsonl > docs/retrieval.md
//
// The model is all-MiniLM-L6-v2, converted to F16 by internal/outside/embedding_model.py. The files are those of data.go. Vectors
// are kept in the folder, so that a run that was stopped can resume.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/template"
	"time"

	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

//go:embed page.md
var page string

// result are the figures of one way to search.
type result struct {
	Name        string
	R1, R5, MRR float64
}

// section are the figures of a set of questions.
type section struct {
	Name, Of  string
	Questions int
	Passages  int
	Rows      []result
}

func main() {
	log.SetFlags(0)
	model := flag.String("model", "", "embedding model, GGUF")
	work := flag.String("work", "", "folder for indexes and vectors")
	squad := flag.String("squad", "", "questions over sentences, JSON with questions, candidates and ground_truths")
	nq := flag.String("nq", "", "questions with the passage that answers, JSONL with question and ctxs")
	threads := flag.Int("threads", 0, "threads that compute (default: all)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *model, *work, *threads, *squad, *nq); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, model, work string, threads int, squad, nq string) error {
	e, err := local.OpenEmbedder(ctx, model, local.EmbedOptions{Options: local.Options{Threads: threads}})
	if err != nil {
		return err
	}
	defer e.Close()
	var out []section
	for _, s := range []struct {
		name, of, file string
		read           func(string) (*set, error)
	}{
		{"SQuAD", "2,000 questions drawn from SQuAD 1.1's development set, the sentence with the answer among all sentences", squad, readSQuAD},
		{"NQ", "Real questions to a search engine (Natural Questions, open), searched in the passages of all questions", nq, readNQ},
	} {
		if s.file == "" {
			continue
		}
		data, err := s.read(s.file)
		if err != nil {
			return err
		}
		rows, err := measure(ctx, e, data, filepath.Join(work, s.name))
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		out = append(out, section{Name: s.name, Of: s.of, Questions: len(data.questions), Passages: len(data.chunks), Rows: rows})
	}
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(os.Stdout, out)
}

// byMeaning finds passages by their vectors alone.
type byMeaning struct {
	vectors *dense.Vectors
	model   dense.Embedder
}

// Search implements [retriever.Searcher].
func (b byMeaning) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	v, err := b.model.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	near, err := b.vectors.Nearest(ctx, v, k)
	hits := make([]retriever.Hit, len(near))
	for i, m := range near {
		hits[i].ID = m.ID
	}
	return hits, err
}

// byRanks combines two searches by reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009, section 3).
type byRanks [2]retriever.Searcher

// Search implements [retriever.Searcher].
func (b byRanks) Search(ctx context.Context, query string, k int) (all []retriever.Hit, err error) {
	scores := map[string]float64{}
	for _, search := range b {
		hits, err := search.Search(ctx, query, 50)
		if err != nil {
			return nil, err
		}
		for i, h := range hits {
			if scores[h.ID] == 0 {
				all = append(all, h)
			}
			scores[h.ID] += 1 / float64(61+i)
		}
	}
	slices.SortStableFunc(all, func(a, b retriever.Hit) int { return cmp.Compare(scores[b.ID], scores[a.ID]) })
	return all[:min(k, len(all))], nil
}

// measure searches for all questions, in every way.
func measure(ctx context.Context, e dense.Embedder, data *set, folder string) (rows []result, err error) {
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, index.Close()) }()
	if err := index.Add(ctx, data.chunks); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	path, begin := filepath.Join(folder, "vectors"), time.Now()
	report, err := dense.Update(ctx, path, index, e, dense.UpdateOptions{Progress: func(done, total int) {
		if done%1024 == 0 || done == total {
			log.Printf("%d of %d passages embedded, %.0f s", done, total, time.Since(begin).Seconds())
		}
	}})
	if err != nil {
		return nil, err
	}
	log.Printf("%+v", report)
	vectors, err := dense.Open(path, e)
	if err != nil {
		return nil, err
	}
	known := &remembered{Embedder: e, vectors: map[string][]float32{}}
	both := func(weight float64) retriever.Searcher {
		s, serr := dense.NewSearch(index, dense.Options{Vectors: vectors, Embedder: known, Weight: opt.Of(weight)})
		err = errors.Join(err, serr)
		return s
	}
	for _, w := range []struct {
		name   string
		search retriever.Searcher
	}{
		{"by words (BM25)", index}, {"by meaning", byMeaning{vectors, known}},
		{"both, weight 0.25", both(0.25)}, {"both, weight 0.5 (default)", both(dense.DefaultWeight)}, {"both, weight 1", both(1)},
		{"by ranks", byRanks{index, byMeaning{vectors, known}}},
	} {
		if err != nil {
			return nil, err
		}
		r, err := data.score(ctx, w.search)
		if err != nil {
			return nil, err
		}
		r.Name = w.name
		log.Printf("%-28s %.3f %.3f %.3f", r.Name, r.R1, r.R5, r.MRR)
		rows = append(rows, r)
	}
	return rows, err
}

// remembered embeds each question once.
type remembered struct {
	dense.Embedder
	vectors map[string][]float32
}

// Query returns the vector of a question.
func (r *remembered) Query(ctx context.Context, text string) (v []float32, err error) {
	if v = r.vectors[text]; v == nil {
		v, err = r.Embedder.Query(ctx, text)
		r.vectors[text] = v
	}
	return v, err
}
