package refusal

var spanish = language{
	words: map[string]string{
		"src": `\b(?:documentos?|textos?|fuentes?|pasajes?|contexto|fragmentos?|artículos?|páginas?|párrafos?|` +
			`material(?:es)?|manual|guía|horarios?|` +
			`reglamento|resultados?|extractos?|autor|datos proporcionados|información (?:proporcionada|disponible|dada|facilitada))\b`,
		"say": `(?:di[cg]|menciona|mencion|indica|indic|especific|contien|da|dan|dice|dicen|proporcion|ofrec|respond|nombr|habl|` +
			`inclu|aparec|` +
			`figur|aclar|trata|explic|señal|encuentr|consta|facilit|revel|precis|permit|cita|describ|hac|ayud|basta|aborda|` +
			`detall|refier|recog|apunt|responde|tien|hay|cubr|inform|sab)`,
		"info": `(?:información|respuestas?|mención|indicaci\w+|datos?|detalles?|referencias?|idea|acceso|constancia|pistas?|` +
			`rastro|menciones|evidencia|elementos)`,
		"never": `\b(?:no|nada|ning[uú]n[ao]?|nunca|tampoco|ni|jamás)\b`,
		"know": `(?:sé|sabemos|puedo|podemos|encuentr\w+|encontr\w+|tengo|tenemos|veo|vemos|dispon\w+|conozco|estoy|sabría|` +
			`logr\w+|consig\w+|pude|he|hemos|podría|quiero|cuento|hallo|hall\w+|soy|creo poder)`,
	},
	cue: `\bno\b|\bni\b|\bsin\b|ning[uú]n|nada|nunca|imposible|desconoc|prefier|lo siento|lament|fuera|ignor|incierto|falta|` +
		`insuficien|n/a|silenci|tampoco|incapaz|omit|carec|abiert|más allá|excede|perdón|disculp`,
	bare: `(?:(?:es|se|está|la respuesta|lo siento|lamentablemente|eso|sigue siendo|permanece) ?,?)*(?:desconocid[oa]s?|se ` +
		`desconoce|inciert[oa]|indeterminad[oa])|sin (?:respuesta|datos|información|especificar)[^,;]*|` +
		`no (?:\S+ )?(?:mencionad[oa]|especificad[oa]|indicad[oa]|encontrad[oa]|disponible|conocid[oa]|consta|figura|aparece|` +
		`sé|aplicable)(?: [^,;]*)?|ningun[ao] (?:{info})[^,;]*|ni idea|imposible (?:de )?(?:saber|decir|determinar|` +
		`responder)[^,;]*|lo siento|n/a|lo ignoro|lo desconozco|(?:no hay|sin) (?:{info})[^,;]*|respuesta no \w+|` +
		`información (?:insuficiente|no \w+)[^,;]*`,
	declines: []string{
		`{src}[^;]*?{never}[^;]*?\b{say}`, `{never}[^;]*?{src}[^;]*?\b{say}`, `{never}[^;]*?\b{say}\w*[^;]*?{src}`,
		`{src}[^;]*?\b(?:guardan? silencio|omiten?|callan?|dejan? [^;]*(?:abiert\w+|sin responder|en el aire)|carecen? de|es ` +
			`insuficiente|son insuficientes)`,
		`\b(?:yo )?(?:no|tampoco|nunca) (?:lo |la |le |me |te |se |nos |les )*{know}\b`, `\bprefiero (?:no|` +
			`abstenerme)`, `\b(?:lo )?(?:desconozco|ignoro|desconocemos|ignoramos)\b`,
		`\bno (?:hay|existe|existen|se encuentra|se encuentran|se encontró|consta|constan) (?:\S+ ){0,3}?(?:{info}|nada|` +
			`ninguna?)\b`, `\bno (?:tengo|tenemos|dispongo|cuento)\b`,
		`\b(?:es|resulta) imposible (?:\S+ )?(?:saber|decir|determinar|responder|contestar|deducir|averiguar)\w*`, `\bno es ` +
			`posible (?:saber|decir|determinar|responder|contestar|deducir|averiguar|conocer)\w*`,
		`\b(?:soy|somos|me siento) incapa\w+`, `\bno (?:estoy|estamos) segur`, `\bno (?:me|nos) (?:es posible|consta|dicen|` +
			`atrevo)`, `\bme falta\w*`,
		`^nada (?:de|en|sobre)\b`, `^(?:en ning[uú]n|ninguno|ninguna|ni el|ni la|ni los|ni)\b[^;]*\b(?:{say}|{src})`,
	},
	missing: []string{
		`\bno se (?:\S+ ){0,2}?(?:indica|menciona|especifica|da|dan|dice|nombra|aclara|explica|precisa|encuentra|trata|` +
			`proporciona|informa|sabe por|señala|puede (?:determinar|saber|deducir|responder|contestar|inferir|establecer)|` +
			`revela|detalla|facilita|hace|cita|ofrece|recoge|habla|describe|conoce según)\w*`,
		`\bno (?:queda clar|está clar|aparece|figura|consta|viene|está (?:indicad|mencionad|especificad|en|disponible|incluid|` +
			`recogid)|es mencionad|ha sido|fue mencionad|puede (?:responderse|determinarse|saberse|deducirse|contestarse|ser)|` +
			`están|permite|basta|es suficiente)\w*`,
		`\b(?:queda|permanece|sigue) (?:\S+ )?(?:sin (?:respuesta|aclarar|mencionar|responder)|abiert[oa]|en el aire|desconocid[oa])`,
		`\b(?:está|queda|cae|sale|se sale|excede|va más allá|están|supera)\b[^;]*?(?:fuera|alcance|ámbito|más allá|` +
			`{src})[^;]*`, `\bfalta(?:n)? (?:{info}|contexto)`, `\b(?:se omite|se desconoce según)`,
	},
	never: []string{`\b(?:él|ella|ellos|nadie) no (?:sab|pod|conoc)`, `^no, `, `, (?:dijo|dice)$`, `\bnadie sabe\b`, `\bno ` +
		`(?:se permite|se puede (?:fumar|entrar))`},
	opening: []string{
		`(?:lamentablemente|desafortunadamente|desgraciadamente|por desgracia|lo siento|perdón|disculpe|pero|y|bueno|pues|` +
			`buena pregunta|sí|no|mucho)(?:,? (?:pero|mucho))?`,
		`(?:según|en|de acuerdo|con|a partir|sobre|para|por|como|si|quién|qué|cuándo|dónde|cómo|por qué|cuánt\w+|` +
			`cuál\w*|la pregunta|su pregunta|tu pregunta|de|respecto|basándo\w+|basad\w+|a pesar|tras|eso|esto|esa|ese|esta|` +
			`este)\b[^;]*`,
		`(?:el|la|los|las|est\w+|ni|ningun\w+|su|sus) (?:\S+ ){0,3}?{src}[^;]*`, `(?:he|hemos|me temo|lamento|` +
			`siento)\b[^;]*`, `(?:el|la|los|las|su|sus) (?:nombre|precio|fecha|coste|costo|peso|altura|lugar|respuesta|año|` +
			`información|pregunta|dato)\b[^;]*`, `(?:el|la|los|las|esos|esas|estos|estas|este|esta)(?: [^;,]*)?`,
	},
	idle: []string{`(?:pero )?(?:yo|puedo|podría|podemos|estoy|soy)\b`, `(?:pero )?(?:(?:el|la|los|las|est\w+) (?:\S+ ` +
		`){0,2}?)?{src}[^;]*?\b(?:describ|habl|trata|menciona|explica|sólo|solo|dice|cubre|contien)`, `(?:lo siento|lamento)`},
	advice:  []string{`(?:por favor|puede|podría|quizás?|tal vez|consulte|pregunte|si|le sugiero|le recomiendo|intente|debería)\b`},
	related: []string{`(?:según [^,]*, |en [^,]*, )?(?:el|la|los|las|un|una)\b[^;]*\b(?:es|tiene|fue|era|ha|está|\w+ó|\w+a)\b`},
	against: `\b(?:pero|sin embargo)\b`, turn: `\b(?:pero|sin embargo|no obstante|aunque|aun así)\b`,
	concede: `\b(?:aunque|si bien)`, joint: `pero|que|porque|y|ya que|pues`,
}
