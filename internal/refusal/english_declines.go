package refusal

import "strings"

// englishDeclines are the clauses that decline, by their subject.
var englishDeclines = []string{
	// The documents do not say; the recipe does not specify a time; it does not say.
	`(?:{at}|\b){det}\b{strong}{of}{soft} {not} (?:{say}|have)(?:e?s)?\b`,
	`{open} (?:{write})(?:e?s)?\b`,
	`{thing} (?:has no (?:entry|information|mention|data|details?|section|answer)\b|(?:gives?|names?|mentions?|states?|contains?|` +
		`provides?|offers?|shows?|makes?) no (?:\w+ ){0,2}?(?:{info}|{attr})\b|` +
		`(?:is|are|remains?|stays?) (?:\w+ )?silent(?:$|[,;:.]| (?:(?:on|about) (?:this|that|it|the|his|her|its|how|who|what|when|` +
		`where|why)|as to|here)\b)|leaves? (?:\w+ ){1,4}(?:open|` +
		`undefined|unsaid|unanswered)\b)`,
	// We never learn it; one looks for it in vain.
	`\b(?:i|we|one|you|the readers?|nobody) (?:do not|does not|never|cannot|will not|is never|are never|am never|is not|are ` +
		`not) (?:(?:ever |get to |to )*(?:learns?|finds? out|discovers?|hears?|be told|told|reads?))(?:$|[,;:.]| (?:{ask}|that|` +
		`it|this|` +
		`his|her|its|their|the|from|in|anything|of|about|more)\b)`,
	`^(?:it |they )?(?:does|do) not{adv} (?:say|mention|state|specify|tell|indicate)\b`,
	`\b(?:{ask}) [^;,]*?\b(?:it|they|we|one|i|{det}{any}) (?:{not}) (?:say|state|tell|learn|find out|know|mention|reveal|find|see)s?$`,
	`{it} (?:` + either(
		`(?:says?|tells?|gives?|mentions?|states?|explains?|shows?) [^;]*\bbut (?:not|does not|do not)\b`,
		`cannot{adv} (?:tell|answer|settle|show|help)\b`,
		`(?:do|does|did|will)? ?(?:not|never){adv} (?:say|mention|state|specify|tell|answer|describe|indicate|`+
			`reveal|disclose|name|settle|{write}|give (?:it|that|this|an?|the|any))(?:e?s)?\b`,
		`{not} (?:{hold})s? (?:[\w'-]+ ){0,3}?(?:{info}|anything)\b`, `{empty}`,
		`(?:says?|tells? (?:us|me)|mentions?) (?:no|nothing)\b`, `{leave}`, `(?:fails?|neglects?|omits?|forgets?) to (?:{tell})\b`,
		`(?:is|are|remains?) silent(?:$|[,;:.]| (?:on|about) (?:this|that|it|the)\b)`),
	`{text} (?:` + either(
		`{not} (?:{tell})(?:e?s)?\b`,
		`{not} (?:{hold})s? (?:[\w'-]+ ){0,3}?(?:{info}|anything)\b`,
		`{not} (?:{hold}|list|cover)s? (?:it|this|that|those|these)\b`,
		`[^;]*?, (?:it|they) {not} (?:{tell}|{hold}|cover)\b`,
		// Gives the length but not the width; covers the summer and says nothing of December.
		`[^;]*?\b(?:but|and|yet|though) (?:(?:they|it) )?(?:{not} (?:{tell})|not\b|nothing|never|no |(?:say|give|tell|`+
			`mention|contain|offer|provide|has|have|add)s? (?:no|nothing|none|neither|little)|(?:leave|omit|skip|lack)s?|`+
			`(?:is|are) silent|stops? short|without)`,
		`(?:{tell}|cover|treat|concern|contain|list)(?:e?s)? [^;]*?, not (?:the |its |their |his |her |on |about |for )?`+
			`(?:{ask}|[\w-]+(?: \w+)?$)`,
		`[^;,]*?\bwithout (?:\w+ )?(?:giving|stating|naming|mentioning|saying|telling|specifying|providing|disclosing|`+
			`identifying|revealing|explaining|answering|going into)\b`,
		`(?:is|are|was|were) (?:about|on|concerned with|limited to) [^;]*?\b(?:not|rather than)\b`,
		`(?:is|are|deals? with|concerns?|(?:only )?(?:describe|cover|discus)s?(?:es)?) (?:about |on )?(?:another|an? (?:\w+ly )?`+
			`different|other|something (?:else|different))\b`,
		// Deals only with the summer; covers 2019 only.
		`(?:only|just|merely|solely|exclusively) (?:{tell}|deals?|cover|talks?|concern|describe|mention|discuss|contain|`+
			`refer|list|go|focus)(?:e?s)?\b`,
		`(?:deals?|is concerned|are concerned|talks?|speaks?|focus(?:es)?) (?:only|just|merely|solely|exclusively|entirely) `+
			`(?:with|of|about|on)\b`,
		`(?:gives?|names?|lists?|states?|tells?|mentions?|describes?|has|covers?|contains?) (?:only|just) [^;]*\bnot\b`,
		`(?:gives?|names?|lists?|covers?|contains?|describes?|deals? with|goes) [^;,]*\b(?:only|alone)(?:$|[;,])`,
		// Gives no answer, says nothing, has no chapter on it, sheds no light.
		`(?:say|give|tell|offer|provide|make|mention|reveal|state|name|specify|record|supply|disclose|list|add|shed|throw|`+
			`cast)(?:e?s)? (?:us |me |you )?(?:no|nothing|none|neither|little|not a)\b`, `{empty}`,
		`(?:suggests?|imply|implies) (?:nothing|none|neither|no (?:\w+ )?(?:{info}|{attr}))\b`,
		`{leave}`,
		`(?:is|are|was|were|has|have) not (?:been )?(?:attached|included|uploaded|shared|supplied|enclosed|among|part of|`+
			`provided|loaded)(?:$|[,;:.]| (?:here|among|(?:with|to) (?:me|us|you|this (?:chat|conversation)|the assistant)|`+
			`in this (?:chat|conversation)|{in}|`+
			`files|what))`,
		`(?:can |could )?neither (?:{tell})(?:e?s)?\b`,
		`(?:do|does|can) ?not(?:$|[,;])`, `never gets? (?:a?round )?to\b`, `(?:only|just|merely) hints?\b`, `ends there\b`,
		`{not} (?:{hold})s?(?:$|[,;:.]| any (?:\w+ ){0,2}?(?:{attr})\b)`,
		`[^;]*[;:,] (?:but |and )?there (?:is|are) (?:none|nothing|no|not)\b`,
		`(?:gloss(?:es)? over|skirts?|sidesteps?|dodges?|evades?|shies away|avoids?|passes over|(?:is|are) coy|predates?|`+
			`returns? no|returned no|contradict|conflict|disagree)\b`,
		`(?:is|are) (?:about|for|on) [^;,]*\bonly$`,
		`(?:is|are) too (?:thin|vague|short|brief|general|sparse|sketchy|scant|meagre|limited|imprecise)\b`,
		`[^;,]*\b(?:so|thus|therefore|hence) (?:they |it )?cannot (?:{tell})\b`,
		`(?:stops?|ends?|finish(?:es)?) (?:\w+ )?(?:in|at|with|on|after)\b[^;]*(?:before|middle|\d{4}$)`,
		// Is silent, stops short, leaves it open, fails to say, lacks it, is of no help.
		`(?:(?:is|are|remains?|stays?|keeps?|falls?) )(?:\w+ )?(?:silent|quiet|mum|vague|unclear|insufficient|inconclusive|irrelevant|`+
			`not (?:clear|enough|sufficient|helpful|relevant|related|about|specific|explicit|conclusive|informative|useful|`+
			`the (?:right|place)))(?: {of}(?:on|about|regarding|as to|in|to|for|here|enough|at)\b|$|[,;:.])`,
		`(?:stops? (?:short|before|just)|(?:ends?|finish(?:es)?|closes?) (?:\w+ )?before|breaks? off|cuts? off|do(?:es)? not `+
			`(?:go (?:that|so|as) far|get (?:into|to|that)|extend|reach|stretch|run to|concern|involve|resolve|settle|suffice|`+
			`answer))\b`,
		`(?:is|are|seems?(?: to be)?|appears?(?: to be)?|do(?:es)? not (?:seem|appear) to be) (?:\w+ )?(?:mute|(?:of )?no help|`+
			`of little help|not of (?:any )?help|dumb|mum|tight-lipped|unhelpful|(?:not )?related to (?:your|this|the) `+
			`question|unrelated|off-topic|off topic|incomplete|cut (?:off|short)|truncated|blank|empty|illegible|unreadable|`+
			`garbled|all about|not concerned|not (?:on|in|about) (?:this|that|the)|not (?:this|that))\b`,
		`(?:fails?|neglects?|omits?|forgets?)(?: {adv})? to (?:{tell}|contain|include)\b`,
		`(?:lacks?|omits?|skips?|withholds?|passes over|misses|leaves? out) (?:the|that|this|any|an?|such|enough|it|its|her|`+
			`his|their|details?|information|specific)\b`),
	// None of the documents; neither passage; no document; nothing in the documents; nowhere.
	`{at}(?:none|neither|not one|not a single one|not any|no part|nothing|nobody|no one) (?:of|in) (?:the |these |those |` +
		`my |your |this |that |any |what )?(?:\w+ ){0,3}?(?:{strong}\b|(?:it\b|them\b|these\b|this\b|{any}\b)(?:[^;,]*?)? ` +
		`(?:{tell}|concern|cover|contain|hold|has|have|is about|are about)(?:e?s)?\b)`,
	`{at}(?:neither|no|not a single|not one) (?:single |relevant |provided |given |supplied |available |retrieved |other ` +
		`)*(?:{strong}|text|article|page|paragraph|section|sentence)(?: (?:provided|given|supplied|above|here|retrieved|or \w+|` +
		`nor (?:the )?\w+))*(?: (?:here|that (?:i|we) (?:\w+ ?){1,3}))? (?:actually )?(?:says?|mentions?|states?|tells?|gives?|` +
		`names?|contains?|answers?|speaks?|covers?|holds?|has|have|does|here|deals?|discuss(?:es)?|describes?|specif(?:ies|y)|` +
		`indicates?|addresses|provides?|refers?|is about|relates?|explains?|reveals?|includes?|lists?|touches|talks?|reports?|` +
		`makes?|helps?|identif(?:ies|y)|records?|notes?|shows?|confirms?|clarif(?:ies|y)|offers?|supplies|supply|discloses?|` +
		`settles?|resolves?|establish(?:es)?|defines?|quotes?)\b`,
	`{at}neither (?:{det}{any} (?:nor|{tell})|(?:nor|one)\b|(?:{det}{any}|one)? ?(?:{tell}|has|have|contain)(?:e?s)?\b)`,
	`\bnot enough (?:here |there |in (?:here|there|it) )?to (?:go ` +
		`on|say|tell|answer|judge|decide)\b`,
	`{at}(?:neither|none|nothing)(?: (?:of (?:it|this|that|these|those|them|which)))? (?:answers?|mentions?|says?|helps?|` +
		`states?|tells?|addresses|covers?|contains?|gives?|names?)\b`,
	`{at}(?:absolutely )?nothing (?:(?:on|about|regarding|to) [^;,]*{in}|in {det}{any}|in (?:it|here|there|them)\b|(?:on|about) ` +
		`(?:that|` +
		`this|it)(?:$|[,;]| here)|(?:here|there)(?:$|[,;]| (?:{tell})e?s?\b| about)|is (?:said|given|stated|mentioned)\b|(?:that )?` +
		`(?:answers|relates|mentions|indicates|suggests)|(?:that )?(?:i|we) (?:have|see|read|was|were|can|could))`,
	`(?:{at}|\b)nowhere (?:(?:in|on|within) {det}{any}.*\b(?:is|are|does|do)\b|(?:do|does|did|is|are|was|were)\b)`,
	// There is no information, no telling; there is not a word about it.
	`\bthere (?:is|are|seems? to be|appears? to be|exists?) (?:(?:simply|just|also|unfortunately|currently|actually|` +
		`really|absolutely|sadly|regrettably|therefore|however) )*(?:no|not enough|not any|not an?|insufficient|not sufficient|` +
		`too little|not one) (?:\w+ ){0,3}?(?:information|info|mention|references?|indications?|details?|account|statements?|` +
		`basis|clues?|knowledge|hints?|way (?:to|of|for|i|we)|trace|description|discussion|specifics|specification|passages?|` +
		`documents?|results?|text|sources?|confirmation|coverage|material|record|lines?|(?:section|chapter|entry|page|paragraph|row|` +
		`column|heading)s?|evidence {in})(?:$|[,;:.]| (?:about|on|` +
		`regarding|in|of|to|for|as|from|that|which|available|given|provided|here|concerning|whether|at all|i|we|with|by|{ask}|` +
		`shown|found|relating|related|mentioned|stated|by)\b)`,
	`\bthere (?:is|are) no (?:[\w'.-]+ ){1,5}?{in}`, `(?:{at}|\bthere is )none (?:is|are|was|were)? ?(?:given|{said}|about|listed|` +
		`named)\b`,
	`\bthere (?:was|were) (?:no|nothing|not [\w ]+?) (?:[\w']+ ){0,5}?{in}`,
	`\bthere (?:is|are|seems? to be|appears? to be|exists?) (?:no|not an?|not any|nothing like an?)(?: \w+){0,2}? ` +
		`(?:answer|data|word|record|name|date|figure|response|price|explanation)s?(?:$|[,;:.]| (?:{in}|to (?:this|that|your|the) ` +
		`(?:question|query)|given|provided|here|available|about|on|for (?:this|that|your)|stated|found|that|of what))`,
	`\bthere (?:is|was|are|seems to be|appears to be) (?:absolutely )?(?:nothing|not anything)(?: \w+)? (?:{in}|about|to ` +
		`(?:say|tell|report|indicate|suggest|answer)|on (?:this|that|the)|here|said|regarding|that (?:says|tells|answers|would|` +
		`mentions|could|indicates|states|references)|i can)`,
	`\bthere (?:is|was|are) (?:no|not any) (?:telling|knowing|saying|finding|way|indication|answering|such \w+)\b`,
	// No fee is given; the fee is set, but no date is stated; "if it rains, no refund is given" is what a text holds.
	`{at}no (?:[\w'-]+ ){1,5}?(?:is|are|was|were|has been|have been) (?:(?:\w+ )?(?:mentioned|stated|specified|named|indicated)` +
		`(?:{end})|(?:\w+ )?{had} {in})`,
	`{at}no (?:[\w'-]+ ){0,2}?{attr} (?:is|are|was|were) (?:\w+ )?(?:given|listed|provided|recorded|found|identified)(?:{end})`,
	`^no (?:[\w'-]+ ){1,5}?(?:(?:is|are|was|were|has been|have been) (?:\w+ )?(?:given|mentioned|stated|provided|specified|` +
		`named|listed|made|found|indicated|offered|supplied|quoted|recorded|disclosed|identified|included|available)(?:$|[,;:.]| ` +
		`(?:{in}|of|for|here|to|about|on|anywhere|as to)\b)|(?:appears?|occurs?|features?|figures?) (?:anywhere|{in}))`,
	// I find nothing; I looked and did not find it.
	`{at}{me}(?:can|could) neither (?:confirm|say|tell|answer|know)\b`, `\b(?:i|we) know nothing\b`, `{seek}(?:found|find|` +
		`finds|finding|see) (?:no|nothing|none)(?: (?:\w+ ){0,2}?(?:{info}|about|on|of|` +
		`that|relevant|in|there|` +
		`regarding|anything)\b|$|[,;:.])`,
	`\b(?:and|but) (?:did not|could not|cannot|was not able to|were not able to|was unable to|do not) (?:\w+ )?(?:find|see|` +
		`locate|spot|come across|know|have (?:that|this|any|the|access|enough))\b`,
	`{seek}(?:came|come|comes|coming) (?:up|back|away) (?:empty|blank|with nothing|short)|{seek}turn(?:s|ed)? up (?:nothing|no\b)\b|` +
		`\b(?:yield|return|produce|reveal|bring|brought|brings)(?:s|ed)? (?:up )?(?:nothing|no (?:result|match|answer|` +
		`information|relevant)\w*)\b`,
	`(?:there is |i have |we have )?nothing (?:here )?to (?:go on|answer (?:from|with)|work (?:from|with)|base)\b`,
	// I do not know; I cannot tell; I am not sure; I would rather not guess.
	`(?:{at}|^(?:{ask})\b[^;]*?,? ){me}(?:cannot|could not|would not) (?:say|tell|know|determine|answer)\b`,
	`{at}(?:{me}can only (?:answer|help|speak|respond|talk|comment|go by|use|work)|which (?:i|we) (?:do|did|was|were|have) ` +
		`not)\b`,
	`{at}(?:i|we|you|one|readers|the readers?) (?:am|are|is|was|were|have been) (?:not|never|nowhere)(?: been)? (?:told|` +
		`given|informed|shown|provided)\b`,
	// It would be a guess; beats me; more would be needed.
	`{at}(?:it|that|this|my \w+|any(?:thing)?\b[^;,]*?) (?:would|could|will|could only) (?:only |just |merely |have to )*be ` +
		`(?:a |pure |mere )*(?:guess|guessing|guesswork|speculat\w+|conjecture|made up|invented|invention)\b`,
	`\b(?:i|we) (?:would|could|can) (?:only |just |merely |have to |be )+(?:guess|guessing|speculat\w+|mak(?:e|ing) (?:it|that|` +
		`this|one|something) up|invent\w*)\b`,
	`\b(?:no|0|zero) (?:(?:relevant|exact|search|such|further|other|good|matching|close|direct) )?` +
		`(?:results?|match(?:es)?|hits)(?:$|[,;:.]| (?:for|found|(?:was|were) (?:found|returned)|came|in|` +
		`from|returned|about|on|to)\b)|\bnothing (?:came|comes) up\b`,
	`{at}(?:i|we|you|one) [^;]*\b(?:in vain|without success|to no avail)\b`,
	`\b(?:stumps?|has stumped|(?:have|has) me stumped|you have (?:got )?me)\b`, `^(?:i )?(?:have not|have no|not) (?:got )?(?:a|the ` +
		`\w+) (?:clue|idea)\b`, `{at}{me}(?:will |would )?have to pass\b`,
	`\bany(?:one|body)'s guess\b`,
	`^(?:that |it |this |the answer )?(?:beats me|search me|eludes me|is beyond me|escapes me)\b`,
	`\byour guess is as good\b`,
	`{seek}(?:draw|drawing|drew) a blank\b`,
	`^(?:more|further|additional|other|better) (?:\w+ )?(?:information|context|details?|documents?|sources?|data|evidence|` +
		`passages?) (?:is|are|would be|will be) (?:\w+ )?(?:needed|required|necessary)`,
	`^(?:not (?:that|as far as|to my knowledge|in what|one of|anywhere)\b)`,
	`^(?:all|the only thing) (?:that )?(?:{det}{any}|i have|we have|i know|we know|is said|i can see|i can find)\b`,
	`^only (?:the|a|an|part|half|some|two|one|chapters?|pages?)\b[^;,]*\b(?:was|were|is|are|has been) (?:\w+ )?(?:supplied|` +
		`provided|given|uploaded|attached|shared|included|here|there)\b`,
	`\b(?:more|further) than (?:(?:these|those|the|my|your) (?:\w+ )?{any}|i (?:know|can|have)|we)\b`,
	`^(?:no|nope|well|sorry)?,? ?not (?:a (?:single )?(?:word|line|hint|trace|mention)|in (?:there|here|it|{det}{any})|so much as)\b`,
	`\b(?:you|one) cannot (?:tell|say|know)\b`, `{at}one would have to (?:consult|see|read|look|` +
		`check)\b`, `{at}no (?:[\w']+ ){1,3}?{in}`,
	`^do not know\b`, `^(?:cannot|could not|unable to) (?:{find}|be (?:answered|determined|found))\b`,
	// Nobody can tell from the text; from the text alone one cannot.
	`\b(?:nobody|no one|no-one|one cannot|you cannot|we cannot|one could not|you could not|you will not) (?:can |could |` +
		`would )?(?:be able to )?(?:tell|say|know|determine|find|answer|learn|work|see|deduce|infer|get)\b.*(?:{in})`,
	`(?:{in}|\bfrom what (?:i|we|you) \w+(?: \w+){0,2}?){of}(?: alone| only)?,? (?:nobody|no one|one|you|we|i|it is not ` +
		`possible|it is impossible|there is no)\b(?:.*\b(?:cannot|can|could|impossible|not possible|way))`,
	// The answer is not here; the question cannot be answered; the year is given, the month is not.
	`^(?:the |an |any )?answers? (?:is|are|was|do|does|can|could|to \w+ question (?:is|does|cannot))\b.*(?:nowhere|not{adv} ` +
		`(?:in|here|there|given|be|to be|appear|exist|lie|among|present|part|something|possible|available|provided|stated|found|` +
		`known to me|contained|included|clear)|not (?:\w+ )?(?:known|provided))`,
	`^(?:the|this|that|your) (?:question|query|request|topic|subject|premise|assumption)\b.*\b(?:not (?:permitted|allowed|` +
		`supported|answerable|covered|relevant|related|answered|addressed|clear|about|possible|appear|part|have an answer|relate|` +
		`pertain|match|concern)|unanswerable|unrelated|irrelevant|no answer(?: [^;,]*\b{any})?|beyond|outside|unclear|but (?:the|` +
		`these|this|all|my|none)|wrong: {det}{any} [^;]*\b(?:no|not|never))\b`,
	`{at}it (?:(?:might|may|could|would|should) be|is (?:probably|possibly|perhaps)) in (?:the|an?|another)\b[^;]*\b(?:but|` +
		`which)\b[^;]*\bnot\b`,
	// Sorry, and any negation after it.
	`^(?:i am |we are |my |many )?(?:so |very |really |terribly |deeply |sincere )?(?:sorry|apologies|i apologi[sz]e|we ` +
		`apologi[sz]e|apologi[sz]e|i regret|we regret|i am afraid|we are afraid)(?: ?[,;:.!–—-]| but| that| to| i| we| for| ` +
		`about).*?\b(?:cannot|no (?:{info})|nothing|none|unable|lacks?|nowhere|unclear|unknown|missing|silent|absent|beyond|` +
		`outside|decline|unanswerable|not (?:able|sure|certain|know|say|{in}|something|part|covered|one|mentioned|there|appear)|` +
		`never (?:{tell})s?|leave)\b`,
	// I do not know; I looked and found nothing; I am not sure; I would rather not guess.
	`{at}{me}(?:` + either(
		`(?:(?:have|had|can|could|was able to|were able to) )?(?:(?:find|found|see|saw|locate|located|spot) no|(?:find|found|see|saw|`+
			`know|have|had|got) (?:`+
			`nothing|not enough|too little|insufficient|neither|none))\b`,
		`(?:do|did|could|can)? ?(?:not|cannot){adv} (?:see|find|locate|spot) (?:it|that|this|any|anything|an?|where|who|what|`+
			`how|{det}(?:{info})|(?:\w+ )*{in}|[^;,]*\banywhere\b)`,
		`(?:have )?(?:searched|looked|checked|read|went|gone|scanned|reviewed|examined|been)\b[^.]*\b(?:but|and|`+
			`without)\b[^.]*\b(?:not|no|nothing|none|neither|without|finding|vain|nowhere|cannot)\b`,
		`(?:do|did) not{adv} (?:know|recall|remember|possess|think (?:i can|the|that the|there)|believe (?:i can|the|there)|`+
			`understand the question)\b`,
		`(?:do|did) not{adv} have (?:\w+ ){0,3}?(?:{info}|access|enough|sufficient|that|it|any|anything|the (?:answer|`+
			`ability)|permission|capability|sources?)\b`,
		`(?:cannot|could not|may not|am unable to|are unable to|am not able to|are not able to|was unable to|was not able to|`+
			`were unable to|were not able to|will not|would not|will refrain from|am not going to|must not|should not|dare not|`+
			`have not been able to|have been unable to|am incapable of|am not (?:permitted|allowed|authori[sz]ed|designed|`+
			`supposed|programmed|equipped|qualified|capable) (?:to|of)|will be unable to)(?: able to)?{adv} (?:be able to `+
			`)?(?:{find}|(?:giv|answer|provid|say|help|tell|guess)ing)\b`,
		`(?:am|are)(?: {adv})? ?(?:not{adv} (?:sure|certain|aware|in a position|confident|the right|able to|familiar|`+
			`informed|privy)|unsure|uncertain|unaware|unable|unfamiliar|at a loss|clueless|stumped|ignorant|in the dark|afraid `+
			`(?:not|i cannot|i do not|that (?:is|i|the)))\b`,
		`(?:(?:must|shall|will|would|have to|need to|am going to|prefer to|can only) )?(?:respectfully |politely `+
			`)?(?:decline|pass on (?:this|that)|lack (?:the|that|any|enough|access|information|sufficient|knowledge)|abstain|`+
			`refuse|leave (?:this|that|the question)|refrain)\b`,
		`(?:(?:can|could|was able to|did) )?(?:find|found|see|saw|know|have|give|tell|locate|read|am told|are told)\b[^;.]*? `+
			`(?:but|though|yet|and) (?:not (?:the|an?|its|his|her|their|any|by|{ask})|no)\b`,
		`(?:would|had) (?:rather|prefer)(?: to)? not\b`,
		`doubt (?:that )?{det}{any}`, `prefer not to\b`, `have only\b`,
		`(?:have|had) not (?:yet )?(?:been (?:given|told|shown|provided)|got (?:that|this|the|any))\b`,
		`(?:would|will) (?:have|need) to (?:see|read|look|check|know|consult)\b`, `was given only\b`,
		`(?:only|just) (?:have|know what|see|got|was given|were given|received)\b`,
		`have (?:to (?:pass|decline)|nothing|never)\b`,
		`have (?:(?:got |absolutely )*no|not (?:got )?(?:a|any|the|an)) (?:idea|clue|{info}|notion|access|faintest|way|basis|`+
			`foggiest)\b`,
		`(?:would|will|do)? ?(?:need|require) (?:to see |to have |to be given |some |a )*(?:more|further|additional|other|`+
			`another|different|access|the (?:\w+ ){0,2}{any}\b|the (?:actual|full|relevant|right|rest|complete|whole|missing|\d+))\b`),
}

// either joins what may follow a subject, and closes the group that the caller has opened.
func either(predicates ...string) string { return strings.Join(predicates, "|") + ")" }
