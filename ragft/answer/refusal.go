package answer

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/ragft/ragft/internal/refusals"
)

// IsRefusal reports whether an English text declines to answer: "I don't
// know", "The documents do not say", "Sorry, I cannot answer that", "No
// information is given", "Unknown".
//
// The rules look at the first sentence that is not a question. So "Built in
// 1912. The documents do not name the builder." is an answer, and "The
// documents do not say. They only name the builder." is a refusal. An answer
// that follows "but" or "however" makes it an answer: "The documents do not
// say, but it was 1912."; an offer or advice there does not.
//
// Limits. It is English only, except for the texts in other languages that recipes teach. A refusal without any of the usual words ("Ask
// the miller.") is taken for an answer, and so is a bare "No", "None" or
// "Nothing", which often are answers. An answer that is worded as a refusal (a
// song called I Don't Know) is taken for one, unless it is in double
// quotes with other text around it. An empty text is not a refusal.
func IsRefusal(text string) bool {
	if refusals.Begins(text) {
		return true
	}
	s := foldForRefusal(text)
	if bareRefusal.MatchString(strings.TrimRight(s, " .!?;,")) {
		return true
	}
	first, rest := firstStatement(s)
	if first == "" {
		return false
	}
	at := refusalEnd(first)
	if at < 0 {
		return false
	}
	return !answersAfterAll(first[at:], rest)
}

// foldForRefusal makes one form of the many in which the same words are
// written: lower case, straight apostrophes, "n't" as " not", single spaces, no
// markup and no label in front.
func foldForRefusal(text string) string {
	s := strings.ToLower(strings.ToValidUTF8(text, " "))
	s = refusalQuotes.Replace(s)
	if bare := refusalQuoted.ReplaceAllString(s, " "); strings.ContainsFunc(bare, unicode.IsLetter) {
		s = bare
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case '*', '_', '"', '`', '#', '>':
			return ' '
		}
		return r
	}, s)
	s = refusalForms.Replace(s)
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimLeft(refusalLabel.ReplaceAllString(s, ""), " .,;:!-–—")
}

var (
	refusalQuotes = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "´", "'", "＇", "'", "`", "'", "“", `"`, "”", `"`)

	refusalForms = strings.NewReplacer(
		"can't", "cannot", "can not", "cannot", "won't", "will not", "n't", " not",
		"i'm", "i am", "we're", "we are", "that's", "that is", "it's", "it is", "there's", "there is",
		"i've", "i have", "we've", "we have", "i'd", "i would", "dont know", "do not know", "dunno", "do not know")

	refusalQuoted = regexp.MustCompile(`"[^"]*"`)
	refusalLabel  = regexp.MustCompile(`^(?:(?:final )?answer|response|assistant|a)\s*:\s*`)
)

// firstStatement returns the first sentence that is not a question, and what
// follows it.
func firstStatement(s string) (first, rest string) {
	for s != "" {
		end := sentenceEnd(s)
		sentence := s[:end]
		s = strings.TrimSpace(s[end:])
		trimmed := strings.Trim(sentence, " .!?")
		if trimmed == "" || strings.HasSuffix(sentence, "?") {
			continue
		}
		if bareApology.MatchString(trimmed) && s != "" {
			// "Sorry. The documents do not say." is one statement.
			next := sentenceEnd(s)
			return trimmed + ", " + strings.TrimRight(s[:next], " .!?"), strings.TrimSpace(s[next:])
		}
		return trimmed, s
	}
	return "", ""
}

// sentenceEnd is the offset behind the first full stop, mark or line that ends
// a sentence; a stop inside a word or number ends none.
func sentenceEnd(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '.', '!', '?':
			if i+1 == len(s) || s[i+1] == ' ' {
				return i + 1
			}
		}
	}
	return len(s)
}

// refusalEnd returns the offset behind the words of the sentence that refuse,
// or -1.
func refusalEnd(sentence string) int {
	for _, re := range refusing {
		if at := re.FindStringIndex(sentence); at != nil {
			return at[1]
		}
	}
	return -1
}

// answersAfterAll reports whether what follows a refusal goes back on it: the
// tail of its sentence, or a next sentence that opens with "but" or the like.
func answersAfterAll(tail, rest string) bool {
	at := refusalTurn.FindStringIndex(tail)
	if at == nil {
		tail = rest
		if at = refusalTurn.FindStringIndex(rest); at == nil || at[0] > 0 {
			return false
		}
	}
	after := strings.TrimSpace(tail[at[1]:])
	return after != "" && !refusalOffer.MatchString(after) && refusalEnd(after) < 0
}

var (
	// bareRefusal is a whole answer.
	bareRefusal = regexp.MustCompile(`^(?:(?:it is |that is |this is |the answer is |i am |we are )?(?:not? )?(?:unknown|unsure|uncertain|` +
		`unclear|unanswerable|not sure|not certain|not known|not available|not stated|not mentioned|not specified|not given|not said|` +
		`not provided|not found|not applicable|impossible to (?:say|tell|know))|n/a|no (?:answer|idea|clue|information|data|comment|` +
		`mention)(?: (?:found|given|available|provided|here))?|(?:i )?(?:cannot|could not|unable to) (?:say|tell|answer|know|help|` +
		`determine)(?: (?:that|this|it|for sure))?|do not know|hard to (?:say|tell)|(?:insufficient|not enough) (?:information|context|` +
		`evidence|data)|nobody knows|no one knows|who knows|(?:my |many )?(?:apologies|apologises|apologizes)|(?:i am )?(?:so |very )?sorry|` +
		`i (?:apologise|apologize)|i (?:must )?(?:pass|decline))$`)

	bareApology = regexp.MustCompile(`^(?:(?:my |many )?apologies|(?:i am |we are )?(?:so |very |really )?sorry|i apologi[sz]e|` +
		`unfortunately)$`)

	// refusalTurn starts a clause that may take the refusal back; refusalOffer is one that does not.
	refusalTurn  = regexp.MustCompile(`\b(?:but|however|although|though|nevertheless|still,|that said|nonetheless|yet)\b,?`)
	refusalOffer = regexp.MustCompile(`^(?:(?:i|we) (?:can|could|would|will|am|hope|may|do|suggest|recommend)|you (?:can|could|may|might|` +
		`should)|if |please|feel free|let me|perhaps (?:you|i|another)|maybe (?:you|i|another)|another|they (?:do|only|just|mention|` +
		`describe)|it (?:does|only|just|mentions|describes)|(?:the|these) (?:documents?|passages?|context|sources?|excerpts?|texts?|` +
		`articles?)\b)`)
)

// refusing are tried in turn on one folded sentence.
var refusing = refusalPatterns()

func refusalPatterns() []*regexp.Regexp {
	const (
		// strongSource is what nearly always means the evidence; weakSource may as
		// well be what the question is about, and needs a verb of saying.
		strongSource = `(?:documents?|passages?|context|sources?|excerpts?|snippets?|search results?|evidence)`
		weakSource   = `(?:texts?|articles?|information|material|pages?|records?|notes?|data|files?|papers?)`
		anySource    = `(?:` + strongSource + `|` + weakSource + `)`
		where        = `(?: (?:provided|given|supplied|above|here|shown|available|i (?:have|was given|can see|see)|we have|at hand|` +
			`you (?:gave|provided|shared)(?: me)?))*`
		saying = `(?:say|mention|state|specify|contain|include|provide|give|tell|answer|name|indicate|describe|discuss|reveal|list|` +
			`cover|address|have|hold|offer|note|record|help|explain|show|identify|speak|talk|go into|make|confirm|disclose|touch|refer|report|` +
			`supply|support)`
		said = `(?:said|mentioned|stated|specified|contained|included|provided|given|told|answered|named|indicated|described|` +
			`discussed|revealed|listed|covered|addressed|found|noted|recorded|explained|shown|identified|disclosed|reported|known|available|` +
			`there|present|clear|in)`
		never = `(?:do|does|did|would|could|will|can|may|might)? ?(?:not|never|cannot)(?: (?:actually|really|seem to|appear to|` +
			`explicitly|directly|clearly|even|ever|specifically|at all))?`
		// clause is where a clause may begin; only there is "I" the model itself.
		clause = `(?:^|[,;:–—-] ?|\b(?:but|so|and|that|because|as|since|afraid|sorry|unfortunately|regrettably|honestly) )(?:no,? |well,? )?`
		me     = `(?:i|we) (?:(?:really|simply|just|honestly|still|currently|also) )?`
	)
	patterns := []string{
		// The documents do not say; the text above never mentions it; they do not say.
		`\b` + strongSource + where + ` ` + never + ` \w+`,
		`\b` + weakSource + where + ` ` + never + ` ` + saying + `\b`,
		clause + `(?:it|they|this|that|those|these) (?:do|does|did) (?:not|never)(?: (?:actually|really|explicitly|directly|even))? (?:say|` +
			`mention|state|specify|tell)\b`,
		`\b` + anySource + where + ` (?:(?:say|give|contain|hold|tell|have|offer|include|provide|make|mention|reveal|state|show|fail|lack|` +
			`omit)s?|has|are|is|remains?|stays?|keeps?|leaves?) (?:us |me |you )?(?:no|nothing|none|neither|not|silent|quiet|mum|insufficient|` +
			`(?:that|this|it) (?:open|out)|to (?:say|mention|state|specify|tell|answer))\b`,
		`\b` + anySource + where + ` (?:lacks?|omits?) (?:the|that|this|any|an|such|enough|it)\b`,
		// None of the documents says; nothing in the documents; no document tells.
		`(?:^|[,;:] |\b(?:but|as|that|sorry) )(?:none|neither|not one|not any|no part) of (?:the|these|those|my|` +
			`them)(?: \w+){0,2} ` + anySource + `\b`,
		`(?:^|[,;:] |\b(?:but|as|that|sorry) )no ` + strongSource + where + ` (?:says?|mentions?|states?|tells?|gives?|names?|contains?|` +
			`answers?|speaks?|covers?|holds?|has|have|is|was|does|here)\b`,
		`(?:^|[,;:] |\b(?:but|as|that|sorry) )nothing (?:in|about|on|is said|is given|there|here|was said|i (?:have|see|read))\b`,
		`(?:\bthere (?:is|was|are|were|seems to be|appears to be) |(?:^|[,;:] |\bi (?:see|find|found|have) |\bwe (?:see|find|found|` +
			`have) ))(?:no|not enough|not any|insufficient|nothing|not sufficient) (?:\w+ ){0,2}?(?:information|mention|answer|evidence|` +
			`reference|indication|data|details?|word|account|statement|basis|way to (?:know|tell|say|answer|determine)|said|clue|knowledge|` +
			`idea)\b`,
		// That is not stated; the founder is not mentioned in the documents; cannot be determined.
		`\b(?:is|are|was|were|be|been|isnt) (?:not|never|nowhere)(?: (?:explicitly|directly|clearly|actually|even|` +
			`specifically))? (?:mentioned|stated|specified|disclosed)(?: (?:here|there|anywhere|at all)|$|[,;:]| (?:in|by) )`,
		`\b(?:not|never|nowhere)(?: (?:explicitly|directly|clearly|actually|even|specifically|to be))?(?: ` + said + `)? (?:in|by|from|` +
			`within|among) (?:the|these|those|my|any(?: of the)?|what)(?: \w+){0,2} ` + anySource + `\b`,
		clause + `(?:that|this|it|the answer|the information|that information|such information|the question|an answer)(?: to (?:that|this|` +
			`your|the) question)? (?:is|was|are|were) (?:not|nowhere|never) (?:something|` + said + `)(?:$|[,;:]| (?:here|there|anywhere|in|by|` +
			`from|i|we|among|within|that)\b)`,
		`\bnot (?:something|anything)(?: that)? (?:i|we|(?:the|these|those|my) ` + anySource + `)\b`,
		`\b(?:cannot|could not) be (?:answered|determined|found|known|told|established|inferred|deduced|said|ascertained)\b`,
		`\b(?:it is|is|are) (?:impossible|not possible|unclear) (?:to (?:say|tell|know|answer|determine)|from|based)\b`,
		`\b(?:not enough|insufficient|too little)(?: \w+)? (?:information|context|evidence|detail|data)\b`,
		// I do not know; I cannot find it; we have no information; I would rather not guess.
		clause + me + `(?:do|did) not (?:really |actually |currently )?(?:know|have|see|find|recall|think (?:i can|the)|believe (?:i can|` +
			`the)|possess)\b`,
		clause + me + `(?:cannot|could not|may not|am unable to|are unable to|am not able to|are not able to|was unable to|will not|` +
			`would not) (?:(?:really|honestly|possibly|reliably|confidently|currently|be able to) )?(?:answer|say|tell|find|determine|help|` +
			`provide|know|be (?:sure|certain)|give|see|confirm|identify|locate|assist|guess|offer|speak|comment|be able|infer|specify|respond|` +
			`do that|make)\b`,
		clause + me + `(?:am|are) (?:not (?:sure|certain|aware|in a position|confident|the right)|unsure|uncertain|unaware|unable|` +
			`afraid (?:not|i cannot|i do not|that))\b`,
		clause + me + `(?:have|had|can find|can see|could find|found|find|see) (?:no|nothing|not enough|too little|insufficient|neither|` +
			`to (?:pass|decline))\b`,
		clause + me + `(?:(?:must|shall|will|would|have to|need to|am going to|prefer to) )?(?:respectfully |politely )?(?:decline|` +
			`pass on (?:this|that)|lack (?:the|that|any|enough))\b`,
		clause + me + `(?:would|had) rather not\b`,
		clause + me + `prefer not to\b`,
		clause + `(?:cannot|could not|unable to) (?:answer|say|tell|find|determine|help|provide|be (?:answered|determined))\b`,
		// Sorry, and any negation after it.
		`^(?:i am |we are |my |many )?(?:so |very |really |terribly |deeply )?(?:sorry|apologies|i apologi[sz]e|we apologi[sz]e|apologi[sz]e|` +
			`i regret|we regret|i am afraid|we are afraid)(?: ?[,;:.!–—-]| but| that| to| i| we| for| about).*?\b(?:not|cannot|no|nothing|none|` +
			`never|unable|lack|lacks|nowhere|unclear|unknown|missing|silent|absent|without|beyond|neither|nor|decline|unanswerable)\b`,
		`\b(?:beyond|outside)(?: \w+){0,2} (?:what|the scope of)(?: \w+){0,3} ` + anySource + `\b`,
	}
	compiled := make([]*regexp.Regexp, len(patterns))
	for i, p := range patterns {
		compiled[i] = regexp.MustCompile(p)
	}
	return compiled
}
