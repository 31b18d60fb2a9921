package retriever

// maxSplitBytes bounds a chunk whatever the token counter says.
const maxSplitBytes = 1 << 20

// chunker divides one document. It holds a window of pieces: first those that
// were in the last chunk too (the overlap), then new ones.
type chunker struct {
	opts   SplitOptions
	doc    Document
	yield  func(Chunk) bool
	seen   map[[idBytes]byte]uint64 // occurrences of a text
	window []piece
	old    int // pieces at the front of the window that were in the last chunk
}

// section yields the chunks of one section. It returns false when the caller
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
		if !w.emit(w.window[0].start, w.window[cut-1].end, s) {
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

// full reports whether the window holds more than a chunk may.
func (w *chunker) full(tokens, sentences int) bool {
	last := w.window[len(w.window)-1]
	return tokens > w.opts.MaxTokens ||
		last.end-w.window[0].start > maxSplitBytes ||
		(w.opts.By == Sentences && sentences > w.opts.Size)
}

// cut returns how many pieces of a window that is too full belong to the chunk.
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

// shrink shortens a chunk until the token count of the chunk as a whole is not too
// large, as token counts need not add up. It gives up new pieces first, then the
// overlap, until one new piece is left.
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

// keep removes the pieces from the window that the next chunk does not repeat.
func (w *chunker) keep(cut int) {
	from := w.overlapStart(cut)
	w.old = cut - from
	w.window = append(w.window[:0], w.window[from:]...)
}

// overlapStart returns the piece with which the overlap after a chunk of cut
// pieces starts, or cut if there is none.
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
