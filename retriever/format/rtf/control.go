package rtf

import (
	"fmt"
	"strconv"
	"strings"
)

// symbols are control words that stand for a character.
var symbols = map[string]string{
	"tab": "\t", "line": "\n", "lbr": "\n", "softline": "\n", "emdash": "—", "endash": "–", "emspace": " ", "enspace": " ", "qmspace": " ",
	"bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
}

// targets are control words that say what the text of their group is.
var targets = map[string]target{
	"fonttbl": fontTable, "stylesheet": styleSheet, "info": info, "shp": shape,

	"colortbl": nothing, "filetbl": nothing, "pict": nothing, "objdata": nothing, "nonshppict": nothing, "shprslt": nothing,
	"listtext": nothing, "pntext": nothing, "header": nothing, "headerl": nothing, "headerr": nothing, "headerf": nothing,
	"footer": nothing, "footerl": nothing, "footerr": nothing, "footerf": nothing, "ftnsep": nothing, "ftnsepc": nothing,
	"ftncn": nothing, "aftnsep": nothing, "aftnsepc": nothing, "aftncn": nothing, "xe": nothing, "tc": nothing, "tcn": nothing,
	"txe": nothing, "rxe": nothing, "private": nothing, "template": nothing, "nonesttables": nothing,
}

// control reads what follows a backslash.
func (p *parser) control() {
	if p.at == len(p.data) {
		return
	}
	c := p.data[p.at]
	if !isLetter(c) {
		p.at++
		p.symbol(c)
		return
	}
	start := p.at
	for p.at < len(p.data) && isLetter(p.data[p.at]) && p.at-start < maxWord {
		p.at++
	}
	word := p.data[start:p.at]
	start = p.at
	if p.at < len(p.data) && p.data[p.at] == '-' {
		p.at++
	}
	for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' {
		p.at++
	}
	text := p.data[start:p.at]
	number, err := strconv.Atoi(text[:min(len(text), 10)])
	if p.at < len(p.data) && p.data[p.at] == ' ' {
		p.at++
	}
	p.word(word, number, err == nil)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// symbol acts on a backslash with a character that is no letter.
func (p *parser) symbol(c byte) {
	switch c {
	case '\'':
		code := p.data[p.at:min(p.at+2, len(p.data))]
		if n, err := strconv.ParseUint(code, 16, 8); err == nil && len(code) == 2 {
			p.at += 2
			p.byte(byte(n))
		}
	case '\\', '{', '}':
		p.byte(c)
	case '*':
		p.star = true
	case '\r', '\n':
		p.paragraph()
	case '~', '_', '-':
		if p.skip > 0 {
			p.skip--
			return
		}
		p.flush()
		p.add(map[byte]string{'~': "\u00a0", '_': "-", '-': ""}[c])
	}
}

// word acts on a control word. Without a number, given is false.
func (p *parser) word(word string, n int, given bool) {
	if word == "bin" { // so many bytes that are no text
		p.at += min(max(n, 0), len(p.data)-p.at)
		return
	}
	if p.target == nothing {
		return
	}
	if p.skip > 0 && word != "u" && word != "uc" {
		p.skip--
		return
	}
	if p.star {
		p.star = false
		p.flush()
		if word == "shpinst" {
			p.target = shape
		} else {
			p.target = nothing
		}
		return
	}
	if text, ok := symbols[word]; ok {
		p.flush()
		p.add(text)
		return
	}
	if to, ok := targets[word]; ok {
		p.enter(word, to)
		return
	}
	switch p.flush(); {
	case word == "u":
		p.unicode(n)
	case word == "uc":
		p.fallback = min(max(n, 0), 8)
	case p.target == document:
		p.inDocument(word, n, given)
	case p.target == fontTable:
		p.inFonts(word, n)
	case p.target == styleSheet:
		p.inStyles(word, n)
	case p.target == info && word == "title":
		p.target = title
	case p.target == shape && word == "shptxt":
		p.target = document
	}
}

// enter starts a group whose text is no part of the paragraph.
func (p *parser) enter(word string, to target) {
	p.flush()
	if (word == "listtext" || word == "pntext") && p.target == document {
		p.flow().item = true
	}
	p.target = to
}

// inDocument acts on the control words of the text.
func (p *parser) inDocument(word string, n int, given bool) {
	on := !given || n != 0
	switch word {
	case "par", "sect":
		p.paragraph()
	case "page":
		p.paragraph()
		p.nextPage()
	case "pagebb":
		if on {
			p.nextPage()
		}
	case "cell", "nestcell", "row", "nestrow":
		p.cell(word)
	case "pard":
		p.level, p.table = 0, false
	case "intbl":
		p.table = true
	case "s":
		p.level = p.levels[n]
	case "outlinelevel":
		if n >= 0 && n < 9 {
			p.level = n + 1
		}
	case "plain":
		p.font, p.hidden = p.defaultFont, false
	case "f":
		p.font = n
	case "v", "deleted":
		p.hidden = on
	case "footnote":
		p.note, p.level, p.table = true, 0, false
	case "deff":
		p.defaultFont, p.font = n, n
	default:
		p.setCodePage(word, n)
	}
}

// setCodePage sets the code page of the file.
func (p *parser) setCodePage(word string, n int) {
	switch word {
	case "ansi":
		p.codePage = 1252
	case "mac":
		p.codePage = 10000
	case "pc":
		p.codePage = 437
	case "pca":
		p.codePage = 850
	case "ansicpg":
		if n > 0 {
			p.codePage = n
		}
	}
}

// inFonts acts on the control words of the table of fonts.
func (p *parser) inFonts(word string, n int) {
	switch word {
	case "f":
		p.defined = n
	case "fcharset":
		if page, ok := charsets[n]; ok {
			p.fonts[p.defined] = page
		}
	case "cpg":
		if n > 0 {
			p.fonts[p.defined] = n
		}
	}
}

// inStyles acts on the control words of the style sheet.
func (p *parser) inStyles(word string, n int) {
	switch word {
	case "s":
		p.defined = n
		p.name.Reset()
	case "outlinelevel":
		if n >= 0 && n < 9 {
			p.levels[p.defined] = n + 1
		}
	}
}

// endStyle looks whether a style is that of headings, by its name, which is English in every program.
func (p *parser) endStyle() {
	name, ended := strings.CutSuffix(strings.ToLower(strings.TrimSpace(p.name.String())), ";")
	if !ended {
		return // the group is a part of the definition
	}
	p.name.Reset()
	level := 0
	if _, err := fmt.Sscanf(name, "heading %d", &level); err == nil && level > 0 && level < 10 {
		p.levels[p.defined] = level
	} else if name == "title" {
		p.levels[p.defined] = 1
	}
	p.defined = 0
}

// paragraph ends one.
func (p *parser) paragraph() {
	p.flush()
	if p.target == document {
		p.flow().end(p.table)
	}
}

func (p *parser) nextPage() {
	p.page++
	p.body.b.Place(fmt.Sprintf("p. %d", p.page))
}

// cell ends a cell, or a row. A table in a cell is a part of the cell's text.
func (p *parser) cell(word string) {
	switch f := p.flow(); word {
	case "cell":
		f.endCell()
	case "row":
		f.endRow()
	default:
		f.end(true)
	}
}
