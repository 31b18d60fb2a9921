//go:build cgo

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/ragft/ragft/retriever"
)

// set is questions with the passages that answer them.
type set struct {
	chunks    []retriever.Chunk
	questions []string
	relevant  [][]string // IDs, for each question
}

func (s *set) passage(title, text string) string {
	id := fmt.Sprintf("%06d", len(s.chunks))
	s.chunks = append(s.chunks, retriever.Chunk{ID: id, Source: id, Title: title, Text: text, End: len(text)})
	return id
}

// readSQuAD reads {"questions": [...], "candidates": [...], "ground_truths": [[...], ...]}, in which ground_truths[i] are the
// places in candidates of what answers questions[i], and draws 2,000 questions.
func readSQuAD(path string) (*set, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Questions    []string `json:"questions"`
		Candidates   []string `json:"candidates"`
		GroundTruths [][]int  `json:"ground_truths"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &set{}
	ids := make([]string, len(file.Candidates))
	for i, text := range file.Candidates {
		ids[i] = s.passage("", text)
	}
	drawn := permutation(len(file.Questions))
	for _, q := range drawn[:min(2000, len(drawn))] {
		s.questions = append(s.questions, file.Questions[q])
		var right []string
		for _, place := range file.GroundTruths[q] {
			right = append(right, ids[place])
		}
		s.relevant = append(s.relevant, right)
	}
	return s, nil
}

// permutation is numpy.random.RandomState(1).permutation(n), by which the questions were drawn that others measured on, too.
func permutation(n int) []int {
	next := mersenneTwister(1)
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	for i := n - 1; i > 0; i-- {
		mask := uint32(1)
		for mask < uint32(i) {
			mask = mask<<1 | 1
		}
		j := next() & mask
		for j > uint32(i) {
			j = next() & mask
		}
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// mersenneTwister returns the 32-bit numbers of MT19937 (Matsumoto and Nishimura, ACM TOMACS 8(1), 1998) for a seed.
func mersenneTwister(seed uint32) func() uint32 {
	const n, m = 624, 397
	var state [n]uint32
	state[0] = seed
	for i := uint32(1); i < n; i++ {
		state[i] = 1812433253*(state[i-1]^state[i-1]>>30) + i
	}
	at := 0
	return func() uint32 {
		y := state[at]&(1<<31) | state[(at+1)%n]&(1<<31-1)
		state[at] = state[(at+m)%n] ^ y>>1 ^ y&1*0x9908b0df
		y = state[at]
		at = (at + 1) % n
		y ^= y >> 11
		y ^= y << 7 & 0x9d2c5680
		y ^= y << 15 & 0xefc60000
		return y ^ y>>18
	}
}

// readNQ reads rows {"question": ..., "ctxs": [{"title": ..., "text": ...}]}. The passages of all rows together are searched.
func readNQ(path string) (*set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, seen := &set{}, map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var row struct {
			Question string                         `json:"question"`
			Passages []struct{ Title, Text string } `json:"ctxs"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		var right []string
		for _, p := range row.Passages {
			id, ok := seen[p.Title+"\n"+p.Text]
			if !ok {
				id = s.passage(p.Title, p.Text)
				seen[p.Title+"\n"+p.Text] = id
			}
			right = append(right, id)
		}
		s.questions, s.relevant = append(s.questions, row.Question), append(s.relevant, right)
	}
	return s, lines.Err()
}

// score searches for every question.
func (s *set) score(ctx context.Context, search retriever.Searcher) (r result, err error) {
	n := float64(len(s.questions))
	for i, q := range s.questions {
		hits, err := search.Search(ctx, q, 10)
		if err != nil {
			return r, err
		}
		rank := slices.IndexFunc(hits, func(h retriever.Hit) bool { return slices.Contains(s.relevant[i], h.ID) })
		if rank < 0 {
			continue
		}
		r.MRR += 1 / float64(rank+1) / n
		if rank < 5 {
			r.R5 += 1 / n
		}
		if rank == 0 {
			r.R1 += 1 / n
		}
	}
	return r, nil
}
