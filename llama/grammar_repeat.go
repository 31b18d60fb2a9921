//go:build cgo

package llama

import (
	"fmt"
	"strconv"
	"strings"
)

// repeat reads how often the last item is repeated. llama.cpp writes it out: x{2,4} becomes x x r2, with the rules r2 ::= x r1 | ""
// and r1 ::= x | "", and x* becomes r, with r ::= x r | "".
func (r *grammarReader) repeat(how byte) {
	least, most := 0, -1 // no limit
	switch how {
	case '+':
		least = 1
	case '?':
		most = 1
	case '{':
		from := r.at
		r.skip("}")
		least, most = repetitions(r.text[from:r.at])
	}
	if len(r.open) == 0 || least > maxRepeated {
		return // an error of llama.cpp
	}
	p := r.open[len(r.open)-1]
	if p.width == 0 {
		return
	}
	item, width := p.last, p.width
	p.last, p.width = nil, width*least
	for range least {
		p.last = follow(p.last, item)
	}
	r.size += p.width
	if most >= 0 && most <= least {
		return
	}
	rest := r.add()
	rule := r.rules[rest]
	rule.empty = true
	rule.ways = [][]int{follow(item, []int{rest})}
	if most >= 0 {
		rule.ways, rule.times = [][]int{item}, most-least
		r.size += (width + 1) * rule.times
	}
	p.last, p.width = follow(p.last, []int{rest}), p.width+1
}

// maxRepeated is the largest number of repetitions that llama.cpp writes out. It takes more for no limit.
const maxRepeated = 2000

// repetitions reads "2", "2," or "2,4".
func repetitions(text string) (least, most int) {
	number := func(s string) int {
		n, err := strconv.Atoi(strings.Trim(s, " \t\r\n"))
		if err != nil || n > maxRepeated {
			return -1
		}
		return n
	}
	from, to, two := strings.Cut(text, ",")
	if least = number(from); least < 0 {
		return maxRepeated + 1, -1
	}
	if !two {
		return least, least
	}
	return least, number(to)
}

// count sets how many references llama.cpp follows from a rule to the rules that it begins with, and how deep they lie.
func (r *grammarReader) count(i int) error {
	rule := r.rules[i]
	switch {
	case rule.steps > 0:
		return nil
	case rule.opened:
		return fmt.Errorf("a rule begins with itself%s", r.called(i))
	}
	rule.opened = true
	steps, depth, through := 1, 0, true
	for _, way := range rule.ways {
		through = true // the way may be empty
		for _, next := range way {
			if through = next != nothing; !through {
				break
			}
			if err := r.count(next); err != nil {
				return err
			}
			below := r.rules[next]
			steps, depth, through = steps+below.steps, max(depth, below.depth), below.empty
			if !through {
				break
			}
		}
	}
	depth++
	if rule.times > 1 && through { // each of its rules begins with the next
		steps, depth = steps*rule.times, depth+rule.times
	}
	if steps > maxGrammarSteps || depth > maxGrammarDepth {
		return fmt.Errorf("more than %d rules begin with each other, or there are too many ways to them%s", maxGrammarDepth, r.called(i))
	}
	rule.steps, rule.depth, rule.opened = steps, depth, false
	return nil
}

// called returns the name of a rule, if it has one, for an error.
func (r *grammarReader) called(rule int) string {
	for name, i := range r.names {
		if i == rule {
			return ": " + name
		}
	}
	return ""
}
