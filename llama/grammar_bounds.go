//go:build cgo

package llama

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a grammar. llama.cpp reads groups and follows the first references of rules by recursion, without a limit, and follows
// the same reference as often as there are ways to it.
const (
	maxGrammarNesting = 500      // groups within each other
	maxGrammarDepth   = 4000     // rules that begin with each other
	maxGrammarSteps   = 20 << 20 // references that are followed, of all rules
	maxGrammarSize    = 2 << 20  // characters and references, with those of repetitions, which are written out
)

// nothing is the reference of a character, which llama.cpp does not follow.
const nothing = -1

// grammarRule is what llama.cpp makes of a rule, a group or a repetition, as far as it looks at where rules begin.
type grammarRule struct {
	ways   [][]int // of each alternative: the rules that it refers to, up to the first character
	empty  bool    // an alternative has nothing
	times  int     // number of such rules, which a repetition is written out as; 0 means 1
	steps  int     // references that are followed from here; 0: not known yet
	depth  int
	opened bool // its steps are being counted
}

// grammarReader reads a grammar as llama.cpp does. What llama.cpp refuses it need not notice.
type grammarReader struct {
	text  string
	at    int
	names map[string]int
	rules []*grammarRule
	open  []*grammarPlace // the current rule, and the groups within it
	size  int
}

// grammarPlace is a rule or a group that is being read.
type grammarPlace struct {
	rule  int
	way   []int // of the alternative, before its last item
	width int   // elements of the last item; 0: there is none
	last  []int // the rules that the last item refers to, up to the first character
	some  bool  // there is something before the last item
}

// checkGrammar returns an error for a grammar on which llama.cpp would end the process or take too long.
func checkGrammar(text string) error {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return errors.New("it is not valid UTF-8, or has a character 0")
	}
	r := &grammarReader{text: text, names: map[string]int{}}
	for r.at < len(r.text) {
		if err := r.next(); err != nil {
			return err
		}
	}
	r.close(0)
	total := 0
	for i, rule := range r.rules {
		if err := r.count(i); err != nil {
			return err
		}
		if total += rule.steps * max(rule.times, 1); total > maxGrammarSteps {
			return errors.New("there are too many ways to its rules")
		}
	}
	return nil
}

// next reads one item.
func (r *grammarReader) next() error {
	c, from := r.text[r.at], r.at
	r.at++
	switch {
	case c == '#':
		r.skip("\r\n")
	case c == '"', c == '[':
		r.item(nothing, r.characters(c))
	case c == '<':
		r.skip(">")
		r.item(nothing, 1)
	case c == '.':
		r.item(nothing, 1)
	case c == '(':
		if len(r.open) > maxGrammarNesting {
			return fmt.Errorf("more than %d groups are within each other", maxGrammarNesting)
		}
		r.open = append(r.open, &grammarPlace{rule: r.add()})
	case c == ')' && len(r.open) > 1:
		group := r.open[len(r.open)-1].rule
		r.close(len(r.open) - 1)
		r.item(group, 1)
	case c == '|' && len(r.open) > 0:
		r.endWay()
	case strings.IndexByte("*+?{", c) >= 0:
		r.repeat(c)
	case isGrammarName(c):
		for r.at < len(r.text) && isGrammarName(r.text[r.at]) {
			r.at++
		}
		r.name(r.text[from:r.at])
	}
	if r.size > maxGrammarSize {
		return errors.New("it is too large with its repetitions written out")
	}
	return nil
}

func isGrammarName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

// skip goes to the next of some characters, or to the end.
func (r *grammarReader) skip(to string) {
	if n := strings.IndexAny(r.text[r.at:], to); n >= 0 {
		r.at += n
	} else {
		r.at = len(r.text)
	}
}

// characters goes behind a literal or a set of characters, and returns about how many there are.
func (r *grammarReader) characters(begin byte) (n int) {
	end := byte('"')
	if begin == '[' {
		end = ']'
		if r.at < len(r.text) && r.text[r.at] == '^' {
			r.at++
		}
	}
	for ; r.at < len(r.text) && r.text[r.at] != end; n++ {
		if r.text[r.at] == '\\' {
			r.at++
		}
		r.at++
	}
	r.at++
	return n
}

// name reads the name of a rule, which is defined here or referred to.
func (r *grammarReader) name(name string) {
	rule, known := r.names[name]
	if !known {
		rule = r.add()
		r.names[name] = rule
	}
	if !strings.HasPrefix(strings.TrimLeft(r.text[r.at:min(len(r.text), r.at+1000)], " \t"), "::=") {
		r.item(rule, 1)
		return
	}
	r.close(0)
	*r.rules[rule] = grammarRule{} // the last definition counts
	r.open = append(r.open, &grammarPlace{rule: rule})
}

// add adds a rule that nothing is known of.
func (r *grammarReader) add() int {
	r.rules = append(r.rules, &grammarRule{})
	r.size++
	return len(r.rules) - 1
}

// item adds an item of so many elements to the current alternative.
func (r *grammarReader) item(rule, width int) {
	if len(r.open) == 0 {
		return
	}
	p := r.open[len(r.open)-1]
	p.finish()
	if p.width = width; width > 0 {
		p.last = []int{rule}
	}
	r.size += width
}

// finish ends the last item.
func (p *grammarPlace) finish() {
	p.way, p.some = follow(p.way, p.last), p.some || p.width > 0
	p.last, p.width = nil, 0
}

// follow adds references to others. What stands after a character does not begin anything.
func follow(way, more []int) []int {
	if n := len(way); n > 0 && way[n-1] == nothing {
		return way
	}
	return append(slices.Clip(way), more...)
}

// endWay ends the current alternative.
func (r *grammarReader) endWay() {
	p := r.open[len(r.open)-1]
	p.finish()
	rule := r.rules[p.rule]
	rule.ways = append(rule.ways, p.way)
	rule.empty = rule.empty || !p.some
	*p = grammarPlace{rule: p.rule}
}

// close ends the rules and groups from one on.
func (r *grammarReader) close(from int) {
	for len(r.open) > from {
		r.endWay()
		r.open = r.open[:len(r.open)-1]
	}
}
