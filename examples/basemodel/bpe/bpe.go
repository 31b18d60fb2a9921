// Package bpe trains the vocabulary of the base model: byte pairs after Sennrich, Haddow and Birch (arXiv 1508.07909,
// section 3.2), in the form that llama.cpp calls the SentencePiece tokenizer (tokenizer.ggml.model = "llama").
//
// That form was chosen over GPT-2's for one property: every text that stands alone gets a space put before it. The
// first word of an answer is then written with the same tokens as the same word inside a document, so that a small
// model can copy it without having to know that " Anna" and "Anna" are one name. Other properties:
//
//   - a digit is a token of its own, joined at most with the space before it, so that years and numbers are copied
//     digit by digit;
//   - no token reaches over a word's end, so that a text is split the same way wherever it stands after a space;
//   - anything that the vocabulary lacks is written in bytes, so that every text can be written and read back.
//
// A Vocabulary may be used by many goroutines at once.
package bpe

import (
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"sort"
	"strings"
	"unicode/utf8"
)

// The tokens with a meaning of their own. A text never contains them by accident: Encode writes their letters.
const (
	Unknown   = "<unk>"
	End       = "<|end|>" // ends every message; the end of generation
	System    = "<|system|>"
	User      = "<|user|>"
	Assistant = "<|assistant|>"
)

// ChatTemplate is the Jinja template of the base model: the role's token, the content and End for each message.
const ChatTemplate = "{%- for m in messages -%}<|{{ m.role }}|>{{ m.content }}<|end|>{%- endfor -%}" +
	"{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"

// The types of tokens, with the numbers that GGUF gives them.
const (
	TypeNormal  int32 = 1
	TypeUnknown int32 = 2
	TypeControl int32 = 3
	TypeByte    int32 = 6
)

// space stands for a space inside tokens, as in SentencePiece.
const space = "▁"

// Options configure Train.
type Options struct {
	// VocabSize is the number of tokens, specials and bytes included. 0 means 2048.
	VocabSize int
	// MaxRunes is the length that no merged token exceeds, the space included. 0 means 16.
	MaxRunes int
	// MinCount is how often a character outside ASCII must occur to become a token. 0 means 20.
	MinCount int
}

// ErrVocabSize marks a vocabulary size too small for the specials, the bytes and the characters of the text.
var ErrVocabSize = errors.New("bpe: vocabulary size too small")

// Vocabulary is a trained vocabulary.
type Vocabulary struct {
	// Tokens holds the token's text, with "▁" for a space, at its id.
	Tokens []string
	// Scores orders the merges: of two possible ones that with the higher score is done first.
	Scores []float32
	// Types holds a Type constant for each token.
	Types []int32
	// Merges holds the two halves of each merged token, in the order of training.
	Merges [][2]string

	ids   map[string]int32
	bytes [256]int32 // the id that stands for a byte, -1 where none is needed
}

// Train learns a vocabulary from the texts. The result depends on nothing but the texts and the options. If the texts
// are too few to give as many merges as asked for, the vocabulary is smaller.
func Train(texts iter.Seq[string], opts Options) (*Vocabulary, error) {
	if opts.VocabSize == 0 {
		opts.VocabSize = 2048
	}
	if opts.MaxRunes == 0 {
		opts.MaxRunes = 16
	}
	if opts.MinCount == 0 {
		opts.MinCount = 20
	}
	counts := map[string]int{}
	for text := range texts {
		for _, w := range split(escape(text)) {
			counts[w]++
		}
	}
	v := newVocabulary(characters(counts, opts.MinCount))
	if len(v.Tokens) > opts.VocabSize {
		return nil, fmt.Errorf("%w: %d, and %d tokens are needed before any merge", ErrVocabSize, opts.VocabSize, len(v.Tokens))
	}
	t := newTrainer(counts, v, opts.MaxRunes)
	for len(v.Tokens) < opts.VocabSize {
		left, right, ok := t.best()
		if !ok {
			break
		}
		id := v.add(v.Tokens[left]+v.Tokens[right], -float32(len(v.Merges)), TypeNormal)
		v.Merges = append(v.Merges, [2]string{v.Tokens[left], v.Tokens[right]})
		t.merge(left, right, id)
	}
	return v, nil
}

// characters returns printable ASCII, the space mark, the newline and what else is frequent, in a fixed order.
func characters(counts map[string]int, minCount int) []string {
	seen := map[rune]int{}
	for w, n := range counts {
		for _, r := range w {
			seen[r] += n
		}
	}
	out := []string{space, "\n"}
	for r := rune('!'); r <= '~'; r++ {
		out = append(out, string(r))
	}
	var others []rune
	for r, n := range seen {
		if r > '~' && r != '▁' && r != utf8.RuneError && n >= minCount {
			others = append(others, r)
		}
	}
	sort.Slice(others, func(i, j int) bool { return others[i] < others[j] })
	for _, r := range others {
		out = append(out, string(r))
	}
	return out
}

// lowScore keeps single characters behind all merges.
const lowScore = -1e6

func newVocabulary(chars []string) *Vocabulary {
	v := &Vocabulary{ids: map[string]int32{}}
	v.add(Unknown, 0, TypeUnknown)
	for _, s := range []string{End, System, User, Assistant} {
		v.add(s, 0, TypeControl)
	}
	for b := range 256 {
		v.bytes[b] = -1
		if b <= ' ' || b > '~' { // other bytes are characters of their own
			v.bytes[b] = v.add(fmt.Sprintf("<0x%02X>", b), lowScore, TypeByte)
		}
	}
	for _, c := range chars {
		v.add(c, lowScore, TypeNormal)
	}
	return v
}

// Restore returns the vocabulary with these tokens, as [Vocabulary.Metadata] writes them. It has no Merges.
func Restore(tokens []string, scores []float32, types []int32) (*Vocabulary, error) {
	if len(tokens) != len(scores) || len(tokens) != len(types) {
		return nil, fmt.Errorf("bpe: %d tokens with %d scores and %d types", len(tokens), len(scores), len(types))
	}
	v := &Vocabulary{ids: map[string]int32{}}
	for i, token := range tokens {
		v.add(token, scores[i], types[i])
	}
	for b := range v.bytes {
		v.bytes[b] = -1
		if id, ok := v.ids[fmt.Sprintf("<0x%02X>", b)]; ok {
			v.bytes[b] = id
		}
	}
	return v, nil
}

func (v *Vocabulary) add(token string, score float32, kind int32) int32 {
	id := int32(len(v.Tokens))
	v.Tokens = append(v.Tokens, token)
	v.Scores = append(v.Scores, score)
	v.Types = append(v.Types, kind)
	v.ids[token] = id
	return id
}

// pair is two neighbouring tokens.
type pair struct{ left, right int32 }

// trainer counts the pairs of all words and keeps the counts right while pairs are merged.
type trainer struct {
	vocab    *Vocabulary
	maxRunes int
	words    [][]int32
	weights  []int
	counts   map[pair]int
	where    map[pair]map[int]struct{} // the words that hold the pair, or did
	queue    pairQueue
}

func newTrainer(counts map[string]int, v *Vocabulary, maxRunes int) *trainer {
	t := &trainer{vocab: v, maxRunes: maxRunes, counts: map[pair]int{}, where: map[pair]map[int]struct{}{}}
	texts := make([]string, 0, len(counts))
	for w := range counts {
		texts = append(texts, w)
	}
	sort.Strings(texts)
	for _, w := range texts {
		ids := v.symbols(w)
		t.words = append(t.words, ids)
		t.weights = append(t.weights, counts[w])
		t.count(len(t.words)-1, 1)
	}
	for p, n := range t.counts {
		t.queue = append(t.queue, t.entry(p, n))
	}
	heap.Init(&t.queue)
	return t
}

// count adds (sign 1) or takes away (sign -1) the pairs of a word and returns them.
func (t *trainer) count(word, sign int) []pair {
	ids := t.words[word]
	var out []pair
	for i := 0; i+1 < len(ids); i++ {
		p := pair{ids[i], ids[i+1]}
		if t.vocab.Types[p.left] != TypeNormal || t.vocab.Types[p.right] != TypeNormal {
			continue // bytes are not merged
		}
		t.counts[p] += sign * t.weights[word]
		if sign > 0 {
			if t.where[p] == nil {
				t.where[p] = map[int]struct{}{}
			}
			t.where[p][word] = struct{}{}
		}
		out = append(out, p)
	}
	return out
}

// best takes the most frequent pair from the queue. Entries whose count has changed meanwhile are put back.
func (t *trainer) best() (left, right int32, ok bool) {
	for t.queue.Len() > 0 {
		e := heap.Pop(&t.queue).(queued)
		n := t.counts[e.pair]
		if n != e.count {
			if n > 1 {
				heap.Push(&t.queue, t.entry(e.pair, n))
			}
			continue
		}
		if n < 2 {
			return 0, 0, false
		}
		if _, known := t.vocab.ids[e.text]; known || utf8.RuneCountInString(e.text) > t.maxRunes {
			continue
		}
		return e.pair.left, e.pair.right, true
	}
	return 0, 0, false
}

// merge writes the new token in place of the pair everywhere.
func (t *trainer) merge(left, right, id int32) {
	holders := make([]int, 0, len(t.where[pair{left, right}]))
	for w := range t.where[pair{left, right}] {
		holders = append(holders, w)
	}
	changed := map[pair]struct{}{}
	for _, w := range holders {
		for _, p := range t.count(w, -1) {
			changed[p] = struct{}{}
		}
		t.words[w] = joined(t.words[w], left, right, id)
		for _, p := range t.count(w, 1) {
			changed[p] = struct{}{}
		}
	}
	delete(t.where, pair{left, right})
	for p := range changed {
		if n := t.counts[p]; n > 1 {
			heap.Push(&t.queue, t.entry(p, n))
		}
	}
}

func joined(ids []int32, left, right, id int32) []int32 {
	out := ids[:0]
	for i := 0; i < len(ids); i++ {
		if i+1 < len(ids) && ids[i] == left && ids[i+1] == right {
			out = append(out, id)
			i++
			continue
		}
		out = append(out, ids[i])
	}
	return out
}

func (t *trainer) entry(p pair, n int) queued {
	return queued{pair: p, count: n, text: t.vocab.Tokens[p.left] + t.vocab.Tokens[p.right]}
}

type queued struct {
	pair  pair
	count int
	text  string
}

// pairQueue is a heap with the most frequent pair on top; equal counts are ordered by text, so that training does not
// depend on the order of maps.
type pairQueue []queued

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	if q[i].count != q[j].count {
		return q[i].count > q[j].count
	}
	if q[i].text != q[j].text {
		return q[i].text < q[j].text
	}
	return q[i].pair.left < q[j].pair.left
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(queued)) }
func (q *pairQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// escape puts a space before the text and writes spaces as llama.cpp does.
func escape(text string) string { return strings.ReplaceAll(" "+text, " ", space) }
