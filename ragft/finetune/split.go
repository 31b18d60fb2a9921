//go:build cgo

package finetune

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
)

// splitRows holds out the rows that say so, and of each source a share of its
// questions with all their rows, since rows about one question give each other
// away. A row without a question is grouped with its copies: what is learnt is
// never measured. With several sources each holds out at least one question if it
// can, so that each has a loss; watched sources do so always. Nothing more is held
// out of a source whose rows say themselves what is held out.
func splitRows(rows []rowExamples, share float64, seed uint64, watched map[string]float64) (train, heldOut []rowExamples) {
	byQuestion := map[string][]rowExamples{}
	bySource := map[string][]string{} // questions, by the source of their first row
	said := map[string]bool{}         // sources whose rows say what is held out
	var sources []string
	for _, row := range rows {
		source := row.source()
		if row.heldOut {
			heldOut, said[source] = append(heldOut, row), true
			continue
		}
		key := row.key()
		if byQuestion[key] == nil {
			if bySource[source] == nil {
				sources = append(sources, source)
			}
			bySource[source] = append(bySource[source], key)
		}
		byQuestion[key] = append(byQuestion[key], row)
	}
	rng := rand.New(rand.NewPCG(seed, 0x68656c64))
	for _, source := range sources {
		questions := bySource[source]
		n := int(max(0, min(share, 1)) * float64(len(questions)))
		if _, ok := watched[source]; share > 0 && len(questions) > 1 && (ok || len(sources) > 1) {
			n = max(n, 1)
		}
		if said[source] {
			n = 0
		}
		for k, i := range rng.Perm(len(questions)) {
			if k < n {
				heldOut = append(heldOut, byQuestion[questions[i]]...)
			} else {
				train = append(train, byQuestion[questions[i]]...)
			}
		}
	}
	return train, heldOut
}

// source is that of a row's examples.
func (r rowExamples) source() string {
	if len(r.examples) == 0 {
		return ""
	}
	return r.examples[0].Source
}

// key is the same for rows that must not be on both sides of a split.
func (r rowExamples) key() string {
	if r.question != "" {
		return "question " + r.question
	}
	all := sha256.New()
	for _, e := range r.examples {
		fmt.Fprintln(all, e.Tokens)
		for _, b := range e.Branches {
			fmt.Fprintln(all, "branch", b.Tokens)
		}
	}
	return string(all.Sum(nil))
}
