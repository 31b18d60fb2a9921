package refusal

var german = language{
	words: map[string]string{
		"src": `\b(?:dokument\w*|text\w*|quelle\w*|abschnitt\w*|absatz|absätze\w*|passage\w*|kontext\w*|unterlage\w*|` +
			`material\w*|auszug\w*|` +
			`auszüge\w*|artikel\w*|seite\w*|anleitung|textstelle\w*|fahrplan|regeln|suchergebnis\w*|ausschnitt\w*|handbuch|` +
			`autor\w*|daraus|` +
			`darin|hierin|vorliegende\w*)`,
		"not": `\b(?:nicht|nichts|kein\w*|nirgends|nirgendwo|weder|niemand|ohne)`,
		"say": `(?:erwähn|sag|nenn|steht|stehen|enth[aä]lt|gibt|geben|gegeben|beantwort|hervor|hergeben|finde|fand|gefunden|` +
			`angegeben|angeb|genannt|` +
			`aufgeführt|erläuter|beschr[ie]|verr[aä]t|behandel|geht|gehen|äußer|aufschluss|auskunft|liefer|mitgeteilt|` +
			`vermerkt|festgehalten|` +
			`dokumentiert|entnehm|ableiten|schließen|ersichtlich|ausreich|reich|spr[ei]ch|schweig|die rede|bericht|angabe|` +
			`hinweis|klar|` +
			`erkenn|bestimm|ermitteln|erschließ|antwort|information|hilf|erklär|verzeichnet|lässt|nachlesen)`,
		"info": `(?:information|angabe|hinweis|antwort|auskunft|auskünfte|daten|erwähnung|beleg|anhaltspunkt|details|` +
			`einzelheiten|aussage|` +
			`kenntnis|ahnung|zugriff|zugang|grundlage|treffer)\w*`,
		"know": `(?:sagen|beantworten|finden|helfen|sicher|bestimmen|wissen|entnehmen|erkennen|angeben|feststellen|ermitteln|nennen|` +
			`beurteilen|raten|spekulieren|antworten|gefunden|bekannt|ersehen|ableiten|weiterhelfen|geben|ausmachen|entdecken|` +
			`dienen|herausfinden)`,
	},
	cue: `nicht|kein|nirgend|weder|niemand|ohne|unbekannt|unklar|offen|fehl|schweig|lieber|über.*hinaus|außerhalb|leider|` +
		`\bnur\b|entschuldig|sorry|mehr `,
	bare: `(?:(?:das|es|dies|leider|die antwort) (?:ist |bleibt )?)*(?:unbekannt|unklar|offen|(?:mir |uns )?nicht (?:bekannt|` +
		`angegeben|erwähnt|genannt|beantwortbar|` +
		`gefunden|ersichtlich|ermittelbar|enthalten|vorhanden|verfügbar|bestimmbar|zu \w+|im \w+[^,;]*|in [^,;]*|aus [^,;]*|` +
		`sicher|auffindbar|belegt|zutreffend|möglich))|` +
		`(?:leider )?kein\w* (?:\w+ ){0,2}(?:{info})(?: (?:gefunden|vorhanden|verfügbar|möglich|vorliegend|dazu|darüber|` +
		`hierzu|im [^,;]*|in [^,;]*|zu [^,;]*|auf [^,;]*))?|` +
		`ohne (?:antwort|angabe)|(?:das )?weiß (?:ich|man) nicht|(?:da )?bin ich überfragt|k\. ?a\.|schwer zu sagen`,
	declines: []string{
		`{src}[^;]*{not}[^;]*{say}`, `{src}[^;]*{say}[^;]*{not}`, `{not}[^;]*{src}[^;]*{say}`, `{say}\w* ` +
			`[^;]*{not}[^;]*{src}`, `{not}[^;]*{say}[^;]*{src}`,
		`{src}[^;]*\b(?:schweig\w*|(?:offen|unerwähnt|unbeantwortet)\b|lass\w* [^;]*(?:offen|aus)|läss?t [^;]*(?:offen|aus|` +
			`weg)|verschweig\w*|fehlt)`,
		`\b(?:ich|wir)\b[^;]*\b(?:weiß|wissen|kenne)\b[^;,]*{not}`, `\b(?:weiß|wissen|kenne) (?:ich|wir)\b[^;,]*{not}`,
		`\b(?:ich|wir|man)\b[^;]*{not}[^;]*\b{know}`, `\b(?:ich|wir|uns|mir)\b[^;]*\b(?:kein\w*|nichts) (?:\w+ )*?(?:{info}|` +
			`dazu|darüber)`,
		`\b(?:ich|wir) (?:bin|sind) (?:mir |uns )?(?:da |leider |nicht in der lage|außerstande|unsicher)*(?:nicht sicher|` +
			`unsicher|nicht in der lage|außerstande|überfragt)`,
		`\b(?:möchte|will|werde) (?:ich )?(?:lieber |da |hier )*nicht (?:raten|spekulieren)`, `\b(?:rate|spekuliere) (?:ich ` +
			`)?(?:lieber |da |hier )*nicht`,
		`\b(?:lieber|besser) nicht raten`,
	},
	missing: []string{
		`{not} (?:\w+ ){0,2}?(?:erwähnt|angegeben|aufgeführt|mitgeteilt|beantwort\w+|ersichtlich|vermerkt|beschrieben|` +
			`feststell\w+|hervor|` +
			`bestimm\w+|zu entnehmen|zu finden|herauslesen|entnehmen|ableiten|ermitteln|erläutert|dokumentiert|thematisiert|` +
			`verraten|behandelt|gesagt)(?:$|[,;.]| )`,
		`\b(?:wird|werden|ist|sind) (?:\w+ ){0,3}?(?:nicht|nirgends) (?:\w+ )?genannt`,
		`\b(?:bleibt|bleiben|ist|geht) (?:\w+ )?(?:offen|unklar|unerwähnt|ungenannt|unbeantwortet|unmöglich)\b`,
		`\b(?:es gibt|gibt es|liegen|liegt|fehl\w+|finde\w*|stehen|existier\w*)\b[^;]*\b(?:kein\w*|nicht genügend|zu wenig\w*) ` +
			`(?:\w+ )?(?:{info})`,
		`\b(?:{info}) (?:\w+ )*(?:fehl\w+|liegen? (?:\w+ )*(?:nicht|keine) vor|reich\w* (?:\w+ )*nicht)`, `\b(?:fehlen|` +
			`fehlt)\b[^;]*(?:{info})`,
		`\breich\w*\b[^;]*(?:{info}|{src})[^;]*\bnicht (?:aus)?`, `\b(?:nicht genug|zu wenig|nicht genügend|unzureichend\w*) ` +
			`(?:{info})`,
		`\b(?:unmöglich|nicht möglich)\b[^;]*(?:zu sagen|zu beantworten|zu bestimmen)`, `\b(?:über|` +
			`außerhalb)\b[^;]*{src}[^;]*(?:hinaus|liegt|rahmen)?`,
		`\bist (?:mir|uns) (?:leider )?(?:nicht bekannt|unbekannt)`, `\b(?:ist|liegt) nicht (?:gegenstand|teil|thema|inhalt) `,
		`\bnur\b[^;]*\b(?:nicht aber|aber nicht|nicht)\b`,
	},
	never: []string{`\b(?:er|sie|niemand) (?:wusste|konnte|kannte)`, `^nein\b`, `, (?:sagt|sagte) (?:er|sie)\b`},
	opening: []string{
		`(?:leider|aber|doch|nun|also|entschuldigung|tut mir leid|es tut mir leid|bedauerlicherweise|sorry|verzeihung|gute ` +
			`frage|ja|nein|und|oder)(?:,? (?:aber|dass))?`,
		`(?:laut|nach|gemäß|anhand|aufgrund|auf|aus|in|im|soweit|zu|zum|zur|bei|wenn|wer|was|wann|wo|wie|warum|welche\w*|ob|` +
			`als|da|weil|mit|von|die frage|ihre frage|deine frage|das)\b[^;]*`,
		`(?:ich|wir) (?:habe|haben|fürchte|bedaure|würde|muss|bin)\b[^;]*`, `(?:der|die|das|den|dem|ein|eine|dies\w*|jene\w*|` +
			`alle|beide|unsere|meine|auch)(?: \w+){0,2}`,
	},
	idle: []string{
		`(?:aber |doch )?(?:ich|wir) (?:kann|können|bin|sind|habe|haben|würde|empfehle)\b`, `(?:aber |doch |dort |darin |es |` +
			`sie )?(?:der|die|das|den|diese\w*|sie|es|dort|darin)? ?(?:\w+ )?(?:{src}|dort|darin|sie|es)[^;]*\b(?:beschreib|` +
			`behandel|nenn|erwähn|geht es|handel|enth|sprech|steht|stehen|befass|berichte|erklär)`,
		`(?:entschuldigung|tut mir leid|es tut mir leid|leider)`,
	},
	advice: []string{`(?:bitte|vielleicht|sie (?:können|könnten|sollten|müssten)|du (?:kannst|könntest)|fragen sie|wenden ` +
		`sie|am besten|gerne|wenn|falls)\b`},
	related: []string{
		`(?:laut [^,]*, )?(?:der|die|das|ein|eine|laut)\b[^;]*\b(?:ist|war|wurde|hat|hatte|öffnete|\w+te|\w+t)\b`,
	},
	against: `\b(?:aber|doch|jedoch)\b`, turn: `(?:, |\b)(?:aber|doch|jedoch|allerdings|dennoch|trotzdem|obwohl|auch wenn)\b`,
	concede: `\b(?:obwohl|auch wenn|zwar)`, joint: `aber|doch|dass|weil|da|und`,
}
