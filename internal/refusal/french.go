package refusal

var french = language{
	words: map[string]string{
		"src": `\b(?:documents?|textes?|sources?|passages?|contexte|extraits?|articles?|pages?|paragraphes?|matériel|notice|` +
			`guide|horaires?|` +
			`règlement|informations? (?:fourni|donn|disponib)\w*|résultats?|manuel|auteur|données|brochures?|dépliant|lettres?|` +
			`recette|` +
			`rapport|compte rendu|procès-verbal|livre|chapitres?|roman|résumé|` +
			`tableau|liste|fiche|affiche|avis|prospectus|journal|carnet|courriels?|messages?|annexes?|appendice|formulaire|site|base ` +
			`de données|` +
			`encyclopédie|plaquette|programme|statuts|catalogue|poème|récit|légende|mode d'emploi|notes?|parties?|bulletin|registre|` +
			`archives|` +
			`dossier|facture|menu|faq|inscription|narrateur|livret|registre|chronique|biographie|panneau|scan|ceux-ci|celui-ci)\b`,
		"say": `(?:di[ts]|disent|mentionn|précis|indiqu|contien|donn|fourni|répon|nomm|évoqu|parl|permet|trait|abord|figur|` +
			`trouv|révèl|cit|` +
			`spécifi|expliqu|signal|décri|conten|inclu|compor|pass|tranch|éclair|suffi|concern|renseign|men|fait|font|préci|` +
			`aid|couvr|détermin|liv|offr|présent|apport|lev|stipul|énonc|pronon|apparai)`,
		"info": `(?:informations?|réponses?|mentions?|indications?|précisions?|données?|détails?|renseignements?|` +
			`éléments?|traces?|idée|référence|accès|preuve|indices?)`,
		"not":   `(?:ne|n'|n)\s?(?:le |la |les |l'|en |me |nous |y |vous |s'|se )*`,
		"never": `(?:pas|rien|aucune?|jamais|nulle part|guère|point|personne|nullement|ni)\b`,
		"know": `(?:sai[st]|savons|peu[xt]|pouvons|trouv\w+|ai|avons|vois|voyons|dispos\w+|connai\w+|suis|sommes|pourr\w+|` +
			`parvien\w+|devin\w+|` +
			`saurai[st]?|puis|souhaite|arrive|veux|possède|parviens|réuss\w+)`,
	},
	cue: `faudrait|devrais|\bnon\b|\bn'|\bne\b|\bni\b|\bpas\b|sans|aucun|inconnu|rien|impossible|désolé|regrett|malheureusement|` +
		`préfère|introuvable|` +
		`manque|silen|hors|au-delà|cadre|muet|insuffisan|dépass|ignor|incapable|lacun|mystère|ouverte|coupé|interrompt|arrête|` +
		`tronqué|` +
		`illisible|vide|uniquement|seulement|invent|devin|spécul|en vain|sèche|langue au chat|autre|manquant|n/a`,
	bare: `(?:non|pas) (?:précis|mentionn|indiqu|spécifi|renseign|communiqu|disponib|trouv|donn|fourni)\w*(?: [^,;]*)?|(?:(?:c'est|` +
		`cela|ceci|la réponse|reste|est|malheureusement|désolée?) ?,?(?:est |reste )?)*(?:inconnue?|` +
		`incertaine?|introuvable|indéterminée?)|` +
		`sans réponse|(?:pas|non|aucune?) (?:de |d')?(?:précisée?|mentionnée?|indiquée?|trouvée?|spécifiée?|donnée?|` +
		`disponible|connue?|communiquée?|applicable|{info}|idée)(?: [^,;]*)?|` +
		`rien (?:de|sur|à|dans|n')[^,;]*|impossible (?:à|de) (?:dire|savoir|répondre|déterminer)[^,;]*|désolée?|n/a|je ` +
		`(?:l')?ignore|je passe|(?:je )?(?:n'en )?sais (?:pas|rien)|informations? (?:insuffisante|manquante|non \w+|` +
		`indisponible)s?[^,;]*`,
	declines: []string{
		`{src}[^;]*?\b(?:(?:parl|mentionn|indiqu|donn|précis|trait|évoqu|expliqu|nomm|cit|concern)(?:e|ent)|décri(?:t|vent)|` +
			`di(?:t|sent))\b[^;]*?\bmais (?:rien|jamais|nulle part|(?:pas|non)(?:$| (?:de |d'|du |sur )?(?:son|sa|ses|leurs?|qui|` +
			`quand|où|comment|pourquoi|combien|ce|quel\w*)))\b`,
		// One would need more; what there is covers only a part.
		`\b(?:il )?(?:me|nous)? ?faudrait (?:\S+ )?(?:voir|consulter|lire|demander|avoir|connaître|vérifier)\b`,
		`\bje devrais (?:voir|consulter|lire|vérifier)\b`,
		`{src}[^;]*?\bsans (?:\S+ )?(?:donner|dire|préciser|indiquer|mentionner|nommer|citer|expliquer|en dire)\b`,
		`{src}[^;]*?\bsous silence\b`,
		`{src}[^;]*?\bne (?:va|vont) pas\b`, `\bpas la moindre (?:idée|trace|mention|indication)`,
		`{src}[^;]*?\b(?:parl|trait|concern|port|décri)\w*[^;]*?\b(?:d'un|d'une|un|une|sur un|sur une) autre\b`,
		`\bil n'est question que\b`,
		`\bne m'est pas (?:connu|possible)`, `\b(?:m'est|nous est) impossible\b`,
		// What breaks off or holds only something else, what would be invented, what one looks for in vain.
		`{src}[^;]*?\b(?:s'arrête|s'interrompt|se termine|finit|prend fin|est coupée?|est tronquée?|est incomplète?|` +
			`est incomplet|est ` +
			`illisible|` +
			`est vide|sont illisibles|s'arrêtent)\b`,
		`{src}[^;]*?\b(?:ne |n')(?:\S+ ){1,4}?qu(?:e\b|')`, `(?:tout|toute|n'importe) [^;]*?\b(?:serait|seraient)\b[^;]*?(?:invent|` +
			`supposition|conjecture|` +
			`devin|spécul|hasard)`, `\b(?:je|on|il faudrait) (?:\S+ )*?(?:devrais|devrait|devrai|pourrais|faudrait)? ?(?:que ` +
			`)?(?:deviner|inventer|spéculer)`,
		`\bpure (?:spéculation|conjecture|supposition)`, `\b(?:cherch\w+|lu|parcouru|fouill\w+)\b[^;]*?\b(?:en vain|vainement|sans ` +
			`(?:succès|rien|y)|sans trouver)`,
		`\bje (?:sèche|cale|passe|donne ma langue)\b`, `\bon n'(?:apprend|y apprend|en sait|en apprend)\b`,
		`\bon ne (?:sait|saura|apprend|l'apprend|le sait|trouve|nous dit)\b`,
		`\b(?:est|sont|a|y a|sais|trouve|vois|dit|parle|mentionne) (?:\S+ )?(?:pas|rien) (?:\S+ )?(?:marqu|écrit|dit|mentionn|indiqu|` +
			`dedans|dans|précis|de (?:réponse|trace)|` +
			`donn|expliqu)`,
		`\b(?:il )?(?:me|nous) (?:manque|faudrait|faut)\b`, `^(?:pas|rien|aucun\w*) (?:\S+ ){0,3}?(?:dans|sur|de) (?:\S+ ){0,3}?{src}`,
		`(?:\b(?:les?|la|ces?|cette|aucun|aucune|votre|vos|mes|ni) (?:[\wéèêà]+ ` +
			`){0,3}?)?{src}[^;]*?\b{not}[^;]*?{say}[^;]*?{never}`,
		`{src}[^;]*?\b{not}[^;]*?{say}`, `(?:aucune?|ni|rien|nulle part)\b[^;]*?{src}[^;]*?\b{not}[^;]*?{say}`,
		`\b(?:rien|aucune?|nulle part)\b[^;]*?\b{not}[^;]*?{say}\w*`,
		`{src}[^;]*?\b(?:(?:reste|restent|est|sont|demeurent?) (?:\w+ )?(?:muets?|muettes?|silencieux|insuffisants?|flous?|` +
			`vagues?)|garden?t? le silence|passen?t? sous silence|laissen?t? [^;]*(?:ouverte?|en suspens|sans réponse)|` +
			`omett?\w*|tais\w*|se taisent)`,
		`\b(?:je|j'|nous|on) ?{not}{know}[^;]*?\b(?:pas|rien|aucune?|jamais|guère|nulle part|point|mesure)\b`, `\bje ne ` +
			`(?:sais|saurais|peux|puis)\b`,
		`\b(?:je|nous) (?:préfér\w+|préfèr\w+) (?:ne )?(?:pas|m'abstenir)`, `\b(?:j'|nous )ignor\w+`, `\b(?:je|nous) ` +
			`(?:suis|sommes) (?:incapables?|dans l'impossibilité|dans l'incapacité)`,
		`\b(?:je|nous) manqu\w+ d`, `\bil n'y a\b[^;]*\b(?:pas|aucune?|rien)\b[^;]*?(?:{info}|{src}|à ce sujet|là-dessus|` +
			`sur)`, `\bpas (?:de |d')?(?:{info})`, `\baucune? (?:{info})`,
		`\bon ignore\b`, `\b(?:il est )?impossible (?:de |d'|à )(?:le |la |y |l')?(?:dire|savoir|répondre|déterminer|trouver|` +
			`déduire|établir|préciser|connaître)`,
	},
	missing: []string{
		`\b(?:n'est|ne sont|n'a été|n'ont été|n'était) \S+ (?:nulle part|à aucun endroit|à aucun moment)`,
		`\bn'apparai\w+ (?:pas|nulle part|jamais)`,
		`\bn'(?:est|a|ont|est|étaient|était|y est|y sont) (?:\w+ )?(?:pas|nulle part|jamais|aucunement)(?: été)? (?:\w+ ` +
			`)?(?:not|enregistr|consign|indiqu|mentionn|précis|donn|spécifi|nomm|connu|cit|fourni|évoqu|trait|abord|trouv|expliqu|` +
			`clair|dispon|dit|noté|` +
			`présent|révél|renseign|signal|dans|communiqu|détaill|possible)`,
		`\bne (?:figur\w+|ressort\w*|se trouve\w*|permet\w*|suffi\w*|peut|peuvent) (?:\w+ )?(?:pas|nulle part|jamais|aucunement|` +
			`point)\b`,
		`\b(?:sort|sortent|dépasse|dépassent|va au-delà|est hors|relève pas|se situe hors|est en dehors)\b[^;]*(?:cadre|` +
			`{src}|champ|portée|sujet)`,
		`\b(?:reste|demeure) (?:\w+ )?(?:sans réponse|ouverte|inconnue?|indéterminée?|en suspens|floue?|obscure?|incertaine?)`,
		`\b(?:manque|manquent|fait défaut|font défaut|est absente?|est introuvable|sont insuffisantes?|sont absentes?|est ` +
			`passée? sous silence)`,
	},
	conditional: `\S[, ]+(?:si|lorsque|quand)(?: (?:les?|la|l'|ces?|cette|ils?|elles?|aucune?))*$`,
	fragment:    `(?:(?:oui|non|si)[, ]*$|(?:sans doute|peut-être|probablement|pendant|depuis|environ|vers)\b)`,
	never: []string{`\bpas ,? ?mais$`, `\b(?:il|elle|ils|elles|personne) (?:ne |n')(?:savai|pouvai|connai|a |` +
		`sait)`, `^non\b`, `, (?:dit|disait|` +
		`dit-il|dit-elle)$`, `\bl'écrivain\b`},
	opening: []string{
		`(?:on|je|j'|nous|vous|il|elle|c'|ce|ça|cela|que)(?: ?\S+)?`,
		`(?:malheureusement|désolée?|(?:je suis|nous sommes) (?:vraiment |sincèrement )?(?:désolée?s?|navrée?s?)|pardon|` +
			`excusez-moi|hélas|mais|et|donc|or|bonne question|oui|non)(?:,? mais)?`,
		`(?:d'après|selon|dans|à partir|sur la base|compte tenu|au vu|avec|en|pour|quant|concernant|si|qui|que|ce que|quand|` +
			`où|comment|pourquoi|combien|quel\w*|la question|votre question|en tant|de|faute|sans|sur|à|au|aux|cela|ceci|` +
			`cette)\b[^;\d]*`,
		`(?:les?|la|ces?|cette|l'|ni|aucune?|du|des|votre|vos|mes|nos)(?: \S+){0,2}`, `(?:j'ai|je suis|je regrette|je crains|` +
			`nous avons)\b[^;]*`, `(?:la|le|les|l'|son|sa|ses|leur) ?(?:nom|prix|date|coût|poids|hauteur|lieu|réponse)[^;]*`,
	},
	idle: []string{`(?:mais )?(?:je|nous) (?:ne|n'|peux|pouvons|suis|vous|reste)\b`, `(?:mais )?(?:il|elle|ils|elles|(?:les?|` +
		`la|ces?|cette|l') ?(?:\S+ ){0,2}?{src})[^;]*? (?:décri|parl|trait|mentionn|évoqu|concern|port|expliqu|di[ts]|ne ` +
		`)`, `désolée?`},
	courtesy: []string{
		`(?:merci|bonjour|bonsoir|cher|chère|madame|monsieur|cordialement|bien à vous|bonne question|excellente question|n'hésitez|` +
			`avec plaisir|hum+)\b`,
		`(?:pourriez-vous|pouvez-vous|peux-tu|pourrais-tu|veuillez|merci de|si vous|envoyez|transmettez|si tu)\b[^;]*\b(?:envo|` +
			`transm|` +
			`partag|fourn|donn|join|télécharg|` +
			`commun|coll|pass)\w*`,
		`(?:j'ai|nous avons) (?:\S+ )?(?:lu|relu|parcouru|cherché|vérifié|regardé|consulté)\b`,
	},
	regret: `(?:mais|malheureusement|hélas|cependant|toutefois|or|en revanche)\b`,
	result: `(?:donc|alors|ainsi|par conséquent|du coup|si bien que|de sorte que|c'est pourquoi)`,
	advice: []string{`(?:veuillez|vous (?:pouvez|pourriez|devriez)|peut-être|n'hésitez|consultez|demandez|si|essayez|adressez)\b`},
	related: []string{`(?:d'après [^,]*, |selon [^,]*, )?(?:le|la|les|l'|un|une|ce|cette)\b[^;]*\b(?:est|a|était|avait|fut|` +
		`ont|sont|\w+e)\b`},
	against: `\b(?:mais|or|cependant)\b`, turn: `(?:\b(?:mais|cependant|toutefois|pourtant|néanmoins|bien que|quoique)|` +
		`, (?:sans doute|` +
		`peut-être|probablement|je crois|je pense|environ|ce (?:serait|doit)))\b`,
	concede: `\b(?:bien que|quoique|même si)`, joint: `mais|que|car|et|parce que|puisque`,
}
