package retriever

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// questionsEnv names a file with a retrieval benchmark, which
// BenchmarkRetrieval then uses in place of the small set in this file. Two
// forms are understood:
//
//   - one JSON object {"questions": [...], "candidates": [...],
//     "ground_truths": [[...], ...]}: ground_truths[i] are the places in
//     candidates of the passages that answer questions[i];
//   - JSONL rows {"question": ..., "passage": ...}: all passages together are
//     the candidates.
//
// RAGFT_RETRIEVAL_ANALYZER, "english" or "standard", chooses the analyzer:
//
//	RAGFT_RETRIEVAL_QUESTIONS=test.json go test -run '^$' -bench Retrieval ./retriever
const (
	questionsEnv = "RAGFT_RETRIEVAL_QUESTIONS"
	analyzerEnv  = "RAGFT_RETRIEVAL_ANALYZER"
)

// benchSet is a retrieval benchmark.
type benchSet struct {
	Questions  []string `json:"questions"`
	Candidates []string `json:"candidates"`
	Relevant   [][]int  `json:"ground_truths"`
}

// loadBenchSet reads the file that the environment names, else gives the set
// of this file.
func loadBenchSet(tb testing.TB) benchSet {
	tb.Helper()
	name := os.Getenv(questionsEnv)
	if name == "" {
		return smallBenchSet()
	}
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatalf("%s: %v", questionsEnv, err)
	}
	var set benchSet
	if json.Unmarshal(data, &set) == nil && len(set.Questions) > 0 && len(set.Candidates) > 0 {
		if len(set.Relevant) != len(set.Questions) {
			tb.Fatalf("%s: %d questions and %d ground truths", name, len(set.Questions), len(set.Relevant))
		}
		return set
	}
	set = benchSet{}
	place := map[string]int{}
	sc := bufio.NewScanner(bytes.NewReader(data))
	sc.Buffer(nil, DefaultMaxLineBytes)
	for line := 1; sc.Scan(); line++ {
		var row struct{ Question, Passage string }
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil || row.Question == "" || row.Passage == "" {
			tb.Fatalf("%s:%d: want question and passage (%v)", name, line, err)
		}
		i, ok := place[row.Passage]
		if !ok {
			i = len(set.Candidates)
			place[row.Passage] = i
			set.Candidates = append(set.Candidates, row.Passage)
		}
		set.Questions = append(set.Questions, row.Question)
		set.Relevant = append(set.Relevant, []int{i})
	}
	return set
}

// smallBenchSet is a set without outside files: facts about invented places.
// A few questions use other words than the facts.
func smallBenchSet() benchSet {
	var set benchSet
	names := []string{"Arlen", "Brockway", "Caldmere", "Dunhollow", "Eastmarch", "Fernby", "Gorsehill", "Harrowick", "Inverlea",
		"Jessop", "Kelmarsh", "Lyndale"}
	crafts := []string{"baker", "cooper", "ferryman", "glazier", "miller", "potter"}
	for i, n := range names {
		year, craft := 1703+7*i, crafts[i%len(crafts)]
		facts := []struct{ question, passage string }{
			{fmt.Sprintf("When was the mill of %s founded?", n), fmt.Sprintf("The %s mill was founded in %d by a %s.", n, year, craft)},
			{fmt.Sprintf("Who built the bridge at %s?", n), fmt.Sprintf("A %s from %s built its bridge over the river.", craft, n)},
			{fmt.Sprintf("How many rooms has the inn in %s?", n), fmt.Sprintf("The inn of %s has %d rooms and a garden.", n, 5+i)},
			{fmt.Sprintf("Which colour is the lighthouse near %s?", n), fmt.Sprintf("Sailors know %s by its lighthouse, painted red.", n)},
		}
		for _, f := range facts {
			set.Relevant = append(set.Relevant, []int{len(set.Candidates)})
			set.Questions = append(set.Questions, f.question)
			set.Candidates = append(set.Candidates, f.passage)
		}
	}
	return set
}

// index puts the candidates of a set into an index.
func (s benchSet) index(tb testing.TB) *Index {
	tb.Helper()
	x, err := NewMemory(IndexOptions{Analyzer: Analyzer(os.Getenv(analyzerEnv))})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = x.Close() })
	chunks := make([]Chunk, len(s.Candidates))
	for i, text := range s.Candidates {
		chunks[i] = Chunk{ID: fmt.Sprint(i), Source: "set", Text: text, End: len(text)}
	}
	if err := x.Add(context.Background(), chunks); err != nil {
		tb.Fatal(err)
	}
	return x
}

// quality gives the share of questions whose first hit is relevant, and the
// mean of 1/rank of the first relevant hit among ten (0 if there is none).
func (s benchSet) quality(tb testing.TB, x *Index) (recall1, mrr10 float64) {
	tb.Helper()
	for i, q := range s.Questions {
		relevant := map[string]bool{}
		for _, r := range s.Relevant[i] {
			relevant[fmt.Sprint(r)] = true
		}
		hits, err := x.Search(context.Background(), q, 10)
		if err != nil {
			tb.Fatal(err)
		}
		for rank, h := range hits {
			if relevant[h.ID] {
				if rank == 0 {
					recall1++
				}
				mrr10 += 1 / float64(rank+1)
				break
			}
		}
	}
	n := float64(len(s.Questions))
	return recall1 / n, mrr10 / n
}

// BenchmarkRetrieval prints recall@1 and MRR@10 on a question set, and the
// time of a search for ten chunks.
func BenchmarkRetrieval(b *testing.B) {
	set := loadBenchSet(b)
	x := set.index(b)
	recall1, mrr10 := set.quality(b, x)
	b.ResetTimer()
	for i := range b.N {
		if _, err := x.Search(context.Background(), set.Questions[i%len(set.Questions)], 10); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(recall1, "recall@1")
	b.ReportMetric(mrr10, "MRR@10")
	b.ReportMetric(float64(len(set.Questions)), "questions")
	b.ReportMetric(float64(len(set.Candidates)), "passages")
}

// BenchmarkSearchDisk is the time of a search in an index on disk of several
// segments.
func BenchmarkSearchDisk(b *testing.B) {
	set := loadBenchSet(b)
	x, err := Create(b.TempDir()+"/index", IndexOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	chunks := make([]Chunk, len(set.Candidates))
	for i, text := range set.Candidates {
		chunks[i] = Chunk{ID: fmt.Sprint(i), Source: "set", Text: text, End: len(text)}
	}
	if err := x.Add(context.Background(), chunks); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := x.Search(context.Background(), set.Questions[i%len(set.Questions)], 10); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSplit is the speed of dividing text.
func BenchmarkSplit(b *testing.B) {
	doc := Document{Source: "a.txt", Text: bigText(1 << 20)}
	b.SetBytes(int64(len(doc.Text)))
	for range b.N {
		if _, err := Split(doc, SplitOptions{Overlap: 20}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAdd is the speed of indexing.
func BenchmarkAdd(b *testing.B) {
	chunks, err := Split(Document{Source: "a.txt", Text: bigText(1 << 20)}, SplitOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(1 << 20)
	for range b.N {
		x, err := NewMemory(IndexOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if err := x.Add(context.Background(), chunks); err != nil {
			b.Fatal(err)
		}
		_ = x.Close()
	}
}

// bigText makes at least n bytes of sentences, the same every time.
func bigText(n int) string {
	var buf bytes.Buffer
	for i := 0; buf.Len() < n; i++ {
		fmt.Fprintf(&buf, "The keeper of house %d counted %d lamps, and wrote the number down. ", i, i*i%97)
		if i%9 == 8 {
			buf.WriteString("\n\n")
		}
	}
	return buf.String()
}
