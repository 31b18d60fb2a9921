package refusal

import (
	"regexp"
	"strings"
)

// clause is a clause that declines, in bytes of its sentence.
type clause struct {
	start, end int  // start is -1 if there is none
	at         int  // where the words begin that decline
	own        bool // they hold the subject
}

// find returns the first clause of a sentence that declines.
func (g *grammar) find(s string) clause {
	c := clause{start: -1}
	if !g.cue.MatchString(s) {
		return c
	}
	if at := g.declines.FindStringSubmatchIndex(s); at != nil {
		c = clause{at[0], at[1], at[0], true}
		for _, behind := range at[2:] { // the empty groups behind what opens a clause
			c.start = max(c.start, behind)
		}
	}
	if at := g.missing.FindStringIndex(s); at != nil && (c.start < 0 || at[0] < c.start) {
		c = clause{clauseStart(s, at[0], g.turn), at[1], at[0], false}
	}
	for c.start >= 0 {
		joint := g.joint.FindStringIndex(s[c.start:c.end])
		if joint == nil {
			break
		}
		c.start += joint[1]
	}
	if c.start >= 0 {
		c.end = c.start + len(strings.TrimRight(s[c.start:c.end], ",;:")) // they belong to what follows
	}
	return c
}

// stops surround a sentence.
const stops = " .!;:,-–—。！；，、…[]()|¡"

var (
	aside = regexp.MustCompile(`\s*[(（][^)）]*[)）]`)
	comma = regexp.MustCompile(`, |，|、`)
	pause = regexp.MustCompile(`[,，]`)
	colon = regexp.MustCompile(`: | \| |：`)

	// boundary ends a clause; clauses also does so at the commas of Chinese, and clauseEnd at any comma.
	boundary  = regexp.MustCompile(`[;:(–—]|\s-\s|；|：|（`)
	clauses   = regexp.MustCompile(`[;:(–—]|\s-\s|，|；|：|（`)
	clauseEnd = regexp.MustCompile(`[,;:(–—，；：（、]|\s-\s`)
)

// clauseStart is where the clause begins whose predicate is at a byte.
func clauseStart(s string, at int, turn *regexp.Regexp) int {
	start := 0
	for _, re := range []*regexp.Regexp{clauses, turn} {
		for _, m := range re.FindAllStringIndex(s[:at], -1) {
			start = max(start, m[1])
		}
	}
	return start
}
