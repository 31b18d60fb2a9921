package question

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// frame is the main clause of a simple sentence, taken apart: "In May | the mill | was | | sold to Ann Lee" or
// "| Ann Lee | did | open | the inn".
type frame struct {
	lead      string // what stands before the clause, with its comma
	subject   string
	auxiliary string
	verb      string // in its base form; empty where the auxiliary is the sentence's own
	rest      string
}

// begin is the part of a question about the clause after the question word.
func (f frame) begin() string {
	if f.verb == "" {
		return " " + f.auxiliary + " " + f.subject
	}
	return " " + f.auxiliary + " " + f.subject + " " + f.verb
}

const (
	word   = `[\p{L}\p{N}'’-]+`
	nameOf = `(?:The )?` + capital + `(?:(?: of| of the| de| the)? ` + capital + `)*`
	nounOf = `(?:The|A|An|Each|Every) (?:` + word + ` ){0,5}?` + word
)

var (
	// lead is what may stand before the clause; its group is a phrase that a question may keep.
	lead   = regexp.MustCompile(`^(?:((?:In|On|By|During|After|At|From|Since|Before|Under) [^,]{1,50})|However|Later|Today), `)
	clause = regexp.MustCompile(`^((?:The |A |An )?[^,;:()"“]+?) (was|were|is|are|can|could|will|would|must) (.+)$`)
	active = regexp.MustCompile(`^(` + nounOf + `|` + nameOf + `)(?:, [^,]{3,60},)? (` +
		alternatives(present) + `|` + alternatives(irregular) + `|\p{Ll}+ed)( .+)$`)
	helping = regexp.MustCompile(` (?:was|were|is|are|can|could|will|would|must|be|been|has|had|have|not)\b`)
	binding = regexp.MustCompile(`(?i)\b(?:that|which|who|when|while|because|as|if|and|but|where|whose|to)\b`)
	prepare = regexp.MustCompile(`^ (?:in|by|at|on|from|with|for|as|to|of)\b`)
	finite  = regexp.MustCompile(` (?:was|were|is|are|has|had|\p{Ll}+ed) `)
	joined  = regexp.MustCompile(`\b(?:and|that|which|who|to|when|where)(?: ` + word + `){0,2}$`)
)

// framed takes the main clause of a sentence apart, or reports that it cannot be done safely.
func framed(sentence string) (f frame, ok bool) {
	f.lead = lead.FindString(sentence)
	sentence = sentence[len(f.lead):]
	if m := active.FindStringSubmatch(sentence); m != nil && !helping.MatchString(m[1]) {
		f.auxiliary, f.verb = base(m[2])
		f.subject, f.rest = m[1], m[3]
		ok = f.verb != "" && followsVerb(f.rest)
	}
	if !ok {
		m := clause.FindStringSubmatch(sentence)
		if m == nil {
			return f, false
		}
		f.subject, f.auxiliary, f.verb, f.rest = m[1], m[2], "", " "+m[3]
	}
	if len(strings.Fields(f.subject)) > 8 || dangling.MatchString(f.subject) || binding.MatchString(f.subject) {
		return f, false
	}
	f.subject = lowerFirst(f.subject)
	return f, true
}

// followsVerb reports that what follows may follow a finite verb: no noun ("the abandoned mill"), and after a preposition no
// second verb ("the treaty signed in May ended the war").
func followsVerb(rest string) bool {
	next, _, _ := strings.Cut(strings.TrimPrefix(rest, " "), " ")
	if next == "and" || next == "or" {
		return false
	}
	plain := strings.ToLower(next) == next && strings.Trim(next, "0123456789,.") != ""
	if plain && !functionWords[next] && !strings.HasSuffix(next, "ly") && !quantities[next] {
		return false
	}
	if !prepare.MatchString(rest) {
		return true
	}
	for _, at := range finite.FindAllStringIndex(rest, -1) {
		if !joined.MatchString(rest[:at[0]]) {
			return false
		}
	}
	return true
}

var quantities = wordSet("two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty several control power")

// lowerFirst lowers the first letter if it is a capital only because it begins the sentence: "The mill", "Each packet".
func lowerFirst(s string) string {
	first, rest, more := strings.Cut(s, " ")
	if lower := strings.ToLower(first); more && functionWords[lower] {
		return lower + " " + rest
	}
	return s
}

// ruled are whole questions that rules make of a simple sentence (Heilman and Smith 2010, section 3): for its subject, for a
// time before it, and for a time, place, amount, agent or object at the end of its main clause.
func ruled(c candidate) []string {
	return slices.DeleteFunc(ofRules(c), loose.MatchString)
}

// loose matches a word for something that another sentence names.
var loose = regexp.MustCompile(`(?i)\b(?:it|them|him|they|he|she|herself|himself|itself|themselves)\b`)

func ofRules(c candidate) []string {
	if out := forSubject(c); out != nil {
		return out
	}
	f, ok := framed(c.sentence)
	if !ok || strings.Contains(f.subject, c.text) {
		return nil
	}
	if c.end <= len(f.lead) {
		if (c.kind == year || c.kind == date) && timing.MatchString(c.before()) {
			return []string{"When" + f.begin() + cut(f.rest) + "?"}
		}
		return nil
	}
	body, after, found := strings.Cut(f.rest, c.text)
	if !found || strings.ContainsAny(body, ",;:(") || dated.MatchString(body) {
		return nil
	}
	if c.kind == number {
		return forNumber(f, body, after)
	}
	ends := after == "" || strings.ContainsAny(after[:1], ".,;")
	if !ends && !when.MatchString(after) {
		return nil
	}
	return forEnd(c, f, body, when.FindString(after))
}

var (
	dated    = regexp.MustCompile(`\d{4}`)
	amount   = regexp.MustCompile(`^(?:About|Around|Over|Nearly|Almost|Some|More than|Only|The|At least)?$`)
	aside    = regexp.MustCompile(`^, [^,]{3,60},( .+)$`)
	namedAs  = regexp.MustCompile(` (?:called|named|known as|titled|termed|nicknamed|renamed) (?:the |a |an )?$`)
	stranded = regexp.MustCompile(` (?:by|to|for|with|from|of|into|on|after|under) $`)
	articled = regexp.MustCompile(` (?:by|to|for|with|from|of|into|on|after|under|called|named|known as|termed)( (?:the|a|an)) $`)
	counted  = regexp.MustCompile(`^ ((?:\p{Ll}+ )?\p{Ll}+s)((?: (?:in|on|at|of|to|from|for|with|by|during|after) [^,;.]+)?)(?:[,;.]|$)`)
	barely   = regexp.MustCompile(`^ (?:(?:about|around|over|nearly|almost|some|more than|only|exactly|at least|up to) )?$`)
)

// forSubject are questions for an answer that is the subject: "Who opened the inn in 1912?".
func forSubject(c candidate) []string {
	opening, kept := "", ""
	if m := lead.FindStringSubmatch(c.sentence); m != nil {
		opening, kept = m[0], m[1]
	}
	if c.start < len(opening) || !amount.MatchString(strings.TrimSpace(c.sentence[len(opening):c.start])) {
		return nil
	}
	rest := c.after()
	if m := aside.FindStringSubmatch(rest); m != nil && c.kind == name {
		rest = m[1]
	}
	if rest = cut(rest); kept != "" {
		rest += " " + strings.ToLower(kept[:1]) + kept[1:]
	}
	var out []string
	switch {
	case c.kind == number:
		out = append(out, "How many"+rest+"?")
	case c.kind == percentage:
		out = append(out, "What percentage"+rest+"?")
	case c.kind == name && predicate.MatchString(rest):
		for _, ask := range asks(c) {
			if ask != "Where" {
				out = append(out, ask+rest+"?")
			}
		}
	}
	return out
}

// forNumber are questions for how many the object are: "How many dairies does the valley have?".
func forNumber(f frame, body, after string) []string {
	m := counted.FindStringSubmatch(after)
	if m == nil || f.verb == "" || !barely.MatchString(body) {
		return nil
	}
	return []string{"How many " + m[1] + f.begin() + m[2] + "?"}
}

// forEnd are questions for what ends the clause; later is a time after it, which the question keeps.
func forEnd(c candidate, f frame, body, later string) []string {
	if at := articled.FindStringSubmatchIndex(body); at != nil {
		body = body[:at[2]] + " "
	}
	ask := f.begin() + strings.TrimRight(body, " ") + later + "?"
	switch place := placing.FindStringIndex(body); {
	case c.kind == year || c.kind == date:
		if at := timing.FindStringIndex(body); at != nil {
			return []string{"When" + f.begin() + strings.TrimRight(body[:at[0]], " ") + "?"}
		}
	case c.kind == money && (f.verb == "cost" || stranded.MatchString(body)):
		return []string{"How much" + ask}
	case c.kind == name && place != nil:
		if f.verb == "" && !participle.MatchString(body) { // "was the first mill in"
			return nil
		}
		return []string{"Where" + f.begin() + strings.TrimRight(body[:place[0]], " ") + later + "?"}
	case namedAs.MatchString(body):
		return []string{"What" + ask}
	case c.kind == phrase && near(body):
		return []string{"What" + ask}
	case c.located && moving.MatchString(body) && near(body):
		return []string{"Where" + f.begin() + strings.TrimSuffix(strings.TrimRight(body, " "), " to") + later + "?"}
	case c.kind == name && (near(body) && (f.verb != "" || participle.MatchString(body)) || f.verb != "" && strings.TrimSpace(body) == ""):
		var out []string
		for _, word := range asks(c) {
			if word != "Where" && !(c.located && word == "Who") {
				out = append(out, word+ask)
			}
		}
		return out
	}
	return nil
}

var participle = regexp.MustCompile(`^ (?:\p{Ll}+ly )?` +
	`(?:\p{Ll}+ed|born|built|held|made|found|sold|sent|kept|taken|given|fought|seen|shot) `)

var moving = regexp.MustCompile(` (?:to|from|into) $`)

// near reports that the words before the answer are few and end in a preposition that may be left behind: "Who was the mill sold to?".
func near(body string) bool {
	return stranded.MatchString(body) && len(strings.Fields(body)) <= 6 && !strings.Contains(body, " and ") &&
		(!strings.HasSuffix(body, " of ") || madeOf.MatchString(body))
}

var madeOf = regexp.MustCompile(`^ (?:made|built|composed|formed|consist|think|capable) of $`)

// when is a time at the end of a clause, which a question may keep.
var when = regexp.MustCompile(`^ (?:in|on|during) (?:the )?[\p{L}\p{N} ]{2,30}\b`)

// predicate begins with a finite verb.
var predicate = regexp.MustCompile(`^ (?:(?:also|later|then|first) )?(?:was|were|is|are|has|had|` + alternatives(irregular) +
	`|can|could|will|would|must|consists|` + alternatives(present) + `|\p{Ll}+ed) `)

// cut ends a clause where a question should end: before a parenthetical remark.
func cut(s string) string {
	s = strings.TrimRight(s, ".!?;: ")
	if at := asides.FindStringIndex(s); at != nil {
		s = s[:at[0]]
	}
	for len(strings.Fields(s)) > maxQuestionWords-3 {
		at := strings.LastIndexByte(s, ',')
		if at < 0 {
			break
		}
		s = s[:at]
	}
	return strings.TrimRight(s, ", ")
}

var asides = regexp.MustCompile(`;| \(| because |, (?:which|who|whose|where|when|while|although|though|but|and|because|with|as|so|` +
	`including|leading|making|providing)\b| – | — `)

// base returns the auxiliary and the base form of a finite verb, "" if the word is not known to be one.
func base(verb string) (auxiliary, lemma string) {
	if lemma, ok := irregular[verb]; ok {
		return "did", lemma
	}
	if present[verb] {
		switch {
		case verb == "has":
			return "does", "have"
		case strings.HasSuffix(verb, "ies") && verb != "lies":
			return "does", strings.TrimSuffix(verb, "ies") + "y"
		}
		return "does", strings.TrimSuffix(verb, "s")
	}
	if stem, ok := strings.CutSuffix(verb, "ed"); ok && len(stem) > 1 {
		return "did", regular(stem)
	}
	return "", ""
}

var (
	vowels = regexp.MustCompile(`[aeiouy]+`)
	short  = regexp.MustCompile(`^[^aeiouy]*[aeiouy][bdgklmnprt]$`)
	twice  = regexp.MustCompile(`[aeiou](?:bb|dd|gg|mm|nn|pp|rr|tt)$`)
	silent = regexp.MustCompile(`(?:[cvzu]|[^s]s|[dlr]g|[aei]ng|[^aeiourl]l|` +
		`[^aeiou](?:at|ut|et|ot|id|ad|od|ud|ed|ir|ar|ur|in|um|ib|ag|ig|il|ul|ak|ok|ik|uk))$`)
)

// regular is the base form of a regular past without its "ed". Verbs that break the rules are in odd.
func regular(stem string) string {
	if lemma, ok := odd[stem]; ok {
		return lemma
	}
	plain := strings.ReplaceAll(stem, "qu", "q")
	switch {
	case strings.HasSuffix(stem, "i"):
		return stem[:len(stem)-1] + "y"
	case twice.MatchString(stem):
		return stem[:len(stem)-1]
	case len(vowels.FindAllString(plain, -1)) == 1 && short.MatchString(plain), silent.MatchString(plain):
		return stem + "e"
	}
	return stem
}

var odd = pairs(`creat create guid guide di die li lie ti tie vi vie add add err err focus focus target target market market pilot pilot
	invit invite unit unite excit excite cit cite recit recite ignit ignite welcom welcome escap escape restor restore explor explore
	ignor ignore ador adore postpon postpone condon condone dethron dethrone rout route controll control travell travel modell model
	cancell cancel labell label compell compel propell propel expell expel patroll patrol rebell rebel fuell fuel signall signal`)

// irregular are verbs whose past is not formed with "ed".
var irregular = pairs(`made make took take led lead won win wrote write gave give began begin built build held hold came come went go
	found find fought fight left leave lost lose brought bring taught teach sold sell saw see grew grow kept keep sent send ran run
	rose rise fell fall drew draw chose choose broke break met meet paid pay became become had have got get said say told tell spoke
	speak stood stand spent spend sank sink sang sing rode ride drove drive flew fly bought buy caught catch set set put put cost cost
	struck strike threw throw wore wear understood understand withdrew withdraw overthrew overthrow arose arise bore bear fled flee
	felt feel dug dig hid hide knew know laid lay shot shoot swept sweep thought think undertook undertake upheld uphold stole steal`)

func pairs(list string) map[string]string {
	out, fields := map[string]string{}, strings.Fields(list)
	for i := 0; i+1 < len(fields); i += 2 {
		out[fields[i]] = fields[i+1]
	}
	return out
}

// present are verbs in the present whose subject is one thing.
var present = wordSet(`has contains includes holds covers produces employs provides operates runs serves owns uses lies stands begins ends
	opens costs takes makes sells connects requires seats spans measures carries keeps leads`)

// alternatives is a pattern that matches any of the words.
func alternatives[V any](words map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(words)), "|")
}
