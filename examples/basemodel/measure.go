//go:build cgo

package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/examples/basemodel/corpus"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/prompt"
)

// ability is one measured share.
type ability struct {
	name     string
	hits, of int
}

// String gives the share with its 95 % Wilson interval.
func (a ability) String() string {
	n, p := float64(a.of), float64(a.hits)/float64(a.of)
	const z = 1.96
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return fmt.Sprintf("| %s | %.1f %% | %.1f to %.1f | %d |", a.name, 100*p, 100*(middle-half), 100*(middle+half), a.of)
}

// probe is a chat with what counts as a hit.
type probe struct {
	ability string
	request model.Request
	hit     func(answer string) bool
}

// measure asks the model about names, and in part in wordings, that it never saw, and writes abilities.md.
func measure(ctx context.Context, o options, lm string) error {
	g, err := corpus.New(o.corpus(0))
	if err != nil {
		return err
	}
	m, err := local.Open(ctx, lm, local.Options{Sequences: 16, Threads: o.threads})
	if err != nil {
		return err
	}
	defer m.Close()
	probes := probesOf(g)
	requests := make([]model.Request, len(probes))
	for i, p := range probes {
		requests[i] = p.request
	}
	var order []string
	found := map[string]*ability{}
	for from := 0; from < len(probes); from += 64 {
		to := min(from+64, len(probes))
		responses, err := m.Chat(ctx, requests[from:to])
		if err != nil {
			return err
		}
		for i, r := range responses {
			p := probes[from+i]
			a := found[p.ability]
			if a == nil {
				a = &ability{name: p.ability}
				found[p.ability] = a
				order = append(order, p.ability)
			}
			a.of++
			if p.hit(r.Samples[0].Text) {
				a.hits++
			}
		}
	}
	var b strings.Builder
	b.WriteString("| ability | share | 95 % interval | questions |\n|---|---|---|---|\n")
	for _, name := range order {
		fmt.Fprintln(&b, found[name])
	}
	fmt.Print(b.String())
	return os.WriteFile(filepath.Join(o.out, "abilities.md"), []byte(b.String()), 0o644)
}

// probesOf makes the questions from test items: greedy answers, compared as SQuAD compares.
func probesOf(g *corpus.Generator) []probe {
	var probes []probe
	add := func(name, user string, hit func(string) bool) {
		probes = append(probes, probe{name, model.Request{
			Messages:  []model.Message{{Role: model.RoleSystem, Content: corpus.Item{}.System()}, {Role: model.RoleUser, Content: user}},
			MaxTokens: 40,
		}, hit})
	}
	for _, it := range append(g.TestSet(2, 400), g.TestClosed(2)...) {
		for i, t := range it.Turns {
			asRead := it
			asRead.Instruction = prompt.Default().Read
			equals := func(a string) bool { return answer.ExactMatch(a, []string{t.Answer}) }
			wording := ""
			if it.HeldOut {
				wording = ", unseen wordings too"
			}
			switch {
			case it.Kind == corpus.Read:
				add("read: exact answer"+wording, it.User(i), equals)
			case it.Kind == corpus.Careful && t.Unanswerable:
				add("told to decline: declines where the documents do not say", it.User(i), answer.IsRefusal)
				add("not told to: makes up an answer where the documents do not say", asRead.User(i),
					func(a string) bool { return !answer.IsRefusal(a) })
			case it.Kind == corpus.Careful:
				add("told to decline: exact answer where they say", it.User(i), equals)
				add("told to decline: declines although they say", it.User(i), answer.IsRefusal)
			case it.Kind == corpus.Refuse:
				add("told to decline whatever is asked: declines", it.User(i), answer.IsRefusal)
			case it.Kind == corpus.Judge:
				add("judge: right verdict", it.User(i), equals)
			case it.Kind == corpus.Closed:
				add("no documents: exact answer to a general fact that it was taught", it.User(i), equals)
			}
		}
	}
	return probes
}
