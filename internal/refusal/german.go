package refusal

var german = language{
	words: map[string]string{
		"src": `\b(?:\w*(?:dokument|text|quelle|abschnitt|absatz|absaetze|absätze|passage|kontext|unterlage|material|auszug|auszüge|` +
			`artikel|` +
			`seite|anleitung|fahrplan|regeln|suchergebnis|ergebnisse|ausschnitt|handbuch|handbücher|broschüre|prospekt|merkblatt|` +
			`faltblatt|` +
			`flyer|aushang|aushänge|heft|rezept|brief|protokoll|bericht|kapitel|roman|zusammenfassung|tabelle|liste|` +
			`datenblatt|satzung|hausordnung|chronik|tagebuch|e-mail|nachruf|notiz|aufzeichnung|verzeichnis|register|katalog|zeitung|` +
			`gutachten|` +
			`anlage|anhang|formular|website|faq|lexikon|beitrag|beiträge|eintrag|einträge|beilage|beipackzettel|datenbank|` +
			`speisekarte|` +
			`übersicht|vorlage|fragment|stammbaum|karteikarte|logbuch|interview|stellenanzeige|bildunterschrift|inhaltsangabe|lexika|` +
			`zeitplan|lageplan|spielplan)` +
			`(?:en|es|er|s|n|e|ern)?|\w*buch(?:es|s)?\b|scan|schild|autor\w*|verfasser\w*|erzähler\w*|daraus|darin|hierin|` +
			`vorliegende\w*|vorliegt|mitgegeben\w*)`,
		"not": `\b(?:nicht aber|nicht|nichts|kein\w*|nirgends|nirgendwo|weder|niemand|ohne)`,
		"say": `(?:erwähn|sag|nenn|steht|stehen|enth[aä]lt|gibt|geben|gegeben|beantwort|hervor|hergeben|finde|fand|gefunden|` +
			`angegeben|angeb|genannt|` +
			`aufgeführt|erläuter|beschr[ie]|verr[aä]t|behandel|geht|gehen|äußer|aufschluss|auskunft|liefer|mitgeteilt|` +
			`vermerkt|festgehalten|` +
			`dokumentiert|entnehm|ableiten|schließen|ersichtlich|ausreich|reich|spr[ei]ch|erzähl|weiß|schweig|die rede|bericht|` +
			`angabe|` +
			`hinweis|klar|` +
			`erkenn|bestimm|ermitteln|erschließ|antwort|information|hilf|erklär|verzeichnet|lässt|nachlesen|komm|vorkomm|taucht|` +
			`auftauch|auffind)`,
		"info": `(?:information|angabe|hinweis|antwort|auskunft|auskünfte|daten|erwähnung|beleg|anhaltspunkt|details|` +
			`einzelheiten|aussage|` +
			`kenntnis|abschnitt|kapitel|eintrag|ahnung|zugriff|zugang|grundlage|treffer)\w*`,
		"fact": `(?:information|angabe|hinweis|antwort|auskunft|auskünfte|daten|erwähnung|beleg|anhaltspunkt|details|einzelheiten|` +
			`aussage)\w*`,
		"know": `(?:sagen|beantworten|finden|helfen|sicher|bestimmen|wissen|entnehmen|erkennen|angeben|feststellen|ermitteln|nennen|` +
			`beurteilen|raten|spekulieren|antworten|gefunden|bekannt|ersehen|ableiten|weiterhelfen|geben|ausmachen|entdecken|` +
			`dienen|herausfinden)`,
	},
	cue: `müsste|deckt|reicht|umfasst|nicht|passen|raten|geraten|abbr|bricht|endet|spekul|erfunden|abgeschnitten|unleserlich|leer\b|` +
		`ander|kein|nirgend|weder|` +
		`niemand|ohne|unbekannt|unklar|offen|fehl|schweig|lieber|über.*hinaus|außerhalb|leider|` +
		`\bnur\b|entschuldig|sorry|mehr `,
	bare: `(?:(?:das|es|dies|leider|die antwort) (?:ist |bleibt )?)*(?:unbekannt|unklar|offen|(?:mir |uns )?nicht (?:bekannt|` +
		`angegeben|erwähnt|genannt|beantwortbar|` +
		`gefunden|ersichtlich|ermittelbar|enthalten|vorhanden|verfügbar|bestimmbar|zu \w+|im \w+[^,;]*|in [^,;]*|aus [^,;]*|` +
		`sicher|auffindbar|belegt|zutreffend|möglich))|` +
		`(?:leider )?kein\w* (?:\w+ ){0,2}(?:{info})(?: (?:gefunden|vorhanden|verfügbar|möglich|vorliegend|dazu|darüber|` +
		`hierzu|im [^,;]*|in [^,;]*|zu [^,;]*|auf [^,;]*))?|` +
		`(?:da |hier )?(?:muss|müsste) ich (?:leider )?(?:passen|raten)|(?:das )?(?:steht|stand) (?:da|hier|dort|darin)? ?(?:leider ` +
		`)?nicht ?(?:drin|da|dabei|im text)?|keine (?:ahnung|rede davon)[^;]*|(?:weiß ich|ich weiß es|ich weiß das|weiß) (?:leider ` +
		`)?nicht|ohne (?:antwort|angabe)|(?:das )?weiß (?:ich|man) nicht|(?:da )?bin ich überfragt|k\. ?a\.|schwer zu sagen`,
	declines: []string{
		// One would need more; what there is covers only a part.
		`\b(?:ich|wir|man) müsste\w* [^;]*?\b(?:sehen|nachsehen|fragen|nachfragen|nachlesen|kennen|haben|konsultieren|nachschlagen)\b`,
		`\bmüsste\w* (?:ich|wir|man) [^;]*?\b(?:sehen|nachsehen|fragen|nachfragen|nachlesen|kennen|haben|nachschlagen)\b`,
		`\b(?:mir|uns) (?:fehlt|fehlen)\b`, `{src}[^;]*?\b(?:deckt|decken|reicht|reichen|umfasst|umfassen|kennt|führt|nennt) ` +
			`[^;]*?(?:nur|bloß|lediglich)\b`,
		`\b(?:habe|hätte) ich (?:\w+ )?(?:nichts|kein\w*)\b`, `\bweiß {src}[^;]*\bnicht`, `\bweiß (?:der|die|das) {src}[^;]*\bnicht`,
		`\b(?:verschweig|schweig)\w*\b[^;]*?{src}`, `{src}[^;]*?\b(?:endet|enden)\b[^;]*?\b(?:im jahr|bei|bevor|\d{4})`,
		`\b(?:kann|könnte|konnte|weiß|finde|fand|sehe) ich (?:\w+ )*?(?:nicht|nichts|kein\w*)\b`,
		`{src}[^;]*?\b(?:handel\w*|geht|spricht|sprechen|betrifft|betreffen|behandel\w*)\b[^;]*?\bander\w+\b`,
		// What breaks off or deals with something else only, what would be a guess, what one looks for in vain.
		`{src}[^;]*?\b(?:bricht|brechen|endet|enden|hört|hören|reißt|schließt)\b[^;]*?\b(?:ab|vor|vorher|zuvor|davor|auf|mit)\b`,
		`{src}[^;]*?\b(?:unvollständig|unleserlich|abgeschnitten|leer|lückenhaft|geschwärzt|unlesbar)\b`,
		`{src}[^;]*?\b(?:nur|bloß|lediglich|ausschließlich|allein)\b[^;]*?\b(?:nicht aber|nicht|kein\w*|nichts)\b`,
		`\b(?:muss|müsste|kann|könnte) ich (?:\w+ )*(?:raten|spekulieren|passen|erfinden)`,
		`\bich (?:\w+ )?(?:muss|müsste|kann|könnte) (?:\w+ ` +
			`)*(?:raten|spekulieren|passen|erfinden)`, `\b(?:jede|jeder|jedes|alles) [^;]*?\b(?:wäre|wären|ist|` +
			`bliebe)\b[^;]*?(?:geraten|erfunden|` +
			`spekulation|vermutung|spekulativ)`, `\b(?:wäre|wären|ist) (?:jede|jeder|jedes|alles|das)\b[^;]*?(?:geraten|erfunden|` +
			`spekulation|spekulativ)`, `\b(?:reine|pure|bloße) (?:spekulation|vermutung|raterei)`,
		`\b(?:vergeblich|vergebens|umsonst)\b`, `\b(?:man|wir|ich|leser|der leser) (?:\w+ )*?(?:erfährt|erfahren|erfahre) (?:\w+ ` +
			`)*?(?:nicht|nichts|nie)`,
		`\b(?:erfährt|erfahren) (?:man|wir|der leser|die leser) (?:\w+ )*?(?:nicht|nichts|nie)`,
		`\b(?:nicht|nichts) (?:\w+ ` +
			`){0,2}drin\b`, `\b(?:ist|steht|findet|fällt|macht|dazu|davon|darüber|hierzu|{src})\b[^;]*?\bkeine? (?:rede|wort|silbe|` +
			`zeile|aussage)\b`,
		`\b(?:bin|wäre) ich (?:\w+ )?(?:überfragt|ratlos)`, `\b(?:ich|wir) (?:bräuchte|brauche|benötige|bräuchten|brauchen|` +
			`benötigen)n?\b`,
		`{src}[^;]*?\b(?:fehlt|fehlen|liegt|lag|liegen|wurde|wurden) (?:\w+ )*(?:nicht|mir|uns)\b`,
		`{say}\w* [^;]*{src}[^;]*{not}`, `{src}[^;]*{not}[^;]*{say}`, `{src}[^;]*{say}[^;]*{not}`, `{not}[^;]*{src}[^;]*{say}`,
		`{say}\w* ` +
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
		`\b(?:{fact}) (?:ist|sind|war|waren) (?:\w+ )*?(?:nicht|nirgends) (?:\w+ )?(?:vorhanden|verfügbar|enthalten|angegeben|gegeben)`,
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
	conditional: `\S[, ]+(?:wenn|falls|sofern)(?: (?:die|der|das|den|diese\w*|es|er|sie|ein\w*))?(?: \w+)?$`,
	fragment:    `(?:(?:ja|nein)[, ]*$|(?:vermutlich|wahrscheinlich|vielleicht|seit|während)\b)`,
	never: []string{
		`\bnicht ?, ?sondern$`, // 'nicht "Stopp", sondern "Halt"'
		`^[^;,]*{src} (?:sagt|sagen|besagt|besagen|schreibt|schreiben|berichtet|berichten|erklärt|behauptet|meint),? dass\b` +
			`[^;,]*\b(?:niemand\b[^;,]*|(?:hat|haben|hatten?|konnten?|\w*[^\Wn]t (?:wurden?|waren?)))$`,
		`\b(?:er|sie|niemand) (?:wusste|konnte|kannte)`, `^nein\b`, `, (?:sagt|sagte) (?:er|sie)\b`},
	worldly: []string{`^[^,;]*\b(?:wollte|wollten|durfte|durften|weigerte|weigerten)\b`},
	papers:  `{src}|\b(?:ich|wir)\b`,
	opening: []string{
		`(?:leider|aber|doch|nun|also|entschuldigung|tut mir leid|es tut mir leid|bedauerlicherweise|sorry|verzeihung|gute ` +
			`frage|ja|nein|und|oder)(?:,? (?:aber|dass))?`,
		`(?:laut|nach|gemäß|anhand|aufgrund|auf|aus|in|im|soweit|zu|zum|zur|bei|wenn|wer|was|wann|wo|wie|warum|welche\w*|ob|` +
			`als|da|weil|mit|von|ohne|über|laut|ob|wieso|weshalb|wozu|wieviel|wohin|woher|die frage|ihre frage|deine frage|` +
			`das)\b[^;\d]*`,
		`(?:ich|wir) (?:habe|haben|fürchte|bedaure|würde|muss|bin)\b[^;]*`, `(?:der|die|das|den|dem|ein|eine|dies\w*|jene\w*|` +
			`alle|beide|unsere|meine|auch)(?: \w+){0,2}`,
	},
	idle: []string{
		`(?:er|sie|es|dort|darin|das|dies\w*|[^;]*{src})\b[^;]*\b(?:nur|bloß|lediglich|ausschließlich|allein)\b`,
		`(?:aber |doch )?(?:ich|wir) (?:kann|können|bin|sind|habe|haben|würde|empfehle)\b`, `(?:aber |doch |dort |darin |es |` +
			`sie )?(?:der|die|das|den|diese\w*|sie|es|dort|darin)? ?(?:\w+ )?(?:{src}|dort|darin|sie|es)[^;]*\b(?:beschreib|` +
			`behandel|nenn|erwähn|geht es|handel|beschränk|listet|führt|kennt|umfasst|enth|sprech|steht|stehen|befass|berichte|erklär)`,
		`(?:entschuldigung|tut mir leid|es tut mir leid|leider)`,
	},
	courtesy: []string{
		`(?:vielen dank|danke|guten tag|hallo|liebe\w*|sehr geehrte\w*|gute frage|gern(?:e)?|mit freundlichen|viele grüße|` +
			`freundliche|` +
			`ich hoffe|hm+)\b`,
		`(?:bitte|können sie|könnten sie|könntest du|kannst du|wenn sie|falls sie|wenn du|falls du|sofern) [^;]*\b(?:schick|send|lad|` +
			`hochlad|stell|geb|teil|` +
			`zur verfügung|übermitt|nachreich|einfüg)\w*`,
		`(?:ich|wir) (?:habe|haben) (?:\w+ )*(?:gelesen|durchsucht|geprüft|nachgesehen|durchgesehen|gesucht)\b`,
	},
	regret: `(?:aber|doch|jedoch|leider|bedauerlicherweise|allerdings)\b`,
	result: `(?:also|daher|deshalb|deswegen|somit|darum|folglich|sodass|weshalb)`,
	advice: []string{`(?:bitte|vielleicht|sie (?:können|könnten|sollten|müssten)|du (?:kannst|könntest)|fragen sie|wenden ` +
		`sie|am besten|gerne|wenn|falls)\b`},
	related: []string{
		`(?:laut [^,]*, )?(?:der|die|das|ein|eine|laut)\b[^;]*\b(?:ist|war|wurde|hat|hatte|öffnete|\w+te|\w+t)\b`,
	},
	against: `\b(?:aber|doch|jedoch)\b`, turn: `(?:, |\b)(?:aber|doch|jedoch|allerdings|dennoch|trotzdem|obwohl|auch wenn|vermutlich|` +
		`wahrscheinlich|vielleicht|wohl|ich (?:glaube|denke|vermute|schätze)|schätzungsweise|etwa|ungefähr)\b`,
	concede: `\b(?:obwohl|auch wenn|zwar)`, joint: `aber|doch|dass|weil|da|und`,
}
