package refusal

// englishWords are the parts of the English patterns.
var englishWords = map[string]string{
	// What is searched for the answer. A weak word may as well be what the question is about.
	"strong": `documents?|documentation|docs?|passages?|context|sources?|excerpts?|snippets?|(?:search |retrieval )?results?|` +
		`references provided|knowledge base|faqs?|docstrings?|readme|changelog|attachments?|uploads?`,
	"weak": `texts?|articles?|information|info|materials?|pages?|records?|notes?|data|files?|papers?|manuals?|timetable|` +
		`(?:club |house )?rules|rulebook|brochures?|guide(?:book)?|leaflets?|flyer|pamphlet|booklet|paragraphs?|sections?|` +
		`chapters?|sentences?|story|description|details|content|corpus|extracts?|handbook|minutes|log|` +
		`logbook|diary|journal|transcript|reports?|abstract|summary|synopsis|table|chart|graph|figure|caption|glossary|index|` +
		`register|bulletin|newsletter|newspaper|memo|instructions|listing|(?:price |packing )?list|database|website|` +
		`site|blog|post|thread|catalogue|catalog|wording|evidence|answer key|schedule|entry|entries|recipe|obituary|novel|` +
		`biography|essay|interview|letters?|emails?|e-mails?|messages?|form|appendix|annex|supplement|preface|introduction|` +
		`footnotes?|card|label|sign|notice|poster|map|family tree|scan|screenshot|image|preview|draft|contract|agreement|` +
		`lease|polic(?:y|ies)|terms|statutes|specification|spec|datasheet|data sheet|sheet|spreadsheet|release notes|review|` +
		`books?|clauses?|piece|what (?:i|we) (?:have|see|got)|fragment|quotation|quoted rule|lines|plot|programme|itinerary|` +
		`prospectus|` +
		`dossier|invoice|receipt|menu|plaque|inscription|ticket|advert|reference|folder|archive|wiki|` +
		`(?:one|ones|part|parts|portion|bits?|half|everything|all) (?:that )?(?:i|we|you) \w+`,
	"any":   `(?:{strong}|{weak}s?|author|writer|narrator|speaker)\b`,
	"paper": `(?:{strong}|{weak}s?)\b`,
	"of": `(?: (?:provided|given|supplied|above|below|here|shown|available(?: to (?:me|us))?|alone|itself|you (?:have )?\w+` +
		`(?: me)?|(?:that |which )?i (?:have|had|was|am|got|can|could|see)(?: been)?(?: \w+)?|(?:that )?we have|at hand|to hand|in ` +
		`question|` +
		`retrieved|attached|uploaded|shared|cited|quoted|as \w+|at (?:my|our) disposal|` +
		`(?:of|in|from|on|about|for|to) (?:the |this |my |your )?[\w'()-]+(?: [\w'()-]+)?))*?`,
	"src": `(?:{any}){of}`,
	"the": `the|this|these|those|that|my|your|any|either|both|all|each|its|our|what|whatever|every|some`,
	"adj": `provided|given|supplied|available|retrieved|above|following|search|other|relevant|current|present|accompanying|` +
		`attached|whole|source|reference|existing|supporting|shown`,
	"det": `(?:(?:{the} )(?:of (?:the|these|those) )?(?:[\w'-]+ ){0,3}?|(?:{adj} ){0,2})`,
	"adv": `(?: (?:actually|really|seem to|appear to|explicitly|directly|clearly|even|ever|specifically|at all|simply|just|` +
		`currently|yet|also|honestly|exactly|quite|entirely|itself|further|fully|precisely|anywhere|definitively|` +
		`necessarily|possibly|reliably|confidently|personally|truly|immediately|readily|anything to|once|bother to|` +
		`happen to|tend to|manage to|go on to))*`,
	// What stands between a document and its verb.
	"soft": `(?:,? (?:simply|certainly|just|also|only|actually|unfortunately|clearly|sadly|regrettably|however|though|themselves|` +
		`itself|` +
		`alone|all|both|each|mainly|mostly|shown|so far|still|really|apparently|also|as far as (?:i|we) can (?:see|tell)),?)*`,
	"not": `(?:do|does|did|would|could|will|can|may|might|shall|should)? ?(?:not|never|nowhere|cannot){adv}`,
	"say": `say|mention|state|specify|tell|answer|name|indicate|describe|discuss|reveal|list|cover|address|note|record|` +
		`explain|shows? (?:it|that|this|the|his|her|its|their|{ask})|identify|speak|talk|go(?:es)? into|deals? with|` +
		`makes? (?:it |this ` +
		`|that )?(?:clear|any|mention|reference|no)|` +
		`confirm|disclose|touch|refer|reference|report|clarify|detail|elaborate|establish|express|give|provide|offer|supply|` +
		`contain|include|hold|help|support|suggest|define|quote|cite|relate|settle|resolve|lets? (?:me|us|one|you)|(?:allow|` +
		`permit|enable) (?:me|us|one|you|for an|an answer|any|the reader)|tackle|treat|comment|spell|shed|bring up|` +
		`present|come up|appear|convey|publish|pertain|relate|yield|carry|decide|document|concern|contradict|nail|pin`,
	"tell": `say|mention|state|specify|tell|answer|name|indicate|describe|discuss|reveal|list|address|note|record|explain|` +
		`identify|speak|talk|go(?:es)? into|deals? with|makes? (?:it |this |that )?(?:clear|any|mention|reference)|confirm|disclose|` +
		`touch|refer|reference|report|clarify|detail|give|provide|cover|quote|shows? (?:it|that|this|the|his|her|its|their|{ask})|` +
		`elaborate|help|shed|settle|carry (?:it|that|this)|` +
		`document|spells? (?:it )?out|break (?:it )?down|include (?:it|that|this|any|the)|lets? (?:me|us|you|on)|gets? (?:to|into|as ` +
		`far|that far|there)|` +
		`go(?:es)? (?:so|that|as) far|enters? into`,
	// What only a text does or fails to do, whatever it is called. Not "cover" or "include": a warranty does not cover the belt.
	"write": `tells? (?:{ask})|mention|specify|state|indicate|tells? (?:us|me|you|the reader)|reveal|clarify|elaborate|` +
		`go(?:es)? into|` +
		`makes? (?:it |this |that )?clear|` +
		`touch (?:up)?on|disclose|address|discuss|describe|explain|define|refers? to|makes? (?:any )?(?:mention|reference)|` +
		`go(?:es)? on to say|says? (?:who|what|when|where|why|how|which|whether|if|anything)|identify|` +
		`(?:gives?|contains?|provides?|includes?|have|offers?) (?:any |an? |the |much |enough |further |specific )*(?:{info}|` +
		`\w+ (?:information|details?|data|time|year|date|number|figure|price|name|period))`,
	"hold": `contain|include|have|hold|offer|provide|give|present|supply|carry|feature`,
	"info": `information|info|mention|answers?|evidence|references?|indications?|data|details?|word|account|statements?|` +
		`basis|clues?|knowledge|idea|hints?|way (?:to|of)|trace|record|description|discussion|explanation|specifics|` +
		`specification|facts?|passages?|documents?|text|sources?|figures?|anything|something|name|date|context|means|` +
		`confirmation|sign|entry|coverage|conclusion|inference|hint|say|response|part|content|material|results?|match(?:es)?|direct|` +
		`sections?|chapters?|` +
		`paragraphs?|entries|lines? (?:on|about)|rows?|columns?|(?:page|heading|field|listing|place|room)s? (?:on|about|for)`,
	"said": `said|mentioned|stated|specified|disclosed|indicated|described|discussed|revealed|addressed|explained|covered|` +
		`answered|identified|clarified|spelled out|dealt with|touched(?: up)?on|talked about|referred to|detailed|` +
		`referenced|elaborated|treated|regulated|raised|gone into|itemi[sz]ed|broken down|brought up`,
	"had": `given|provided|listed|recorded|reported|named|included|contained|noted|shown|supplied|documented|published|` +
		`quoted|present|available|known|clear|found|told|defined|written|set out|there|certain|obvious|determined|` +
		`established|confirmed|apparent|evident|printed`,
	// Words that say "not said" by themselves.
	"unsaid": `unspecified|unstated|unnamed|undisclosed|unmentioned|unanswered|unreported|undocumented|unrecorded|undetermined|` +
		`unlisted|unaddressed|undefined|unexplained|unpublished`,
	"attr": `name|names|prices?|costs?|fees?|dates?|years?|days?|months?|time|height|weight|length|width|depth|size|speed|` +
		`age|numbers?|amount|authors?|founder|owner|birthplace|birthday|place|location|reasons?|identity|title|` +
		`address|distance|duration|colou?r|population|capacity|architect|designer|builder|captain|treasurer|details?|` +
		`details? of [\w ]+|total|figure|value|answer|information|data|it|this|that|which|exact \w+|what you ask|` +
		`purpose|nationality|occupation|salary|surname|frequency|temperature|sister|brother|winner|score|material|model|` +
		`period|sum|deposit|rate|dose|outcome|method|version|wording|cause of \w+ \w+|default|manufacturer|supplier|composer|` +
		`photographer`,
	"end": `$|[,;:)]| (?:here|there|anywhere|at all|at this time|and|but|so|either|yet|explicitly|directly|at present|to ` +
		`me|for (?:this|that))`,
	"in": `(?:in|by|from|within|among|on|anywhere in|with|using|to|under|across|throughout|through|based on|on the basis of|per|` +
		`according to|out of|inside) {det}{any}\b`,
	"ask": `who|whom|whose|what|which|when|where|why|how|if|whether`,
	"me": `(?:i|we) (?:(?:really|simply|just|honestly|still|currently|also|therefore|personally|truly|regretfully|` +
		`actually|genuinely|sadly|unfortunately|must admit (?:that )?(?:i|we)) )*`,
	// Where a clause begins; the empty group marks its first word.
	"at": `(?:^|[,;:(–—.-] ?|\b(?:but|so|and|that|because|as|since|while|although|though|afraid|sorry|say|admit|yet|` +
		`which|unfortunately|regrettably|sadly|honestly|honesty|honest|therefore|thus|hence|however|means|(?:assistant|model|chatbot|` +
		`ai),?|without (?:it|them|that|this),?) )(?:no,? |well,? )?()`,
	// A document, or what stands for it, as the subject of a clause.
	"text": `(?:{at}|\b){det}\b{any}{of}{soft}`,
	"it": `{at}(?:it|they|this|that|those|these|which|neither|none|both|(?:this|that|the (?:first|second|third|last|latter|` +
		`former|other)) one|the (?:first|second|third|other|others|latter|former|rest)|(?:(?:neither|none) of )?(?:them|these|those))` +
		`{soft}`,
	// A text of any name, before a verb in the present: what people said or did not say is told in the past.
	// Who or what looks for the answer.
	"seek":  `(?:^|(?:\b(?:i|we|search|searches|searching|query|look|looking)\b[^;,]*? )(?:\w+ )?|\b(?:and|but) )`,
	"means": `^(?:it |the (?:[\w-]+ ){1,3}?|[\w-]+ing |\d+ )means(?: that)?`,
	"number": `one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|` +
		`hundred|thousand|dozen`,
	"thing": `{at}(?:the|this|these|your|our|her|his|that|my) (?:[\w'()/.-]+ ){0,3}[\w'()/.-]+`,
	"open":  `{at}(?:the|this|these|your|our|her|his|that|my) (?:[\w'()/.-]+ ){1,4}?(?:do not|does not|cannot|never|nowhere){adv}`,
	// What holds nothing on it.
	"empty": `(?:contain|hold|have|has|include)s? (?:absolutely )?(?:nothing|none)(?:$|[,;:.]| (?:on|about|regarding|concerning|of|` +
		`in|to (?:say|do|offer|add|tell)|that|as to|like|relevant|here|for)\b)|(?:contains?|holds?|have|has|includes?|makes?|shows?|` +
		`features?|` +
		`carr(?:y|ies)|gives?|offers?|provides?) (?:no such|no|insufficient|not enough|too little|not a single|not one) ` +
		`(?:[\w'-]+ ){0,3}?(?:{info})\b|(?:has|have|contains?|mentions?) no such\b`,
	"leave": `(?:leaves?|left|keeps?) (?:us |me |you |the reader )?(?:[\w' -]+? )?(?:open|out|unsaid|unanswered|unstated|unclear|` +
		`unmentioned|unspecified|blank|aside|without an answer|to the reader|in the dark|guessing|none the wiser|to (?:him|her|` +
		`it)self)\b`,
	"find": `answer|say|tell|find|determine|help|provide|know|be (?:sure|certain|of)|give|confirm|identify|locate|assist|` +
		`guess|offer|comment|infer|specify|respond|do that|do this|deduce|conclude|work (?:it|this|that)? ?out|make out|` +
		`vouch|attest|check|establish|verify|speculate|see (?:it|that|this|any|an|the answer|from|where|who|what)|answers?|access|` +
		`speak|` +
		`discuss|predict|judge|state|complete|share|fulfil|fulfill|supply|look|retrieve|figure|reply|name|process|derive|` +
		`extract|ascertain|recommend|explain|make (?:any|a|an) (?:statement|claim)|check (?:it|that|this|the)|open (?:it|that|` +
		`this|the)|pin|browse|point`,
}
