package question

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
)

// mostWithRun is how many training questions with a run are compared with a question that has it.
const mostWithRun = 1000

// leakFinder finds the training question that shares most with a question.
type leakFinder struct {
	o     LeakOptions
	asked [][]string // words of each evaluation question
	words [][]string // and of each training question

	byRun  map[string][]int        // run of o.N words -> training questions, the first of those that are equal, at most mostWithRun
	byText map[string]int          // run that may be a whole short question, with what was said before -> the first training question
	sets   map[int]map[string]bool // the runs of training questions that were compared

	compared int // runs that were looked up, which tests hold to be linear
}

func newLeakFinder(training, evaluation []Question, o LeakOptions) *leakFinder {
	f := &leakFinder{o: o, byRun: map[string][]int{}, byText: map[string]int{}, sets: map[int]map[string]bool{}}
	lengths := map[int]bool{} // of short questions
	for _, q := range evaluation {
		own := strings.Fields(answer.Normalize(q.Question))
		if f.asked = append(f.asked, own); len(own) > 0 && len(own) < o.N {
			lengths[len(own)] = true
		}
	}
	seen := map[string]bool{} // training questions whose equals need not be compared
	for i, q := range training {
		own := strings.Fields(answer.Normalize(q.Question))
		f.words = append(f.words, own)
		for n := range lengths {
			if float64(n) >= o.MinShare*float64(len(own)) {
				f.addShort(i, q, runs(own, n))
			}
		}
		if text := strings.Join(own, " "); !seen[text] {
			seen[text] = true
			f.addLong(i, runs(own, o.N))
		}
	}
	return f
}

// addShort lists a training question under the runs that may be a whole question.
func (f *leakFinder) addShort(i int, q Question, runs []string) {
	turns := turnsKey(q)
	for _, run := range runs {
		f.compared++
		if _, listed := f.byText[run+turns]; !listed {
			f.byText[run+turns] = i
		}
	}
}

func (f *leakFinder) addLong(i int, runs []string) {
	for _, run := range runs {
		f.compared++
		list := f.byRun[run]
		if n := len(list); n < mostWithRun && (n == 0 || list[n-1] != i) {
			f.byRun[run] = append(list, i)
		}
	}
}

// turnsKey is what was said before a question.
func turnsKey(q Question) string {
	var b strings.Builder
	for _, turn := range q.History {
		b.WriteString("\x00" + strconv.Itoa(len(turn.Content)) + ":" + turn.Content)
	}
	return b.String()
}

// short finds the first training question that holds all words of a question, after the same turns.
func (f *leakFinder) short(q Question, own []string) (at int, share float64, text string) {
	run := strings.Join(own, " ")
	f.compared++
	if at, listed := f.byText[run+turnsKey(q)]; listed {
		return at, 1, run
	}
	return -1, 0, ""
}

// long finds the training question that has most of a question's runs, the first of several.
//
// One that has enough of them has at least one run of any set that leaves out fewer than enough. So only questions with one
// of the rarest runs are compared.
func (f *leakFinder) long(own []string) (at int, share float64, text string) {
	all := runs(own, f.o.N)
	rarest := slices.Clone(all)
	slices.SortStableFunc(rarest, func(a, b string) int { return len(f.byRun[a]) - len(f.byRun[b]) })
	enough := max(1, int(math.Ceil(f.o.MinShare*float64(len(all))-1e-9)))
	tried := map[int]bool{}
	best, at := 0, -1
	for _, run := range rarest[:max(0, len(all)-enough+1)] {
		for _, i := range f.byRun[run] {
			f.compared++
			if tried[i] || len(tried) >= mostWithRun {
				continue
			}
			tried[i] = true
			n, first := f.common(all, i)
			if n > best || n == best && i < at {
				best, at, text = n, i, first
			}
		}
	}
	return at, float64(best) / float64(len(all)), text
}

// common counts the runs that a training question has too, and names the first.
func (f *leakFinder) common(all []string, i int) (n int, first string) {
	set := f.sets[i]
	if set == nil {
		set = map[string]bool{}
		for _, run := range runs(f.words[i], f.o.N) {
			set[run] = true
		}
		f.sets[i] = set
	}
	for _, run := range all {
		f.compared++
		if set[run] {
			if n++; n == 1 {
				first = run
			}
		}
	}
	return n, first
}
