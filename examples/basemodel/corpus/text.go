package corpus

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
)

// textItem makes plain prose, of the caller's text where there is some and of the invented world otherwise.
func (g *Generator) textItem() Item {
	if g.text != nil && len(g.text.passages) > 0 && g.rng.chance(0.7) {
		return Item{Kind: Text, Text: strings.Join(g.text.passage(g.rng).sentences, " ")}
	}
	s := g.newScene()
	w := &writer{scene: s, size: 1, filling: 0.25}
	var parts []string
	kinds := g.pickKinds(s, 2)
	for range g.rng.between(2, 4) {
		e := s.add(kinds[g.rng.n(len(kinds))])
		if s.state(e, g.rng.between(2, 5)); len(e.facts) > 0 {
			parts = append(parts, w.paragraph(e))
		}
	}
	return Item{Kind: Text, Text: strings.Join(parts, "\n")}
}

// passage is a few sentences of real text that stood together.
type passage struct{ sentences []string }

// library holds passages of the caller's text. Its passages are not split: real text is for training only.
type library struct{ passages []passage }

func (l *library) passage(r *rng) passage { return l.passages[r.n(len(l.passages))] }

const (
	maxTextFile     = 8 << 20 // bytes read of one file
	passageSentence = 5       // sentences of a passage at most
	passageWords    = 90
)

// readLibrary reads all .txt files of the file system in the order of their paths.
func readLibrary(fsys fs.FS) (*library, error) {
	l := &library{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.EqualFold(path.Ext(name), ".txt") {
			return err
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		return l.read(bufio.NewReader(f))
	})
	if err != nil {
		return nil, fmt.Errorf("corpus: reading text: %w", err)
	}
	return l, nil
}

// read cuts a text into paragraphs at blank lines and the paragraphs into passages.
func (l *library) read(r *bufio.Reader) error {
	var paragraph []string
	read, eof := 0, false
	for !eof && read < maxTextFile {
		line, err := r.ReadString('\n')
		if eof = err != nil; eof && len(line) == 0 && !errors.Is(err, io.EOF) {
			return err
		}
		read += len(line)
		if line = strings.TrimSpace(line); line != "" {
			paragraph = append(paragraph, line)
		}
		if (line == "" || eof) && len(paragraph) > 0 {
			l.add(strings.Join(paragraph, " "))
			paragraph = paragraph[:0]
		}
	}
	return nil
}

func (l *library) add(paragraph string) {
	var p passage
	count := 0
	for _, s := range sentences(plain(paragraph)) {
		n := len(strings.Fields(s))
		if n > 45 { // a very long sentence leaves no room for others
			p, count = passage{}, 0
			continue
		}
		if len(p.sentences) == passageSentence || count+n > passageWords {
			l.keep(p)
			p, count = passage{}, 0
		}
		p.sentences = append(p.sentences, s)
		count += n
	}
	l.keep(p)
}

func (l *library) keep(p passage) {
	if len(p.sentences) >= 2 {
		l.passages = append(l.passages, p)
	}
}

// plain writes typographic marks in ASCII and drops underscores, so that the vocabulary is spent on words.
func plain(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'", "—", " - ", "–", "-", "_", "", "…",
		"...", "*", "").Replace(s)), " ")
}

// sentences splits at full stops, question and exclamation marks that a capital follows, but not after initials and
// titles such as "Mr.".
func sentences(text string) []string {
	var out []string
	start := 0
	for i := 0; i+2 < len(text); i++ {
		if !strings.ContainsRune(".!?", rune(text[i])) {
			continue
		}
		end := i + 1
		if text[end] == '"' || text[end] == '\'' {
			end++
		}
		if end+1 >= len(text) || text[end] != ' ' || !opens(text[end+1:]) || abbreviation(text[start:i]) {
			continue
		}
		out = append(out, strings.TrimSpace(text[start:end]))
		start, i = end, end
	}
	if last := strings.TrimSpace(text[start:]); last != "" {
		out = append(out, last)
	}
	return out
}

func opens(s string) bool { return s[0] >= 'A' && s[0] <= 'Z' || s[0] == '"' }

func abbreviation(before string) bool {
	word := before[strings.LastIndexByte(before, ' ')+1:]
	switch strings.Trim(word, `"('`) {
	case "Mr", "Mrs", "Dr", "St", "Prof", "No", "Capt", "Col", "Gen", "Sr", "Jr", "vs", "Rev", "Hon":
		return true
	}
	return len(word) == 1 && unicode.IsUpper(rune(word[0]))
}

// clozeItem makes documents of real passages and asks for words that are left out of one of their sentences.
func (g *Generator) clozeItem(size float64) Item {
	n := min(g.documentCount(size), 3)
	var texts []string
	var turns []Turn
	for i := range n {
		p := g.text.passage(g.rng)
		texts = append(texts, document(i+1, "", strings.Join(p.sentences, " ")))
		for _, s := range p.sentences {
			if t, ok := g.cloze(s); ok {
				turns = append(turns, t)
			}
		}
	}
	if len(turns) == 0 {
		return g.readingItem(Read, size)
	}
	turns = shuffled(g.rng, turns)
	return Item{Kind: Cloze, Instruction: g.instruction(Read), Prefix: strings.Join(texts, ""), Turns: turns[:min(len(turns), 5)]}
}
