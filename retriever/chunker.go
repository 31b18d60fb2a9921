package retriever

// maxSplitBytes bounds a chunk whatever the token counter says.
const maxSplitBytes = 1 << 20

// A chunker divides one document. It keeps a window of pieces: first those
// that the last chunk has given already (the overlap), then fresh ones.
type chunker struct {
	opts   SplitOptions
	doc    Document
	yield  func(Chunk) bool
	seen   map[[idBytes]byte]uint64 // how often a text came
	window []piece
	old    int // pieces at the front of the window that were given already
}

// section gives the chunks of one section. It returns false when the caller
// wants no more.
func (w *chunker) section(s section) bool {
	sc := pieceScanner{text: w.doc.Text, next: s.start, end: s.end}
	w.window, w.old = w.window[:0], 0
	for more := true; more; {
		more = w.fill(&sc)
		if len(w.window) == w.old {
			break
		}
		cut := len(w.window)
		if more {
			cut = w.cut()
		}
		cut = w.shrink(cut)
		if !w.emit(w.window[0].start, w.window[cut-1].end, s.title) {
			return false
		}
		more = more || cut < len(w.window)
		w.keep(cut)
	}
	return true
}

// fill reads pieces until the window holds one more than fits. It returns
// false if the section ended before that.
func (w *chunker) fill(sc *pieceScanner) bool {
	tokens, sentences := 0, 0
	for i, p := range w.window {
		tokens += p.tokens
		if i == 0 || p.begins >= boundarySentence {
			sentences++
		}
	}
	for {
		if n := len(w.window); n > w.old+1 && w.full(tokens, sentences) {
			return true
		}
		p, ok := sc.scan()
		if !ok {
			return false
		}
		p.tokens = max(0, w.opts.Count(w.doc.Text[p.gap:p.end]))
		w.window = append(w.window, p)
		tokens += p.tokens
		if len(w.window) == 1 || p.begins >= boundarySentence {
			sentences++
		}
	}
}

// full is true if the window holds more than a chunk may.
func (w *chunker) full(tokens, sentences int) bool {
	last := w.window[len(w.window)-1]
	return tokens > w.opts.MaxTokens ||
		last.end-w.window[0].start > maxSplitBytes ||
		(w.opts.By == Sentences && sentences > w.opts.Size)
}

// cut says how many pieces of a window that is too full the chunk gets.
func (w *chunker) cut() int {
	least := w.old + 1
	all := len(w.window) - 1 // the last piece made it too full
	if w.opts.By == Sentences {
		for i := all; i >= least; i-- {
			if w.window[i].begins >= boundarySentence {
				return i
			}
		}
		return max(all, least)
	}
	tokens := 0
	for _, p := range w.window[:all] {
		tokens += p.tokens
	}
	sentence := 0
	for i := all; i >= least && 2*tokens >= w.opts.Size; i-- {
		switch w.window[i].begins {
		case boundaryParagraph:
			return i
		case boundarySentence:
			sentence = max(sentence, i)
		}
		tokens -= w.window[i-1].tokens
	}
	if sentence > 0 {
		return sentence
	}
	return max(all, least)
}

// shrink lessens a chunk until the counter, asked about the chunk as a whole,
// agrees that it is not too large: token counts need not add up. First fresh
// pieces go back, then the overlap goes, until one fresh piece is left.
func (w *chunker) shrink(cut int) int {
	for cut > 1 {
		text := w.doc.Text[w.window[0].start:w.window[cut-1].end]
		excess := w.opts.Count(text) - w.opts.MaxTokens
		if excess <= 0 && len(text) <= maxSplitBytes {
			return cut
		}
		if cut == w.old+1 {
			w.window = append(w.window[:0], w.window[w.old:]...)
			w.old, cut = 0, 1
			continue
		}
		for drop := 0; cut > w.old+1 && (drop == 0 || drop < excess); {
			cut--
			drop += max(1, w.window[cut].tokens)
		}
	}
	return cut
}

// keep removes from the window what the next chunk does not repeat.
func (w *chunker) keep(cut int) {
	from := w.overlapStart(cut)
	w.old = cut - from
	w.window = append(w.window[:0], w.window[from:]...)
}

// overlapStart says with which piece the overlap after a chunk of cut pieces
// starts; cut itself means that there is none.
func (w *chunker) overlapStart(cut int) int {
	if w.opts.Overlap == 0 {
		return cut
	}
	if w.opts.By == Sentences {
		from := cut
		for i, n := cut-1, 0; i > 0 && n < w.opts.Overlap; i-- {
			if w.window[i].begins >= boundarySentence {
				from = i
				n++
			}
		}
		return from
	}
	word, sentence := cut, cut
	for i, tokens := cut-1, 0; i > 0; i-- {
		if tokens += w.window[i].tokens; tokens > w.opts.Overlap {
			break
		}
		word = i
		if w.window[i].begins >= boundarySentence {
			sentence = i
		}
	}
	if sentence < cut {
		return sentence
	}
	return word
}
