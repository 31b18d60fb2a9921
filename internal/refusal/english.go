package refusal

var english = language{
	words: map[string]string{
		// What is searched for the answer. A weak word may as well be what the question is about.
		"strong": `documents?|documentation|passages?|context|sources?|excerpts?|snippets?|(?:search )?results?|references provided`,
		"weak": `texts?|articles?|information|info|materials?|pages?|records?|notes?|data|files?|papers?|manual|timetable|` +
			`(?:club |house )?rules|brochure|` +
			`guide|leaflet|paragraphs?|sections?|chapters?|sentences?|author|story|description|details|content|corpus|extracts?|` +
			`handbook|minutes|log|logbook|diary|transcript|report|abstract|summary|table|chart|glossary|index|register|bulletin|` +
			`newsletter|memo|` +
			`instructions|listing|writer|database|website|catalogue|leaflets?|wording|evidence|answer key|schedule|entry`,
		"any": `{strong}|{weak}`,
		"of": `(?: (?:provided|given|supplied|above|below|here|shown|available|alone|itself|you \w+(?: me)?|i (?:have|was ` +
			`given|can see|see|was shown)|we have|at hand|in question|retrieved|(?:of|in|from|on|about) (?:the |this |my ` +
			`)?\w+(?: \w+)?))*?`,
		"src": `(?:{any}){of}`,
		"the": `the|these|this|those|that|my|your|any|either|both|all|each|its|our|what|whatever|every|some`,
		"adj": `provided|given|supplied|available|retrieved|above|following|search|other|relevant|current|present|accompanying|` +
			`attached|whole|source|reference|existing|supporting|shown`,
		"det": `(?:(?:{the} )(?:of (?:the|these|those) )?(?:\w+ ){0,3}?|(?:{adj} ){0,2})`,
		"adv": `(?: (?:actually|really|seem to|appear to|explicitly|directly|clearly|even|ever|specifically|at all|simply|just|` +
			`currently|yet|also|honestly|exactly|quite|entirely|itself|further|fully|precisely|anywhere|definitively|` +
			`necessarily|possibly|reliably|confidently|personally|truly|immediately|readily|anything to))*`,
		"not": `(?:do|does|did|would|could|will|can|may|might|shall|should)? ?(?:not|never|cannot){adv}`,
		"say": `say|mention|state|specify|tell|answer|name|indicate|describe|discuss|reveal|list|cover|address|note|record|` +
			`explain|show|identify|speak|talk|go into|deal with|make (?:it |this |that )?(?:clear|any|mention|reference|no)|` +
			`confirm|disclose|touch|refer|reference|report|clarify|detail|elaborate|establish|express|give|provide|offer|supply|` +
			`contain|include|hold|help|support|suggest|define|quote|cite|relate|settle|resolve|let (?:me|us|one|you)|(?:allow|` +
			`permit|enable) (?:me|us|one|you|for an|an answer|any|the reader)|tackle|treat|comment|spell|shed|bring up|disclose|` +
			`present|come up|appear|convey|publish|pertain|relate|yield`,
		"tell": `say|mention|state|specify|tell|answer|name|indicate|describe|discuss|reveal|list|address|note|record|explain|` +
			`identify|speak|talk|go into|deal with|make (?:it |this |that )?(?:clear|any|mention|reference)|confirm|disclose|` +
			`touch|refer|reference|report|clarify|detail|give|provide|cover|show|elaborate|help|shed`,
		"hold": `contain|include|have|hold|offer|provide|give|present|supply|carry|feature`,
		"info": `information|info|mention|answers?|evidence|references?|indications?|data|details?|word|account|statements?|` +
			`basis|clues?|knowledge|idea|hints?|way (?:to|of)|trace|record|description|discussion|explanation|specifics|` +
			`specification|facts?|passages?|documents?|text|sources?|figures?|anything|something|name|date|context|means|` +
			`confirmation|sign|entry|coverage|say|response|part|content|material|results?|match(?:es)?|direct|sections?|chapters?|` +
			`paragraphs?|entries|lines? (?:on|about)`,
		"said": `said|mentioned|stated|specified|disclosed|indicated|described|discussed|revealed|addressed|explained|covered|` +
			`answered|identified|clarified|spelled out|dealt with|touched(?: up)?on|talked about|referred to|detailed|` +
			`referenced|elaborated`,
		"had": `given|provided|listed|recorded|reported|named|included|contained|noted|shown|supplied|documented|published|` +
			`quoted|present|available|known|clear|found|told|defined|written|set out|there|certain|obvious|determined|` +
			`established|confirmed|apparent|evident|printed`,
		"attr": `name|names|prices?|costs?|fees?|dates?|years?|days?|months?|time|height|weight|length|width|depth|size|speed|` +
			`age|numbers?|amount|authors?|founder|owner|birthplace|birthday|place|location|reasons?|cause|identity|title|` +
			`address|distance|duration|colou?r|population|capacity|architect|designer|builder|captain|treasurer|details?|` +
			`details? of [\w ]+|origin|total|figure|value|answer|information|data|it|this|that|which|exact \w+|what you ask|` +
			`purpose|nationality|occupation|salary|surname|frequency|temperature|sister|brother|winner|score`,
		"end": `$|[,;:)]| (?:here|there|anywhere|at all|at this time|and|but|so|either|yet|explicitly|directly|at present|to ` +
			`me|for (?:this|that))`,
		"in": `(?:in|by|from|within|among|on|anywhere in|with|using|to|under|across|throughout|through|based on|per|according ` +
			`to|out of|inside) {det}{any}\b`,
		"ask": `who|whom|whose|what|which|when|where|why|how|if|whether`,
		"me": `(?:i|we) (?:(?:really|simply|just|honestly|still|currently|also|therefore|personally|truly|regretfully|` +
			`actually|genuinely|must admit (?:that )?(?:i|we)) )*`,
		"at": `(?:^|[,;:(–—.-] ?|\b(?:but|so|and|that|because|as|since|while|although|though|afraid|sorry|say|admit|yet|` +
			`which|unfortunately|regrettably|honestly|therefore|thus|hence|however) )(?:no,? |well,? )?()`,
		"find": `answer|say|tell|find|determine|help|provide|know|be (?:sure|certain|of)|give|confirm|identify|locate|assist|` +
			`guess|offer|comment|infer|specify|respond|do that|do this|deduce|conclude|work (?:it|this|that)? ?out|make out|` +
			`establish|verify|speculate|see (?:it|that|this|any|an|the answer|from|where|who|what)|answers?|access|speak|` +
			`discuss|predict|judge|state|complete|share|fulfil|fulfill|supply|look|retrieve|figure|reply|name|process|derive|` +
			`extract|ascertain|recommend|explain|make (?:any|a|an) (?:statement|claim)`,
	},

	cue: `\bno\b|not|\bnon|\bun|cannot|never|neither|nobody|n/a|nowhere|without|\bonly\b|\bjust\b|lack|silent|quiet|mum\b|` +
		`beyond|outside|` +
		`decline|sorry|apolog|missing|absent|fail|omit|insuff|guess|needed|\bneed|\brequire|can only|could only|beats me|search ` +
		`me|eludes|escapes|blank|empty|in vain|to no avail|mute|stops? short|little|incomplete|ends? before|breaks? off|` +
		`off.topic|all about|neglect|forget|insufficient|impossible|irrelevant|hard to|difficult|too little|who knows|refrain|` +
		`leave|left|pass\b|withh|skip|inconclusive|vague|remains?\b|stays?\b|\byet to\b`,

	bare: `indeterminate|indeterminable|not determinable|cannot (?:be )?(?:answer|determine)d?|no answer(?: [^;,]*\b{any})?|no ` +
		`result|none of the above|could not tell you|no comment|not covered(?: [^,;]*)?|not in (?:{det}{any})[^,;]*|not ` +
		`that i (?:know|can see)[^,;]*|(?:i have )?not (?:a|the (?:faintest|foggiest|slightest)) (?:clue|idea)|inconclusive|` +
		`no such information[^,;]*|answer unknown|answer not [^,;]*|unknown [^,;]*{in}[^,;]*|(?:(?:(?:it|that|this|which|` +
		`the answer|that information|the information) (?:is|was|remains?)|i am|we are|sorry,?|unfortunately,?|simply) ` +
		`)*(?:(?:not?|currently|still|completely|entirely) )*(?:unknown|unsure|uncertain|` +
		`unclear|unanswerable|undetermined|unspecified|unstated|sure|certain|{said}|{had}|applicable|enough|answerable)(?: ` +
		`(?:{in}|here|there|anywhere|at all|from|to me|yet)[^,;]*)?|n/?a|none (?:given|stated|mentioned|found|specified|` +
		`provided|listed)` +
		`|nothing (?:found|relevant|mentioned|stated|said|given|known|here|there)(?: [^,;]*)?|(?:there is |i (?:have|see|find|` +
		`found) )?(?:no|not enough|insufficient|not any|too little|zero)(?: \w+){0,2} (?:answers?|idea|clue|information|` +
		`info|data|comment|mention|evidence|details?|context|passages?|documents?|results?|sources?|match(?:es)?|` +
		`reference)(?: (?:was|were|is|are|has been))?(?: (?:found|given|available|provided|here|supplied|shown))?(?: ` +
		`(?:{in}|to|about|on|for|of|regarding) [^,;]*|{in})?` +
		`|(?:i |we )?(?:cannot|could not|unable to|impossible to|not possible to|hard to|difficult to) (?:say|tell|answer|know|` +
		`help|determine|be (?:determined|answered|known|found))(?: (?:that|this|it|for sure|from [^,;]*|{ask}[^,;]*|{in}[^,;]*))?` +
		`|(?:i )?(?:have |had )?(?:absolutely )?no (?:idea|clue)|do not know|nobody knows|no one knows|who knows|(?:my |many ` +
		`)?(?:apologies|apologises|apologizes)|(?:i am )?(?:so |very )?sorry|` +
		`i (?:apologise|apologize)|i (?:must )?(?:pass|decline)|(?:no|not) (?:relevant|such) \w+(?: found)?|not so clear[^,;]*|` +
		`outside (?:of )?(?:the )?(?:scope|{strong})[^,;]*|beyond (?:the )?(?:scope|{strong})[^,;]*|does not (?:say|tell|` +
		`state|mention)[^,;]*|silent|missing|unavailable|information unavailable|answer not found|(?:information|answer|` +
		`details?|data) (?:is )?(?:missing|not \w+)`,

	declines: []string{
		// The text gives the length but not the width; the timetable covers the summer and says nothing of December.
		`{at}{det}\b{any}{of} [^;]*?\b(?:but|and|yet|though|not) (?:(?:they|it) )?(?:{not} (?:{tell})|not\b|nothing|never|no |` +
			`(?:say|give|tell|mention|contain|offer|provide|has|have|add)s? (?:no|nothing|none|neither|little)|(?:leave|omit|` +
			`skip|lack)s?|is silent|are silent|stops? short|without)`,
		`{at}{det}\b{any}{of} (?:stops? (?:short|before)|ends? before|breaks? off|do(?:es)? not (?:go (?:that|so|as) far|get ` +
			`(?:into|to)|extend|reach|stretch|run to|concern|involve|resolve|settle|suffice|answer))\b`,
		`{at}{det}\b{any}{of} (?:sheds?|throws?|casts?|gives?|provides?|offers?|makes?) (?:no|little|not any) (?:light|hint|` +
			`clue|answer|mention|reference|word|indication|help|{info})\b`,
		`{at}{det}\b{any}{of} (?:is|are) (?:mute|no help|of no help|of little help|not of (?:any )?help|dumb|mum|tight-lipped|` +
			`unhelpful|unrelated|off-topic|off topic|incomplete|cut off|all about|not concerned|not (?:on|in|about) (?:this|` +
			`that|the)|not (?:this|that))\b`,
		// We are not told; there is no telling; it would be a guess; beats me.
		`{at}(?:i|we|you|one|readers|the readers?) (?:am|are|is|was|were|have been) (?:not|never|nowhere)(?: been)? (?:told|` +
			`given|informed|shown|provided)\b`,
		`\bthere (?:is|was|are) (?:no|not any) (?:telling|knowing|saying|finding|way|indication|answering|such ` +
			`\w+)\b`, `(?:there is |i have )?nothing (?:here )?to go on\b`,
		`(?:{at}(?:i|we|it|that|this|an?y? \w+|my \w+) )(?:would|could|will|could only) (?:only |just |merely |have to |be ` +
			`)*(?:a |pure |mere )*(?:guess|guessing|guesswork|speculat\w+)\b`,
		`\banyone's guess\b`, `^(?:that |it |this |the answer )?(?:beats me|search me|eludes me|is beyond me|escapes ` +
			`me)\b`, `\byour guess is as good\b`, `\b(?:draw|drawing|drew) a blank\b`,
		`\b(?:came|come|comes|coming) (?:up|back|away) (?:empty|blank|with nothing|short)|\bturn(?:s|ed)? up (?:nothing|no\b)\b|` +
			`\b(?:yield|return|produce|reveal|bring|brought|brings)(?:s|ed)? (?:up )?(?:nothing|no (?:result|match|answer|` +
			`information|relevant)\w*)\b|\b(?:without success|in vain|to no avail)\b`,
		`{at}{me}(?:would|will|do)? ?(?:need|require) (?:to see |to have |to be given |some |a )*(?:more|further|additional|` +
			`other|another|different|access|the (?:actual|full|relevant|right))\b`,
		`^(?:more|further|additional|other|better) (?:\w+ )?(?:information|context|details?|documents?|sources?|data|evidence|` +
			`passages?) (?:is|are|would be|will be) (?:\w+ )?(?:needed|required|necessary)`,
		`{at}{me}can only (?:answer|help|speak|respond|talk|comment|go by|use|work)\b`,
		`^(?:not (?:that|as far as|to my knowledge|in what|one of|anywhere)\b)`,
		`{at}{me}have (?:(?:got |absolutely )*no|not (?:got )?(?:a|any|the|an)) (?:idea|clue|{info}|notion|access|faintest|way|` +
			`basis|foggiest)\b`,
		`^no (?:\w+ ){1,3}?(?:is|are|was|were|has been|have been) (?:\w+ )?(?:given|mentioned|stated|provided|specified|named|` +
			`listed|made|found|indicated|offered|supplied|quoted|recorded|disclosed|identified|included|available)(?:$|[,;:.]| ` +
			`(?:{in}|of|for|here|to|about|on|anywhere|as to)\b)`,
		`{at}(?:neither|none|nothing)(?: (?:of (?:it|this|that|these|those|them|which)))? (?:answers?|mentions?|says?|helps?|` +
			`states?|tells?|addresses|covers?|contains?|gives?|names?)\b`,
		`\b(?:is|are|was) (?:given|stated|named|mentioned|listed|described|known),? (?:but|not) (?:the|its|his|her|their|who|` +
			`what|how|when|where|why|which)\b[^;,]* (?:is|are|does) not(?:$|[,;:.])`,
		`{at}{det}\b{any}{of} (?:gives?|names?|lists?|states?|tells?|mentions?|describes?|has|covers?|contains?) (?:only|just) ` +
			`[^;]*\bnot\b`,
		`^(?:the |an |any )?answers? (?:is|are|was|do|does|can|could|to \w+ question (?:is|does|cannot))\b.*(?:nowhere|not{adv} ` +
			`(?:in|here|there|given|be|to be|appear|exist|lie|among|present|part|something|possible|available|provided|stated|` +
			`found|known to me|contained|included|clear)|not (?:\w+ )?(?:known|provided))`,
		// The documents do not say; the text above never mentions it.
		`(?:{at}|\b){det}\b{strong}{of} {not} (?:{say}|have)(?:e?s)?\b`,
		`(?:{at}|\b){det}\b{weak}{of} {not} (?:{tell})(?:e?s)?\b`,
		`(?:{at}|\b){det}\b{weak}{of} {not} (?:{hold})s? (?:\w+ ){0,3}?(?:{info}|it|this|that|anything)\b`,
		`(?:{at}|^{det})\b(?:it|they|this|that|those|these|neither|none|which) (?:do|does|did|will)? ?(?:not|never)` +
			`{adv} (?:say|mention|state|specify|tell|answer|describe|indicate|reveal|disclose|name|give (?:it|that|this|` +
			`an?|the))\b`,
		`^(?:does|do) not{adv} (?:say|mention|state|specify|tell|indicate)\b`,
		// The documents give no answer, say nothing, keep silent, leave it open, lack it.
		`(?:{at}|\b){det}\b{any}{of} (?:(?:simply|just|also|only|actually|unfortunately|clearly|sadly) )?(?:say|give|tell|offer|` +
			`provide|make|mention|reveal|state|show|name|specify|record|supply|disclose|list)s? (?:us |me |you )?(?:no|nothing|` +
			`none|neither|little)\b`,
		`(?:{at}|\b){det}\b{any}{of} (?:(?:simply|just|also|actually|unfortunately|clearly|sadly) )?(?:contain|hold|have|` +
			`include)s? (?:absolutely )?(?:nothing|none)\b`,
		`(?:{at}|\b){det}\b{any}{of} (?:(?:simply|just|also|actually|unfortunately|clearly|sadly) )?(?:contains?|holds?|have|` +
			`has|includes?|makes?|shows?|features?) (?:no|insufficient|not enough|too little) (?:\w+ ){0,3}?(?:{info})\b`,
		`(?:{at}|\b){det}\b{any}{of} (?:(?:is|are|remains?|stays?|keeps?) )(?:\w+ )?(?:silent|quiet|mum|vague|unclear|` +
			`insufficient|inconclusive|irrelevant|not (?:clear|enough|sufficient|helpful|relevant|related|about|specific|` +
			`explicit|conclusive|informative|useful|the (?:right|place)))(?: {of}(?:on|about|regarding|as to|in|to|for|here|` +
			`enough|at)\b|$|[,;:.])`,
		`(?:{at}|\b){det}\b{any}{of} (?:leaves?|left) (?:us |me |you )?(?:(?:that|this|it|the \w+|[\w ]+?) (?:open|out|unsaid|` +
			`unanswered|unstated|unclear|unmentioned|unspecified|blank)|open|out|unsaid|unanswered)\b`,
		`(?:{at}|\b){det}\b{any}{of} (?:fails?|neglects?|omits?|forgets?)(?: {adv})? to (?:{tell}|contain|include)\b`,
		`(?:{at}|\b){det}\b{any}{of} (?:lacks?|omits?|skips?|withholds?|passes over) (?:the|that|this|any|an|such|enough|it|` +
			`details?|information|specific)\b`,
		`(?:{at}|^){det}\b{any}{of} (?:is|are|was|were) (?:about|on|concerned with|limited to) [^;]*?\b(?:not|rather than)\b`,
		`(?:{at}|^){det}\b{any}{of} (?:only|just|merely|solely|exclusively) (?:{tell}|deals?|cover|talks?|concern|describe|` +
			`mention|discuss|contain|refer)s?\b`,
		`(?:{at}|^){det}\b{any}{of} (?:deals?|is concerned|are concerned|talks?|speaks?) (?:only|just|merely|solely|` +
			`exclusively) (?:with|of|about)\b`,
		`(?:{at}|^){det}\b{any}{of} [^;,]*?\bwithout (?:\w+ )?(?:giving|stating|naming|mentioning|saying|telling|specifying|` +
			`providing|disclosing|identifying|revealing|explaining|answering|going into)\b`,
		// None of the documents; neither passage; no document; nothing in the documents; nowhere.
		`(?:{at}|^)(?:none|neither|not one|not a single one|not any|no part|nothing) (?:of|in) (?:the |these |those |my |them|` +
			`your |this |that |any )?(?:\w+ ){0,3}?{any}\b`,
		`(?:{at}|^)(?:neither|no|not a single|not one) (?:single |relevant |provided |given |supplied |available |retrieved |` +
			`other )*(?:{strong}|text|article|page|paragraph|section|sentence)(?: (?:provided|given|supplied|above|here|` +
			`retrieved|or \w+|nor (?:the )?\w+))*(?: (?:here|that (?:i|we) (?:\w+ ?){1,3}))? (?:actually )?(?:says?|mentions?|` +
			`states?|tells?|gives?|names?|contains?|answers?|speaks?|covers?|holds?|has|have|does|here|deals?|discuss(?:es)?|` +
			`describes?|specif(?:ies|y)|indicates?|addresses|provides?|refers?|is about|relates?|explains?|reveals?|includes?|` +
			`lists?|touches|talks?|reports?|makes?|helps?|identif(?:ies|y)|records?|notes?|shows?|confirms?|clarif(?:ies|y)|` +
			`offers?|supplies|supply|discloses?|settles?|resolves?|establish(?:es)?|defines?|quotes?)\b`,
		`(?:{at}|^)neither (?:{det})?{any}? ?(?:nor|says?|mentions?)\b`,
		`(?:{at}|^)(?:absolutely )?nothing (?:in|on|about|is said|is given|is stated|is mentioned|there|here|(?:that ` +
			`)?(?:answers|relates|mentions|indicates|suggests)|(?:that )?(?:i|we) (?:have|see|read|was|were|can|could))\b`,
		`(?:{at}|\b)nowhere (?:(?:in|on|within) {det}{any}.*\b(?:is|are|does|do)\b|(?:do|does|did|is|are|was|were)\b)`,
		// There is no information; I see no mention; I found nothing.
		`\bthere (?:is|was|are|were|seems? to be|appears? to be|exists?) (?:(?:simply|just|also|unfortunately|currently|` +
			`actually|really|absolutely) )*(?:no|not enough|not any|not an?|insufficient|not sufficient|too little) (?:\w+ ` +
			`){0,3}?(?:information|info|mention|evidence|references?|indications?|details?|account|statements?|basis|clues?|` +
			`knowledge|hints?|way (?:to|of|for|i|we)|trace|description|discussion|specifics|specification|passages?|documents?|` +
			`results?|text|sources?|confirmation|coverage|material)(?:$|[,;:.]| (?:about|on|regarding|in|of|to|for|as|from|that|` +
			`which|available|given|provided|here|concerning|whether|at all|i|we|with|by|{ask}|shown|found|relating|related|` +
			`mentioned|stated|by)\b)`,
		`\bthere (?:is|are|seems? to be|appears? to be|exists?|was|were) (?:no|not an?|not any|nothing like an?)(?: \w+){0,2}? ` +
			`(?:answer|data|word|record|name|date|figure|response|price|explanation)s?(?:$|[,;:.]| (?:{in}|to (?:this|that|your|` +
			`the) (?:question|query)|given|provided|here|available|about|on|for (?:this|that|your)|stated|found|that|of what))`,
		`\bthere (?:is|was|are|seems to be|appears to be) (?:absolutely )?(?:nothing|not anything)(?: \w+)? (?:{in}|about|to ` +
			`(?:say|tell|report|indicate|suggest|answer)|on (?:this|that|the)|here|said|regarding|that (?:says|tells|answers|` +
			`would|mentions|could|indicates|states|references)|i can)`,
		`(?:{at}){me}(?:(?:have|had|can|could|was able to|were able to) )?(?:find|found|see|saw|locate|located|spot|have|had|` +
			`got) (?:no|nothing|not enough|too little|insufficient|neither|none)\b`,
		`\b(?:found|find|finds|finding|see) (?:no|nothing|none)(?: (?:\w+ ){0,2}?(?:{info}|about|on|of|that|relevant|in|there|` +
			`regarding|anything)\b|$|[,;:.])`,
		`\b(?:and|but) (?:did not|could not|cannot|was not able to|were not able to|was unable to|do not) (?:\w+ )?(?:find|see|` +
			`locate|spot|come across|know)\b`,
		// I do not know; I cannot find it; I would rather not guess.
		`{at}{me}(?:do|did) not{adv} (?:know|recall|remember|possess|think (?:i can|the|that the|there)|believe (?:i can|the|` +
			`there)|understand the question)\b`,
		`{at}{me}(?:do|did) not{adv} have (?:\w+ ){0,3}?(?:{info}|access|enough|sufficient|that|it|any|anything|the (?:answer|` +
			`ability)|permission|capability|sources?)\b`,
		`{at}{me}(?:do|did|could|can)? ?(?:not|cannot){adv} (?:see|find|locate|spot) (?:it|that|this|any|anything|an?|where|who|` +
			`what|how|{det}(?:{info})|(?:\w+ )*{in})`,
		`{at}{me}(?:cannot|could not|may not|am unable to|are unable to|am not able to|are not able to|was unable to|was not ` +
			`able to|were unable to|were not able to|will not|would not|will refrain from|am not going to|must not|should not|` +
			`dare not|have not been able to|have been unable to|am incapable of|am not (?:permitted|allowed|authori[sz]ed|` +
			`designed|supposed|programmed|equipped|qualified|capable) (?:to|of)|will be unable to)(?: able to)?{adv} (?:be able ` +
			`to )?(?:{find}|(?:giv|answer|provid|say|help|tell|guess)ing)\b`,
		`{at}{me}(?:am|are)(?: {adv})? ?(?:not{adv} (?:sure|certain|aware|in a position|confident|the right|able to|familiar|` +
			`informed|privy)|unsure|uncertain|unaware|unable|unfamiliar|at a loss|clueless|stumped|ignorant|in the dark|afraid ` +
			`(?:not|i cannot|i do not|that (?:is|i|the)))\b`,
		`{at}{me}(?:(?:must|shall|will|would|have to|need to|am going to|prefer to|can only) )?(?:respectfully |politely ` +
			`)?(?:decline|pass on (?:this|that)|lack (?:the|that|any|enough|access|information|sufficient|knowledge)|abstain|` +
			`refuse|leave (?:this|that|the question)|refrain)\b`,
		`{at}{me}(?:(?:can|could|was able to|did) )?(?:find|found|see|saw|know|have|give|tell|locate|read)\b[^;.]*? (?:but|though|` +
			`yet|and) not (?:the|an?|its|his|her|their|any|{ask})\b`,
		`{at}{me}(?:would|had) (?:rather|prefer)(?: to)? not\b`, `{at}{me}prefer not to\b`,
		`{at}{me}have (?:to (?:pass|decline)|nothing|never)\b`,
		`{at}{me}(?:searched|looked|checked|read|went|scanned|reviewed|examined)\b[^.]*\b(?:but|and|without)\b[^.]*\b(?:not|no|` +
			`nothing|none|without|finding|vain)\b`,
		`^(?:cannot|could not|unable to) (?:{find}|be (?:answered|determined|found))\b`,
		`\b(?:nobody|no one|no-one|one cannot|you cannot|we cannot|one could not|you could not|you will not) (?:can |could |` +
			`would )?(?:be able to )?(?:tell|say|know|determine|find|answer|learn|work|see|deduce|infer|get)\b.*(?:{in})`,
		`(?:{in}){of}(?: alone| only)?,? (?:nobody|no one|one|you|we|i|it is not possible|it is impossible)\b(?:.*\b(?:cannot|` +
			`can|could|impossible|not possible))`,
		// Sorry, and any negation after it.
		`^(?:i am |we are |my |many )?(?:so |very |really |terribly |deeply |sincere )?(?:sorry|apologies|i apologi[sz]e|we ` +
			`apologi[sz]e|apologi[sz]e|i regret|we regret|i am afraid|we are afraid)(?: ?[,;:.!–—-]| but| that| to| i| we| ` +
			`for| about).*?\b(?:cannot|no (?:{info})|nothing|none|unable|lacks?|nowhere|unclear|unknown|missing|silent|absent|` +
			`beyond|outside|decline|unanswerable|not (?:able|sure|certain|know|say|{in}|something|part|covered|one|mentioned|` +
			`there|appear)|leave)\b`,
		`^(?:the|this|that|your) (?:question|query|request|topic|subject) (?:is|was|does|cannot|has|seems|goes|falls|lies|` +
			`concerns)\b.*\b(?:not (?:permitted|allowed|supported|answerable|covered|relevant|related|answered|addressed|clear|` +
			`about|possible|appear|part|have an answer|relate|pertain|match|concern)|unanswerable|unrelated|irrelevant|no ` +
			`answer(?: [^;,]*\b{any})?|beyond|outside|unclear|but (?:the|these|this|all|my|none))\b`,
	},

	missing: []string{
		`\b(?:information|info|details?|answer|data) (?:is|are|was|were) not (?:here|there|available|present|included|provided|` +
			`given)(?:{end})`,
		`\b(?:goes|remains?|stays?|left) (?:unanswered|unmentioned|unsaid|unstated|unspecified|unaddressed|untold|undisclosed|` +
			`unnamed|unexplained|open)(?:{end}| (?:{in}|{ask}|in|by)\b)`,
		`\b(?:is|are) not{adv} (?:part of|among|to be found|contained|included|one of|present|there|covered by|within|on) ` +
			`?(?:{det}{any}|in|what|$|here|anywhere|any\b|them|the list)`,
		`\bno (?:mention|reference|indication|note|hint|word|record|trace) (?:is|was|are|has been) (?:made|given|found|there)\b`,
		`\b(?:cannot|could not) be (?:gleaned|gathered|worked out|read|made out|seen|discerned|traced|retrieved|located|looked up)\b`,
		`\b(?:beyond|outside|falls? outside|out of|exceeds?)(?: of)?(?: \w+){0,2} (?:what|the scope|scope|the range|the ` +
			`coverage)\b(?: (?:of|that|is|are|i|we|you|the|these|my|here)\b|$|[,;:.])`,
		`\b(?:goes|falls|lies|is) (?:well |far )?(?:beyond|outside)(?: of)? {det}{any}\b`,
		`\b(?:unrelated|not related|irrelevant|not relevant|nothing to do) (?:to|with) {det}{any}\b`,
		`\bnot (?:something|anything)(?: that| which)? (?:i|we|(?:the|these|those|my|this) (?:\w+ )?{any})\b`,
		// It is not mentioned; the founder is not named in the documents; how much it cost is not reported.
		`\b(?:is|are|was|were|be|been|being|gets?|goes|remains?) (?:not|never|nowhere|neither)(?: been)?{adv}(?: to be)? ` +
			`(?:{said})(?:{end}| (?:{in}|{ask}|as|of)\b)`,
		`\b(?:is|are|was|were|be|been|being|gets?|goes|has|have) (?:not|never|nowhere)(?: been)?{adv}(?: to be)? (?:{said}|` +
			`{had})(?: (?:\w+ ){0,4}?(?:{in}))`,
		`\b(?:is|are) (?:not|never|nowhere|neither){adv} (?:{in})`,
		`(?:\b(?:{attr})(?: (?:of|for|to|about) [^;,]*?)?(?: of (?:it|them))?|\b(?:{ask})\b[^;,]*?) (?:is|are|was|were|has|` +
			`have) (?:not|never|nowhere)(?: been)?{adv} (?:{said}|{had})(?:{end})`,
		`^(?:(?:the|this|that|its|his|her|their) )?(?:\w+ ){0,3}?(?:is|are|has|have) (?:not|never|nowhere)(?: been)?{adv} ` +
			`(?:{said}|listed|given|provided|recorded|reported|documented|included here)$`,
		`\b(?:information|info|details?|data|answer|sentence|passage|mention)s? (?:[^;,]*? )?(?:is|are|was|were|remains?) ` +
			`(?:missing|absent|lacking|unavailable|withheld|omitted|left out|insufficient|incomplete|nowhere)\b`,
		`\b(?:cannot|could not|can never|can hardly|may not|is not able to|is unable to) be{adv} (?:answered|determined|found|` +
			`known|told|established|inferred|deduced|said|ascertained|derived|verified|concluded|identified|confirmed|gathered|` +
			`extracted|seen)\b`,
		`\b(?:is|are|was|remains?|seems?|stays?) (?:\w+ )?(?:impossible|not possible|unclear|hard|difficult|not clear|uncertain|` +
			`not known|unknown|not certain|not obvious|not evident|not apparent) (?:to (?:say|tell|know|answer|determine|count|` +
			`find|establish|infer|give|identify|deduce)|from|based|given|according|(?:{ask})\b|{in}|with)`,
		`(?:(?:^|, )(?:it|this|that|the answer|{attr})\b|{in}[^;,]*,?|\b(?:{ask})\b[^;,]*) ?(?:is|are|was|remains?|stays?) ` +
			`(?:\w+ )?(?:unknown|unclear)(?:{end}| (?:{in}|to me))`,
		`\b(?:is|are|was|remains?|stays?) (?:\w+ )?(?:unspecified|unstated|unnamed|undisclosed|unmentioned|unanswered|` +
			`unreported|undocumented|unrecorded|undetermined|uncertain)(?:{end}| (?:{in}|to me))`,
		`\b(?:is|are|was|were)(?: simply| just)? left (?:out|unsaid|unstated|unclear|unspecified|unanswered|unmentioned|blank)\b`,
		`\b(?:(?:is|are)(?: simply| just)? left open\b|(?:was|were) left open {in})`, // "was left open" is what happened
		`\b(?:has|have|had|is|are) yet to (?:be (?:{said}|{had})|appear|come up|turn up|feature)(?:{end}| {in})`,
		`\b(?:not enough|insufficient|too little|no sufficient|inadequate)(?: \w+){0,2} (?:information|info|context|evidence|` +
			`details?|data|material)\b`,
		`\bdo(?:es)? not{adv} (?:appear|come up|occur|feature|figure|show up) {in}`,
		`\b(?:is|are) (?:missing|absent|omitted|lacking|left out) (?:from )?{det}?{any}\b`, `\bfound (?:no|nowhere)\b`,
		`\bno (?:{info}) (?:\w+ ){0,6}?(?:is|are|was|were|can be|could be|has been|have been) (?:\w+ )?(?:given|found|provided|` +
			`available|made|mentioned|stated|included|supplied|offered|present|listed|recorded|there)\b`,
	},

	never: []string{
		`, (?:he|she|they|says?|said)(?: \w+){0,3}$`, `\bin the \w+ of \d{4}`, `\bguide does not speak\b`, `^no, (?:there|` +
			`dogs)\b`, `\bit is not known {ask}[^;,]*$`, // "I do not know, he said."
		`^(?:because|ask|never|not until|not many|not far)\b`,
		`\b(?:is|was|are|were) not (?:known|named|mentioned|given|found|called|listed) (?:by any other|after|as|outside|until|only)\b`,
		`^(?:he|she|scientists|historians|people) (?:\w+ )?(?:did|do|does|could|was|were|is|are|had|has|have|cannot|` +
			`would)\b.*\b(?:know|find|sure|able|answer|say)\b`,
		`\b(?:cannot be (?:answered|determined)|is not given|impossible to tell) (?:by|until|without|on|to) (?:(?:eye|telephone|` +
			`phone|hand|mail|post)|the town)\b`,
		`^(?:the )?(?:file|manuscript|document|data) (?:has no owner|has no title)\b`,
		`^not applicable to\b`,
		`\bis not in the records? of \d`, `\bto the (?:captain|crew|king|public|police|letter)\b`,
		`^as far as\b[^,]*, (?:[^,;]*\b(?:is|was|are|were|\d|one|two|three|four|five|six|seven|eight|nine|ten|kilometres|metres))`,
		`\b(?:which|this) is why\b`,
		`^that (?:the|its|his|her|their|our|an?|no|some) [^,;]*\b(?:is|are|was|were) not \w+(?:ed|en|wn)\b`, // what was said, found or claimed
	},

	opening: []string{
		`(?:so|well|no|yes|ah|oh|hm+|and|but|however|also|thus|therefore|hence|sadly|regrettably|unfortunately|honestly|frankly|` +
			`sorry|apologies|my apologies|alas|still|yet|that said|in short|in fact|to be honest|actually|instead|moreover|in ` +
			`addition|additionally|furthermore|likewise|similarly|again|overall|finally|in conclusion|in summary|good question|` +
			`great question|thank you[^,]*|thanks[^,]*|hello|hi|interesting[^,]*|i see|okay|ok|sure|of course|as far as (?:i|we|` +
			`{det}{any})[^,]*)`,
		`(?:(?:but|so|and|also|however|yet|that|because|as|since|while|although|though|even though|it seems(?: that)?|it ` +
			`appears(?: that)?|it looks like|unfortunately|sadly|sorry|i am (?:sorry|afraid)(?: to say)?(?: that| but)?|i must ` +
			`(?:say|admit)(?: that)?|i think(?: that)?|i believe(?: that)?|i find(?: that)?|the (?:truth|fact|problem|answer|` +
			`short answer) is(?: that)?|and) ?)+`,
		`{det}{any}(?: and| or)?`, `without\b[^;]*`,
		`(?:based|judging|going|relying|depending|drawing) (?:on|by|from)\b[^;]*`, `according ` +
			`to\b[^;]*(?:{any})(?:[^;,]*)`, `(?:from|in|within|after|with|using|on|by|since|throughout|across|per|through) ` +
			`[^;]*{any}[^;]*`,
		`(?:given|having|looking|considering|despite|going by|as per|for|as for|as to|concerning|regarding|about|unlike|when it ` +
			`comes to|with (?:regard|respect) to) [^;]*`, `the answer to (?:the|this|that|your) question(?: is)?`,
		`(?:as|since i am|being|i am|i am just|i am only|as i am) (?:(?:an|a|just an?|only an?) )?(?:ai|assistant|language|` +
			`large|chatbot|artificial|helpful|virtual|text|computer|model)\b[^;]*`,
		`(?:the|this|that|your) (?:question|user|query|request)\b[^;]*`, `you (?:are asking|asked|ask|want|would like)\b[^;]*`,
		`(?:{ask})\b[^;]*`, `if\b[^;]*`, `to (?:answer|find|the best)\b[^;]*`,
		`(?:i|we)(?: have)? (?:searched|looked|checked|read|went|gone|scanned|reviewed|examined|tried|was asked|have been|` +
			`understand|would|wish|appreciate|will|would love)\b[^;]*`,
	},

	quoting: []string{`(?:according to [^,]*, )?{det}(?:{strong}|text|article|page|manual|guide)s?{of} (?:(?:do|does|also|only) ` +
		`)*(?:say|mention|state|indicate|tell|show|suggest|confirm|note|explain|specify|report)s? (?:that|it is|there)\b`,
		`(?:but |and |so )?(?:they|it) (?:confirm|suggest|imply|impli|indicate|show)(?:e?s)? that\b`},

	joint: `although|though|even though|while|but|so|and|because|since|as|that|if|which|yet|however|is|was|afraid|sorry|says?`,

	idle: []string{
		`(?:good|great|interesting|excellent) question\b`,
		`(?:but |and |so |however,? )*(?:i|we) (?:can(?:not)? (?:only|still|help|try|look|offer|give|tell|provide|suggest|do|` +
			`assist|search|answer|see)|could|would (?:need|suggest|recommend|be|have|advise|love|like|ask|only)|will|hope|may|` +
			`suggest|recommend|need|do|did|have (?:only|been|to)|only|was|were|am (?:just|only|an?|designed|here|trained|happy|` +
			`not|unable|sorry|always|glad|able|still|limited|programmed)|apologi[sz]e|searched|looked|understand|wish|advise|` +
			`encourage|see only|try|strive|invite)\b`,
		`(?:but |and |so |however,? |although |though )*(?:they|it|he|she|{det}{any}{of}|the document|each|both|all of them|` +
			`this|that) (?:(?:do|does|only|just|merely|simply|also|mainly|mostly|instead|solely|all|both|does only) )*(?:say|` +
			`mention|state|describe|discuss|name|list|deal|cover|talk|speak|explain|contain|concern|focus|refer|relate|deal|` +
			`include|give|show|note|tell|treat|present|provide|report|consist)s?\b`,
		`(?:but |and |so |however,? |although |though )*(?:they|it|{det}{any}{of}|this document|that document) (?:(?:is|are|was|` +
			`were) (?:all |only |just |mainly |mostly |instead )*(?:about|on|limited|dedicated|devoted|concerned|focused|` +
			`related|a|an|the|in|for|here)\b)`,
	},

	advice: []string{
		`(?:but |and |so |however,? |perhaps |maybe |therefore,? |thus,? |instead,? |then,? )*(?:please|feel free|let me|do not ` +
			`hesitate|try|contact|consult|ask|check|refer|see|consider|look|could you|can you|would you|i would need|thank|` +
			`thanks|for (?:more|further|that)|hope|another|an? (?:other|different)|perhaps|maybe you|if |should you|you (?:can|` +
			`could|may|might|should|will|would|need|must|want|are)|your)\b`,
		`(?:but |and |so |however,? )*(?:it|which|that) is (?:only |just |also |likely |possible |not |merely )*(?:mentioned|` +
			`described|discussed|listed|possible|likely|not|important|recommended|best|unlikely|necessary|beyond|outside|worth|` +
			`up to)\b`,
		`(?:but |and |so |or )*(?:it|this|that|they|there) (?:may|might|could|would|should) (?:be|have|help|depend|need|also)\b`,
		`(?:all|everything) (?:i|we|that|it|they)\b`,
	},

	related: []string{
		`(?:according to [^,]*, |in [^,]*, )?(?:the|this|that|these|a|an|our|its|there) [^;]*\b(?:is|was|are|were|has|had|have|` +
			`\w{3,}ed|opens?|began|stands?|lies|runs?|goes|sold|built|sells|costs?|holds?|does|will|can|leaves?|takes?|gives?|` +
			`made|won|led|wrote|came|went)\b`,
	},

	against: `\b(?:but|however|whereas|while)\b`,
	turn: `\b(?:but|however|although|though|nevertheless|nonetheless|that said|yet|whereas|while|even though|still,|except ` +
		`that|only that)\b,?`,
	concede: `\b(?:although|though|even though|while|even if|whilst|despite the fact that)`,
}
