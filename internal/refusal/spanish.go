package refusal

var spanish = language{
	words: map[string]string{
		"src": `\b(?:documentos?|textos?|fuentes?|pasajes?|contexto|fragmentos?|artículos?|páginas?|párrafos?|` +
			`material(?:es)?|manual|guía|horarios?|` +
			`reglamento|resultados?|extractos?|autora?|folletos?|prospecto|cartas?|receta|informes?|actas?|libro|capítulos?|novela|` +
			`resumen|tablas?|lista|ficha|` +
			`cartel|aviso|diario|cuaderno|correos?|mensajes?|anexos?|apéndice|formulario|sitio|web|base de datos|enciclopedia|` +
			`programa|` +
			`estatutos|` +
			`catálogo|poema|relato|cuento|partes?|boletín|registros?|archivos?|expediente|factura|menú|placa|notas?|reseña|` +
			`transcripción|crónica|` +
			`biografía|instrucciones|normas|escaneo|narrador|entrevista|contrato|datos proporcionados|información (?:proporcionada|` +
			`disponible|dada|facilitada))\b`,
		"say": `(?:di[cg]|menciona|mencion|indica|indic|especific|contien|da|dan|dice|dicen|proporcion|ofrec|respond|nombr|habl|` +
			`inclu|aparec|` +
			`figur|aclar|trata|explic|señal|encuentr|consta|facilit|revel|precis|permit|cita|describ|hac|ayud|basta|aborda|` +
			`detall|refier|recog|apunt|responde|tien|hay|cubr|inform|sab|tra[ei]|expon|expres|sale|viene|pone|ocup|alud|cuenta|` +
			`detien|` +
			`entr[ae]\b)`,
		"info": `(?:información|respuestas?|mención|indicaci\w+|datos?|detalles?|referencias?|idea|acceso|constancia|pistas?|` +
			`rastro|menciones|evidencia|elementos)`,
		"never": `\b(?:no|nada|ning[uú]n[ao]?|nunca|tampoco|ni|jamás)\b`,
		"know": `(?:sabemos|puedo|podemos|encuentr\w+|encontr\w+|tengo|tenemos|veo|vemos|dispon\w+|conozco|estoy|sabría|` +
			`logr\w+|consig\w+|pude|he|hemos|podría|quiero|cuento|hallo|hall\w+|soy|creo poder)`,
	},
	cue: `\bsin\b|habría|tendría|solo|sólo|\bno\b|\bni\b|\bsin\b|ning[uú]n|nada|nunca|imposible|desconoc|prefier|lo siento|lament|` +
		`fuera|ignor|incierto|falta|` +
		`insuficien|n/a|silenci|tampoco|incapaz|omit|carec|abiert|más allá|excede|perdón|disculp|corta|interrump|termin|acaba|trunc|` +
		`ilegible|vací|en blanco|incomplet|inventa|adivin|especul|en vano|pillas|call|desconoz|otr[oa]|rindo|\bpaso\b|ignor|solo|` +
		`únicamente`,
	bare: `(?:(?:es|se|está|la respuesta|lo siento|lamentablemente|eso|sigue siendo|permanece) ?,?)*(?:desconocid[oa]s?|se ` +
		`desconoce|inciert[oa]|indeterminad[oa])|sin (?:respuesta|datos|información|especificar)[^,;]*|` +
		`no (?:\S+ )?(?:mencionad[oa]|especificad[oa]|indicad[oa]|encontrad[oa]|disponible|conocid[oa]|consta|figura|aparece|` +
		`conozco|aplicable)(?: [^,;]*)?|ningun[ao] (?:{info})[^,;]*|ni idea|imposible (?:de )?(?:saber|decir|determinar|` +
		`responder)[^,;]*|lo siento|n/a|lo ignoro|lo desconozco|(?:no hay|sin) (?:{info})[^,;]*|respuesta no \w+|` +
		`información (?:insuficiente|no \w+)[^,;]*`,
	declines: []string{
		`{src}[^;]*?\b(?:hablan?|mencionan?|indican?|dicen?|dan?|explican?|describen?|nombran?|citan?|tratan?)\b[^;]*?\b(?:pero|mas) ` +
			`(?:nada|nunca|tampoco|no(?:$| (?:del? |sobre )?(?:sus?|qui[eé]n\w*|qué|cuándo|dónde|cómo|por qué|cuánt\w+|cuál\w*)))\b`,
		// One would need more; what there is covers only a part.
		`\b(?:tendría|habría|tendríamos) que (?:\S+ )?(?:ver|consultar|leer|preguntar|conocer|mirar|revisar)\b`,
		`^(?:me |nos )?faltan? (?:el|la|los|las)\b`,
		`{src}[^;]*?\bsin (?:\S+ )?(?:dar|decir|precisar|indicar|mencionar|nombrar|citar|explicar|especificar)\b`,
		`{src}[^;]*?\b(?:solo|sólo|únicamente) (?:abarca|cubre|llega|trata|menciona|recoge|habla|incluye|trae)\w*`,
		`{src}[^;]*?\bno llega\b`,
		`\bno (?:está|están) (?:anotad|registrad|recogid|consignad|documentad)\w*`,
		`{src}[^;]*?\b(?:habl|trat|describ|es sobre|son sobre)\w*[^;]*?\b(?:otro|otra)\b`,
		`\b(?:ahí|aquí|allí) no (?:está|sale|viene|aparece|figura)`,
		`\b(?:me|nos) (?:es|resulta) imposible\b`, `\b{src}[^;]*?\bno se pronunci`,
		// What breaks off or holds only something else, what would be invented, what one looks for in vain.
		`{src}[^;]*?\b(?:se (?:corta|interrumpe|acaba|detiene|queda)|termina|acaba|finaliza|está (?:cortad|incomplet|truncad|vací|en ` +
			`blanco|mutilad)\w*|es ` +
			`ilegible)\b`,
		`{src}[^;]*?\bno (?:\S+ ){1,3}?más que\b`, `\b(?:cualquier|todo) [^;]*?\b(?:sería|serían|sea)\b[^;]*?(?:inventad|invención|` +
			`suposici|conjetura|especul|adivin|azar)`,
		`\b(?:tendría|tengo|habría) que (?:adivinar|inventar\w*|especular)`, `\bpura (?:especulación|conjetura|suposición)`,
		`\b(?:busc\w+|he leído|he mirado|he revisado)\b[^;]*?\b(?:en vano|sin (?:éxito|encontrar|hallar|resultado)|y no|pero no)\b`,
		`\b(?:me pillas|me rindo|ni idea)\b`, `^(?:yo )?paso\b`, `\bno se (?:llega a|nos) (?:saber|dice|decir|cuenta)`,
		`\bnunca se (?:dice|sabe|llega)`,
		`\b(?:me|nos) (?:falta|haría falta|faltaría)\w*\b`, `\bno (?:\S+ )?(?:viene|sale|pone|está|aparece) (?:ahí|aquí|allí|` +
			`en|nada)\b`,
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
	conditional: `\S[, ]+(?:si|cuando)(?: (?:los|las|el|la|estos|ningun[oa]?))*$`,
	fragment:    `(?:(?:sí|no)[, ]*$|(?:probablemente|quizás?|tal vez|durante|desde|hacia)\b)`,
	never: []string{`\b(?:él|ella|ellos|nadie) no (?:sab|pod|conoc)`, `^no, `, `, (?:dijo|dice)$`, `\bnadie sabe\b`, `\bno ` +
		`(?:se permite|se puede (?:fumar|entrar))`, `\b(?:no se (?:entra|admite|permite|aceptan|vende)\w*)\b`},
	opening: []string{
		`(?:lamentablemente|desafortunadamente|desgraciadamente|por desgracia|lo siento|perdón|disculpe|pero|y|bueno|pues|` +
			`buena pregunta|sí|no|mucho)(?:,? (?:pero|mucho))?`,
		`(?:por desgracia|según|en|de acuerdo|con|a partir|sobre|para|por|como|si|quién|qué|cuándo|dónde|cómo|por qué|cuánt\w+|` +
			`cuál\w*|la pregunta|su pregunta|tu pregunta|de|respecto|basándo\w+|basad\w+|a pesar|tras|eso|esto|esa|ese|esta|` +
			`este)\b[^;\d]*`,
		`(?:el|la|los|las|est\w+|ni|ningun\w+|su|sus) (?:\S+ ){0,3}?{src}[^;]*`, `(?:he|hemos|me temo|lamento|` +
			`siento)\b[^;]*`, `(?:el|la|los|las|su|sus) (?:nombre|precio|fecha|coste|costo|peso|altura|lugar|respuesta|año|` +
			`información|pregunta|dato)\b[^;]*`, `(?:el|la|los|las|esos|esas|estos|estas|este|esta)(?: [^;,]*)?`,
	},
	idle: []string{`(?:pero )?(?:yo|puedo|podría|podemos|estoy|soy)\b`, `(?:pero )?(?:(?:el|la|los|las|est\w+) (?:\S+ ` +
		`){0,2}?)?{src}[^;]*?\b(?:describ|habl|trata|menciona|explica|sólo|solo|dice|cubre|contien)`, `(?:lo siento|lamento)`},
	courtesy: []string{
		`(?:muchas )?(?:gracias|hola|buenos días|buenas|estimad\w+|querid\w+|saludos|atentamente|buena pregunta|un saludo|con gusto|` +
			`con mucho gusto)\b`,
		`(?:podrías?|puedes?|puede|por favor|si (?:me|puede|puedes|nos|tienes|tiene)|le agradecería|envíe|envía)\b[^;]*\b(?:envi|pas|` +
			`compart|facilit|proporcion|sub|adjunt|dar|da|mand)\w*`,
		`(?:he|hemos) (?:\S+ )?(?:leído|revisado|buscado|mirado|consultado|repasado)\b`,
	},
	regret:  `(?:pero|sin embargo|lamentablemente|por desgracia|desgraciadamente|no obstante)\b`,
	result:  `(?:así que|por (?:lo )?tanto|por eso|de modo que|de manera que|por ello|luego|por lo que)`,
	advice:  []string{`(?:por favor|puede|podría|quizás?|tal vez|consulte|pregunte|si|le sugiero|le recomiendo|intente|debería)\b`},
	related: []string{`(?:según [^,]*, |en [^,]*, )?(?:el|la|los|las|un|una)\b[^;]*\b(?:es|tiene|fue|era|ha|está|\w+ó|\w+a)\b`},
	against: `\b(?:pero|sin embargo)\b`, turn: `(?:\b(?:pero|sin embargo|no obstante|aunque|aun así)|, (?:quizás?|tal vez|` +
		`probablemente|seguramente|creo|supongo|unos|unas|alrededor))\b`,
	concede: `\b(?:aunque|si bien)`, joint: `pero|que|porque|y|ya que|pues`,
}
