package refusal

var english = language{
	words: englishWords,

	cue: `\bno\b|not|\bnon|\bun|cannot|never|neither|nobody|n/a|nowhere|without|\bonly\b|\bjust\b|lack|silent|\bn\.a|\bnull\b|` +
		`\bstops?\b|\bends?\b|quiet|mum\b|` +
		`beyond|outside|` +
		`decline|sorry|apolog|missing|absent|fail|omit|insuff|guess|needed|\bneed|\brequire|can only|could only|beats me|search ` +
		`me|eludes|escapes|blank|empty|in vain|to no avail|mute|stops? short|little|incomplete|ends? before|breaks? off|` +
		`off.topic|all about|neglect|forget|insufficient|impossible|irrelevant|hard to|difficult|too little|who knows|refrain|` +
		`leave|left|pass\b|withh|skip|inconclusive|vague|remains?\b|stays?\b|\byet to\b|cut (?:off|short)|trunc|` +
		`illegib|smudged|speculat|conjecture|invent|different|another|\belse\b|elsewhere|next volume|would have to|hidden|` +
		`secret|stump|` +
		`\bme\b|redact|` +
		`\bcoy\b|gloss|skirt|dodge|sidestep|evade|predate|\bcut\b|torn|more than|\b0\b|zero|\btoo\b|contradict|disagree|conflict|` +
		`necessar|impossible|imagination|merely|no one|` +
		`\ball\b|before|passed over|mak(?:e|ing) `,

	bare: `(?:(?:honestly|frankly|really|truly|yeah|nope|alas|unfortunately|sadly),? )?(?:no (?:\w+ ){1,3}(?:documented|given|stated|` +
		`mentioned|found|` +
		`listed|available|provided|named|recorded)(?: {in}[^;,]*)?|no (?:\w+ )?(?:figures?|date|name|price|number|trace|word)(?: ` +
		`[^;,]*)? {in}[^;,]*|indeterminate|indeterminable|not determinable|cannot (?:be )?(?:answer|determine)d?|no answer(?: ` +
		`[^;,]*\b{any})?|no ` +
		`result|none of the above|could not tell you|no comment|pass|(?:no|zero|0) (?:match|result|hit)(?:e?s)?(?: (?:{in}|` +
		`for)[^;,]*)?|no entry[^;,]*|(?:{unsaid})(?: {in}[^;,]*| here)?|not covered(?: [^,;]*)?|not in (?:{det}{any})[^,;]*|not ` +
		`that i (?:know|can see)[^,;]*|(?:i have )?not (?:a|the (?:faintest|foggiest|slightest)) (?:clue|idea)|inconclusive|` +
		`no such information[^,;]*|answer unknown|answer not [^,;]*|unknown [^,;]*{in}[^,;]*|(?:(?:(?:it|that|this|which|` +
		`the answer|that information|the information) (?:is|was|remains?)|i am|we are|sorry,?|unfortunately,?|simply) ` +
		`)*(?:(?:not?|currently|still|completely|entirely) )*(?:unknown|unsure|uncertain|` +
		`unclear|unanswerable|undetermined|unspecified|unstated|sure|certain|{said}|{had}|applicable|enough|answerable)(?: ` +
		`(?:{in}|here|there|anywhere|at all|from|to me|yet)[^,;]*)?|n\.?/?a|null|none (?:given|stated|mentioned|found|specified|` +
		`provided|listed)` +
		`|nothing (?:about|regarding|concerning) (?:the |this |that |any |an? )?[\w'-]+(?: (?:or|and|of|in) (?:the )?[\w'-]+)?` +
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
		`details?|data) (?:is )?(?:missing|not \w+))(?:,? (?:sorry|i am afraid|unfortunately|alas|though|i fear))?`,

	declines: englishDeclines,

	missing: []string{
		`\bleaves? (?:us|me|you|one|the reader) (?:\w+ )?(?:in the dark|guessing|none the wiser)\b`,
		`^(?:none|nothing) of (?:this|that|it|these|those|them) (?:is|are) (?:{said}|given|listed|named)(?:$| {in})`,
		`^(?:nobody|no one|no-one) is (?:named|mentioned|given|listed|identified|stated)(?: as [^;,]*)?$`,
		`\b(?:is|are|was|were) not (?:attached|enclosed|uploaded)(?:$|[,;:.])`,
		`\b(?:is|are) not among (?:the|its|these|those) (?:topics|subjects|facts|items|points|things|files)\b`,
		`\bbeyond {the} (?:\w+ )?{any}\b`,
		`\b(?:is|are|was|were) missing from {det}{any}\b`, `\bno luck\b`,
		`\bdo(?:es)? not (?:seem|appear) to (?:be|have been) (?:{said}|{had})\b`,
		`\bit does not (?:seem|look|appear) (?:that|as if|like)\b`,
		`^neither\b[^;,]* (?:is|are|was|were) (?:{said}|given|listed|named|recorded)\b`,
		`\bleft to (?:the reader|the imagination|our imagination)`,
		`\b(?:name|names|identity|{attr})\b[^;,]* (?:is|are|was|has been|have been) (?:withheld|missing|left out)(?:$|[,;:.]| {in})`,
		`\b(?:would|will) have to be (?:looked up|found|asked)\b`, `\b(?:do|does) not appear$|\b(?:do|does) not come up(?:$|[,;])|` +
			`\bnever comes? up\b`,
		`\b(?:is|are|was|were) (?:given|stated|named|mentioned|listed|described|known)(?: \w+)?,? (?:but|yet|though) not\b|` +
			`\b(?:is|are) (?:stated|given|mentioned|named); [^;]* (?:is|are) not$`,
		`\b(?:relevant|corresponding|crucial|decisive|key|that|which|with) (?:[^;,]*? )?(?:part|page|pages|passage|section|line|row|` +
			`column|figures?|lists?|sheet|chapter|names?|prices?|winners?)\b[^;,]* (?:is|are|was|were|has been|have been|seems? to ` +
			`(?:be|` +
			`have been)) (?:missing|cut|redacted|blacked out|torn|lost|left out|omitted)\b`,
		`\b(?:part|bit|line|page|passage|section|column)\b[^;]* (?:is|was|has been|have been) (?:redacted|blacked out|cut off)\b`,
		`\bno (?:\w+ )?(?:answer|conclusion|statement|inference|figure|date)s? (?:(?:can|could) be|is|are) (?:\w+ )?(?:given|drawn|` +
			`made|possible|reached|inferred|derived)\b|\b(?:answer|conclusion) (?:is|are) not possible\b`,
		`\bdo(?:es)? not (?:allow|permit|support|justify|warrant) (?:a|an|any|us|me) (?:\w+ )?(?:conclusion|answer|inference|` +
			`statement)\b`,
		`\bit (?:does not|cannot) (?:follow|become clear|emerge|be clear)\b`, `\bpassed over(?: in silence)?\b`,
		`\b(?:is|are|was) (?:given|stated|named|mentioned|listed|described|known)(?:,? (?:but|not)|[,;]) (?:the|its|his|her|` +
			`their|who|what|how|when|where|why|which)\b[^;,]* (?:is|are|does) not(?:$|[,;:.])`,
		`\b(?:information|info|details?|answer|data) (?:is|are|was|were) not (?:here|there|available|present|included|provided|` +
			`given)(?:{end})`,
		`\b(?:goes|remains?|stays?) (?:unanswered|unmentioned|unsaid|unstated|unspecified|unaddressed|untold|undisclosed|` +
			`unnamed|unexplained|open)(?:{end}| (?:{in}|{ask}|in|by)\b)`,
		`\b(?:is|are|was|were) not{adv} (?:part of|among|to be found|one of|present|there|covered by|within|in|on) ` +
			`?(?:{det}{any}|in|what|$|here|anywhere|any\b|them|it\b|the list)`,
		`\bno (?:mention|reference|indication|note|hint|word|record|trace) (?:is|was|are|has been) (?:made|given|found|there)\b`,
		`\b(?:cannot|could not) be (?:gleaned|gathered|judged|read off|worked out|read|made out|seen|discerned|traced|retrieved|` +
			`located|looked up)\b`,
		`\b(?:beyond|outside|falls? outside|out of|exceeds?)(?: of)?(?: \w+){0,2} (?:what|the scope|scope|the range|the ` +
			`coverage)\b(?: (?:of|that|is|are|i|we|you|the|these|my|here)\b|$|[,;:.])`,
		`\b(?:goes|falls|lies|is) (?:well |far )?(?:beyond|outside)(?: of)? {det}{any}\b`,
		`\b(?:unrelated|not related|irrelevant|not relevant|nothing to do) (?:to|with) {det}{any}\b`,
		`\bnot (?:something|anything)(?: that| which)? (?:i|we|(?:the|these|those|my|this) (?:\w+ )?{any})\b`,
		// It is not mentioned; the founder is not named in the documents; how much it cost is not reported.
		`\b(?:is|are|be|being|gets?|goes|remains?) (?:not|never|nowhere|neither)(?: been)?{adv}(?: to be)? (?:{said})(?:{end}|` +
			` (?:{in}|` +
			`{ask}|` +
			`as|of)\b)|\b(?:was|were|been) (?:not|never|nowhere){adv} (?:mentioned|stated|specified|said|indicated|described|` +
			`detailed|` +
			`disclosed|covered|addressed)(?:{end}| (?:{in}|{ask}|as|of)\b)`,
		`\b(?:is|are|was|were|be|been|being|gets?|goes|has|have) (?:not|never|nowhere)(?: been)?{adv}(?: to be)? (?:{said}|` +
			`{had})(?: (?:\w+ ){0,4}?(?:{in}))`,
		`\b(?:is|are) (?:not|never|nowhere|neither){adv} (?:{in}|in (?:here|there))`, `\b(?:illegible|unreadable|smudged|` +
			`blacked out)\b`,
		`(?:\b(?:{attr})(?: (?:of|for|to|about) [^;,]*?)?(?: of (?:it|them))?|\b(?:{ask})\b[^;,]*?) (?:is|are|was|were|has|` +
			`have) (?:not|never|nowhere)(?: been)?{adv} (?:{said}|{had})(?:{end})`,
		`^(?:(?:the|this|that|its|his|her|their) )?(?:[\w'-]+ ){0,7}?(?:is|are|has|have) (?:not|never|nowhere)(?: been)?{adv} ` +
			`(?:{said}|listed|given|provided|recorded|reported|documented|reproduced|included here)(?:{end})`,
		`\b(?:information|info|details?|data|answer|sentence|passage|mention)s? (?:[^;,]*? )?(?:is|are|was|were|remains?) ` +
			`(?:missing|absent|lacking|unavailable|withheld|omitted|left out|insufficient|incomplete|nowhere)\b`,
		`\b(?:cannot|could not|can never|can hardly|may not|is not able to|is unable to) be{adv} (?:answered|determined|found|` +
			`known|told|established|inferred|deduced|said|ascertained|derived|verified|concluded|identified|confirmed|gathered|` +
			`extracted|seen)\b`,
		`\b(?:is|are|was|would be|remains?|seems?|stays?) (?:\w+ )?(?:impossible|not possible|unclear|hard|difficult|not clear|` +
			`uncertain|` +
			`not known|unknown|not certain|not obvious|not evident|not apparent) (?:to (?:say|tell|know|answer|determine|count|` +
			`find|establish|infer|give|identify|deduce)|from|based|given|according|(?:{ask})\b|{in}|with)`,
		`(?:(?:^|, )(?:it|this|that|the answer|{attr})\b|{in}[^;,]*,?|\b(?:{ask})\b[^;,]*) ?(?:is|are|was|remains?|stays?) ` +
			`(?:\w+ )?(?:unknown|unclear)(?:{end}| (?:{in}|to me))`,
		`\b(?:is|are|was|remains?|stays?) (?:\w+ )?(?:{unsaid}|uncertain)(?:{end}| (?:{in}|to me))`,
		`\b(?:is|are|was|were|has been|have been)(?: simply| just)? left (?:out|unsaid|unstated|unclear|unspecified|unanswered|` +
			`unmentioned)\b`,
		`\b(?:(?:is|are)(?: simply| just)? left (?:open|blank)(?:$|[,;:.]| by\b| {in})|(?:was|were) left open ` +
			`{in})`, // "was left open" is what happened
		`\b(?:has|have|had|is|are) yet to (?:be (?:{said}|{had})|appear|come up|turn up|feature)(?:{end}| {in})`,
		`\b(?:not enough|insufficient|too little|no sufficient|inadequate)(?: \w+){0,2} (?:information|info|context|evidence|` +
			`details?|data|material)\b`,
		`\bdo(?:es)? not{adv} (?:appear|come up|occur|feature|figure|show up) {in}`,
		`\b(?:is|are) (?:missing|absent|omitted|lacking|left out) (?:from )?{det}?{any}\b`, `\bfound nowhere\b`,
		`\bno (?:{info}) (?:\w+ ){0,6}?(?:is|are|was|were|can be|could be|has been|have been) (?:\w+ )?(?:given|found|provided|` +
			`available|made|mentioned|stated|included|supplied|offered|present|listed|recorded|there)\b`,
	},

	never: []string{
		`\b(?:do|does|did) not have to\b`,
		// What one calls unknown in the world, and what was kept from somebody.
		`\b(?:withheld|hidden|concealed|kept) from (?:the|his|her|their) \w+$`,
		`^(?:yes|no)\b[^;]*\b(?:but|though|although) i am not (?:\w+ )?(?:sure|certain)`,
		// What a law, a will or a person leaves unsaid is what an answer tells; so is what somebody lacked at the time.
		`\b(?:treat(?:y|ies)|laws?|constitution|will|bill|act|charter|decree|verdict|court|judge|king|queen|captain|committee|` +
			`council|company|government|people|members|police|bible|koran|\w+ book|letter|book) (?:{not}|do|does) ` +
			`(?:{write}|{hold})`,
		`(?:\bbut|[;,]) (?:they|it) (?:do |does )?(?:say|state)s? that\b|\b(?:but|yet) [^;]*\b(?:points? to|hints? at)\b`,
		`\bnothing against\b`,
		`\bthere (?:was|were) (?:not enough|too little|insufficient)\b`,
		`^(?:yes|no),? (?:but|although|though|even though|while)\b`,
		`\bsays? (?:that )?(?:no|nobody|nothing) (?:\w+ )?(?:is|are|was|were|can|may|has|have)\b`,
		`\bnot (?:say|state)\b[^;]*, (?:but )?(?:it|they) (?:do |does )?(?:says?|states?)\b`,
		`, (?:he|she|they|says?|said)(?: \w+){0,3}$`, `\bin the \w+ of \d{4}`, `\bdo(?:es)? not speak (?:(?:any|much|good|fluent) )?` +
			`\w+(?:ish|ese|ian|an|french|german|greek|dutch|welsh|czech|thai|latin|arabic|hindi)\b`,
		`\bguide does not speak\b`, `^no, (?:there|` +
			`dogs)\b`, // "I do not know, he said."
		`^(?:because|ask|never|not until|not many|not far)\b`,
		`\b(?:is|was|are|were) not (?:known|named|mentioned|given|found|called|listed) (?:by any other|after|as|outside|until|only)\b`,
		`^(?:he|she|scientists|historians|people) (?:\w+ )?(?:did|do|does|could|was|were|is|are|had|has|have|cannot|` +
			`would)\b.*\b(?:know|find|sure|able|answer|say)\b`,
		`\b(?:cannot be (?:answered|determined)|is not given|impossible to tell) (?:by|until|without|on|to) (?:(?:eye|telephone|` +
			`phone|hand|mail|post)|the town)\b`,
		`^(?:the )?(?:file|manuscript|document|data) (?:has no owner|has no title)\b`,
		`^not applicable to\b`,
		`\bis not in the records? of \d`, `\bto the (?:captain|crew|king|public|police|letter)\b`,
		`^as far as\b[^,]*, (?:\w+ ){0,3}(?:\d|one|two|three|four|five|six|seven|eight|nine|ten)\b`,
		`\b(?:which|this) is why\b`,
		`^that (?:the|its|his|her|their|our|an?|no|some) [^,;]*\b(?:is|are|was|were) not \w+(?:ed|en|` +
			`wn)\b`, // what was said, found or claimed
	},

	worldly: []string{
		`\bit is (?:still|as yet|even today|to this day) (?:unknown|not known|unclear|not clear) {ask}[^;,]*$`,
		`\b(?:was|were|has been|have been) never (?:{had})$`,
		`\bit is not known {ask}[^;,]*(?:, according to [^;,]*)?$`,
		`\b(?:contracts?|polic(?:y|ies)|lease|agreement|warranty|insurance|plan|ticket|terms) (?:do|does) not (?:cover|include) ` +
			`(?:any |the )?[\w -]+$`,
		// A clause that says more of somebody, and a doubt that is left behind an answer.
		`^(?:(?:to|by|from|with|for) )?(?:an?|two|three|some) (?:[\w-]+ ){1,3}?(?:whose|who)\b`,
		`\b(?:was|were|is) \w+ (?:to|by|from|with|for) (?:an?|two|three|some) (?:[\w-]+ ){1,3}?(?:whose|who)\b`,
		`^(?:probably|perhaps|maybe|possibly|it (?:is|was|seems|could|may|might)|that (?:is|was))\b[^;]*\b(?:but|though|` +
			`although) i am not (?:\w+ )?(?:sure|certain)`,
	},
	papers: `\b(?:{strong})\b|{in}|\b(?:information|info|details?|mention|answers?|(?:this|that|the) question)\b|` +
		`\b(?:cover|include) (?:this|that|it)$`,

	opening: []string{
		`(?:to (?:the best of )?my knowledge|as far as i (?:know|can (?:see|tell))|nope|nah|yeah|so|well|no|yes|ah|oh|hm+|and|` +
			`but|however|also|thus|therefore|hence|sadly|regrettably|unfortunately|honestly|frankly|` +
			`sorry|apologies|my apologies|alas|still|yet|that said|in short|in fact|to be honest|actually|instead|moreover|in ` +
			`addition|additionally|furthermore|likewise|similarly|again|overall|finally|in conclusion|in summary|good question|` +
			`great question|thank you[^,]*|thanks[^,]*|hello|hi|interesting[^,]*|i see|okay|ok|sure|of course|as far as (?:i|we|` +
			`{det}{any})[^,]*)`,
		`(?:that|this|it|which|these|those|you|i|we)(?: one)?(?: (?:is|are|am|was|were))?`,
		`from what (?:i|we|you)\b[^;,]*`, `in the case of\b[^;]*`, `in (?:all )?honesty|(?:happy|glad|i would love|` +
			`i wish i could|i am happy) to help`,
		`(?:i|we) (?:know|learn|can \w+|see|find|read)\b[^;]*`,
		`(?:(?:but|so|and|also|however|yet|that|because|as|since|while|although|though|even though|it seems(?: that)?|it ` +
			`appears(?: that)?|it looks like|unfortunately|sadly|sorry|i am (?:sorry|afraid)(?: to say)?(?: that| but)?|i must ` +
			`(?:say|admit)(?: that)?|i think(?: that)?|i believe(?: that)?|i find(?: that)?|the (?:truth|fact|problem|answer|` +
			`short answer) is(?: that)?|and) ?)+`,
		`{det}{any}(?: and| or)?`, `(?:conclusion|summary|result|note|reason|in short|short answer)`, `without\b[^;]*`,
		`(?:based|judging|going|relying|depending|drawing) (?:on|by|from)\b[^;]*`, `according ` +
			`to\b[^;]*(?:{any})(?:[^;,]*)`, `(?:from|in|within|after|with|using|on|by|since|throughout|across|per|through) ` +
			`[^;]*{any}[^;]*`,
		`as (?:to|for)\b [^;]*`,
		`(?:given|having|looking|considering|despite|going by|as per|for|as for|as to|concerning|regarding|about|on (?:this|that|it)|` +
			`as to|unlike|when it ` +
			`comes to|with (?:regard|respect) to)\b(?: [^;\d]*)?`, `the answer to (?:the|this|that|your) question(?: is)?`,
		`(?:as|since i am|being|i am|i am just|i am only|as i am) (?:(?:an|a|just an?|only an?) )?(?:ai|assistant|language|` +
			`large|chatbot|artificial|helpful|virtual|text|computer|model)\b[^;]*`,
		`(?:the|this|that|your) (?:question|user|query|request)\b[^;]*`, `you (?:are asking|asked|ask|want|would like)\b[^;]*`,
		`(?:as|since|because|seeing)\b [^;]*`, `(?:a|the|my|our) (?:\w+ )?(?:search|look|check|review|reading)\b[^;]*`,
		`(?:{ask})\b[^;]*`, `if\b[^;]*`, `to (?:answer|find|the best)\b[^;]*`,
		`(?:i|we)(?: have)? (?:searched|looked|checked|read|went|gone|scanned|reviewed|examined|tried|was asked|have been|` +
			`understand|would|wish|appreciate|will|would love)\b[^;]*`,
	},

	courtesy: []string{
		`(?:i am |so |very )*(?:sorry|apologies|i apologi[sz]e) (?:about|for)\b[^;,]*$`,
		`(?:have a|good luck|all the best|happy to|glad to|` +
			`i (?:am|would be) (?:happy|glad) to)\b`,
		`(?:i|we)(?: have)? (?:just |now |also )?(?:checked|read|went|gone|looked|searched|reviewed|scanned|examined|studied)\b`,
		`(?:(?:that|it) is an? |what an? )?(?:good|great|interesting|excellent) question\b`,
		`(?:dear|kind|best|warm|hello|hi|hey|greetings)\b(?: \w+){0,2}(?:$|,)`, `(?:many )?thanks?\b`,
		`(?:send|show|upload|paste) (?:me|us)\b`, `sorry,? (?:no|nope)$`,
		`(?:hm+|okay|ok|well|ask me another|let me (?:see|check|think|look)[^;,]*)$`, `(?:yours|cheers|regards)\b`,
		`(?:please|kindly|would you mind|do you (?:perhaps )?have|could you|can you|would you|if you (?:can|could|have|would)|you ` +
			`(?:can|could|may|might)) (?:please |also )?` +
			`(?:shar\w+|provide|upload|send|give|paste|attach|supply|add|check whether you have)\b`,
	},

	quoting: []string{`(?:according to [^,]*, )?{det}(?:{strong}|text|article|page|manual|guide)s?{of} (?:(?:do|does|also|only) ` +
		`)*(?:say|mention|state|indicate|tell|show|suggest|confirm|note|explain|specify|report)s? (?:that|it is|there)\b`,
		`{det}{any} (?:says?|gives?|states?|names?|has|have|puts?) (?:it (?:as|at|is|was) )?\d`,
		`(?:but |and |so )?(?:{det}{any}|they|it) (?:points? to|hints? (?:at|that|to))\b`,
		`(?:but |and |so )?(?:they|it) (?:(?:do|does) )?(?:say|state|confirm|suggest|imply|impli|indicate|show)(?:e?s)? that\b`},

	implied: `(?:but |and |so )?(?:{det}{any}{of}|everything|they|it) (?:strongly |clearly |seems? to |do |does )?(?:suggest|` +
		`impli|imply|hint)(?:e?s)?\b`,
	reported: `{det}{any}{of} (?:(?:do|does|also) )?(?:say|state|note|report|claim|explain|add)s? (?:that )?(?:the|its|his|her|` +
		`their|an?|he|she|it|` +
		`they) [^;,]*$`,
	unsaid:  `\b(?:is|are) not{adv} (?:{said}|given|listed|named|provided)\b`,
	topical: `{any}|,|\b(?:this|that|these|those|topic|question|matter|subject|regard|respect|issue)\b|(?:\S+\s+){7}`,
	fragment: `(?:(?:for|because|since|if|to|on|in|by|at|with|after|before|from|until|during|around|as an?|given (?:by|to|as)|` +
		`made (?:of|by|from))|about (?:an?|\d+|half|{number}))\b`,
	conditional: `(?:^|[^,] )(?:if|when|whenever|unless|in case)$|{means}$|\b(?:an?|any|every) [^;,]*\b(?:that|which|` +
		`who) (?:says?|states?)(?: that)?$`,
	supposing: ` (?:if|unless|whenever|in case)(?: [\w-]+){0,4} ?$| when (?:the|an?|no) ?(?:[\w-]+ )?$|{means} `,
	// A guess has a number, hardly a verb, or one in the past.
	guess: `(?:maybe|perhaps|possibly|probably)\b(?:[^;]*\d|(?: [\w'.-]+){1,4}$|[^;]* (?:was|were|had)\b)`,
	referral: `\b(?:ask|check|try|see|look|search|contact|consult|read|find|someone|somebody|people|they|you|your|i|we|me|` +
		`documents?|docs|` +
		`sources?|another|others?|more|else|elsewhere|online|web|internet|library|archives?|office|staff|website|help|knows?|` +
		`tell|say|` +
		`can|could|would|will|should|may|might|missing|not|no|there|rephras\w+|provide|upload|share|` +
		`clarify|specify|give|keeps?)\b`,

	joint: `although|though|even though|while|but|so|and|because|since|as|that|if|which|yet|however|is|was|afraid|sorry|says?`,

	idle: []string{
		// What is there, after or before what is not.
		`(?:the )?only\b[^;]*\b(?:described|mentioned|named|listed|covered|given|discussed|shown|explained)\b`,
		`what (?:it|they|{det}{any}{of}) (?:does|do|is|are|\w+s)\b`,
		`(?:both|all|each|one|the (?:first|second|third|other|others|last|former|latter))(?: of them)? (?:is|are|{tell}|` +
			`concern|cover|` +
			`deal)(?:e?s)? `,
		`(?:such|that|this|the) (?:\w+ )?(?:information|info|answer|details?|data|figures?) (?:would|may|might|should|could|will)\b`,
		// What the document is or holds; not what its author did.
		`(?:but |and |so |however,? |although |though )*{det}(?:{paper})\b{of}{soft} (?:is|are|has|have|do|does|seems?|appears?|` +
			`\w+[^\Wa]s|` +
			`begin|start|end|stop|focus|come|go|ask|{tell}|confirm|concern|cover|contain)\b`,
		`(?:but |and |so )?(?:they|it) (?:is|are) (?:all |only |just |mainly |mostly )*(?:about|on|limited|dedicated|devoted|` +
			`concerned|` +
			`focused|a|an|the|in|for|here)\b`,
		`(?:one|you) would (?:need|have to)\b`, `my (?:knowledge|information|access|sources?)\b`,
		`(?:this|these|they|it) (?:is|are) (?:an? |the |only |just )+(?:\w+ ){0,3}?{any}\b`,
		`you (?:ask|asked|want|wanted|are asking|would like)\b`,
		`(?:that|this|it) (?:is above|would require)\b`, `nothing$`,
		`there (?:is|are) (?:only |just )?(?:\w+ )?{any}\b`,
		`the best (?:i|we) can\b`, `(?:that|this|it) (?:is|would be|sounds like) (?:a (?:question|matter|case)|something|one) for\b`,
		`(?:but |and |so |however,? )*(?:i|we) (?:can(?:not)? (?:only|still|help|try|look|offer|give|tell|provide|suggest|do|` +
			`assist|search|answer|see)|could|would (?:need|suggest|recommend|be|have|advise|love|like|ask|only)|will|hope|may|` +
			`suggest|recommend|need|do|did|have (?:only|been|to)|only|was|were|am (?:just|only|an?|designed|here|trained|happy|` +
			`not|unable|sorry|always|glad|able|still|limited|programmed)|apologi[sz]e|searched|looked|understand|wish|advise|` +
			`encourage|see only|try|strive|invite)\b`,
		`(?:but |and |so |however,? |although |though )*(?:they|it|he|she|{det}{any}{of}|the document|each|both|all of them|` +
			`this|that) (?:(?:do|does|only|just|merely|simply|also|mainly|mostly|instead|solely|all|both|does only) )*(?:say|` +
			`mention|state|describe|discuss|name|list|deal|cover|talk|speak|explain|contain|concern|focus|refer|relate|deal|` +
			`include|give|show|note|tell|treat|present|provide|report|consist)s?\b`,
		`(?:but |and |so |however,? |although |though )*(?:{det}{any}{of}|this document|that document) (?:(?:is|are|was|` +
			`were) (?:all |only |just |mainly |mostly |instead )*(?:about|on|limited|dedicated|devoted|concerned|focused|` +
			`related|a|an|the|in|for|here)\b)`,
	},

	advice: []string{
		`[^;]*\b(?:can|could|will) (?:advise|help|tell you|answer (?:this|that|your))\b`,
		`[^;]*\b(?:may|might|could|should|would|will) (?:perhaps |well |also )?(?:be able to |be better placed to )?(?:know|` +
			`help|tell ` +
			`you|say more|have (?:it|that|` +
			`this|the answer|more))\b`,
		`(?:better|best|it is (?:best|better|worth)|my advice|for (?:that|this|more)|maybe|perhaps)\b`,
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
		`(?:he|she|we|there) [^;\d]*$`,
		`{det}(?:{any}){of} (?:mention|note|record|confirm)s? that\b`,
		`(?:according to [^,]*, |in [^,]*, )?(?:the|this|that|these|a|an|our|its|there) [^;]*\b(?:is|was|are|were|has|had|have|` +
			`\w{3,}ed|opens?|began|stands?|lies|runs?|goes|sold|built|sells|costs?|holds?|does|will|can|leaves?|takes?|gives?|` +
			`made|won|led|wrote|came|went)\b`,
	},

	against: `\b(?:but|however|whereas|while|yet)\b`,
	regret:  `(?:however|but|unfortunately|sadly|regrettably|alas|yet|still)\b`,
	result: `(?:so|therefore|thus|hence|consequently|which means(?: that)?|that means(?: that)?|meaning(?: that)?|without (?:it|them|` +
		`that))`,
	turn: `(?:\b(?:but|however|although|though|nevertheless|nonetheless|that said|yet|whereas|even though|still,|except that|` +
		`so (?:yes|no|(?:it|he|she|they|the \w+) (?:is|are|was|were|must|had)))|(?:^|, )while|, (?:maybe|perhaps|probably|` +
		`possibly|around|about|roughly|i (?:think|guess|believe)|i would (?:guess|say)))\b,?`,
	concede: `\b(?:although|though|even though|while|even if|whilst|despite the fact that)`,
}
