package prompt

import "github.com/ragft/ragft/internal/wordings"

// judge asks in English in every language: package judge reads yes or no.
const judge = "Does the answer agree with the reference? Reply yes or no."

var english = Set{
	Read:    "Answer the question from the documents in a few words.",
	Closed:  "Answer the question in a few words.",
	Careful: "Answer the question from the documents in a few words. If the documents do not say, decline politely.",
	Refuse:  "Decline politely: the documents do not answer the question.",
	Judge:   judge,
}

// defaults are the texts by language.
var defaults = map[string]Set{
	wordings.English: english,
	"de": {
		Read:    "Beantworte die Frage anhand der Dokumente in wenigen Worten.",
		Closed:  "Beantworte die Frage in wenigen Worten.",
		Careful: "Beantworte die Frage anhand der Dokumente in wenigen Worten. Wenn die Dokumente es nicht sagen, lehne höflich ab.",
		Refuse:  "Lehne höflich ab: Die Dokumente beantworten die Frage nicht.",
		Judge:   judge,
	},
	"fr": {
		Read:    "Réponds à la question en quelques mots d'après les documents.",
		Closed:  "Réponds à la question en quelques mots.",
		Careful: "Réponds à la question en quelques mots d'après les documents. Si les documents ne le disent pas, décline poliment.",
		Refuse:  "Décline poliment : les documents ne répondent pas à la question.",
		Judge:   judge,
	},
	"es": {
		Read:    "Responde a la pregunta en pocas palabras a partir de los documentos.",
		Closed:  "Responde a la pregunta en pocas palabras.",
		Careful: "Responde a la pregunta en pocas palabras a partir de los documentos. Si los documentos no lo dicen, discúlpate y no respondas.",
		Refuse:  "Discúlpate y no respondas: los documentos no responden a la pregunta.",
		Judge:   judge,
	},
	"zh": {
		Read:    "请根据文档用几个词回答问题。",
		Closed:  "请用几个词回答问题。",
		Careful: "请根据文档用几个词回答问题。如果文档中没有说明，请礼貌地拒绝回答。",
		Refuse:  "请礼貌地拒绝回答：文档没有回答这个问题。",
		Judge:   judge,
	},
	"ja": {
		Read:    "文書をもとに、質問に短く答えてください。",
		Closed:  "質問に短く答えてください。",
		Careful: "文書をもとに、質問に短く答えてください。文書に書かれていない場合は、丁寧に断ってください。",
		Refuse:  "文書は質問に答えていません。丁寧に断ってください。",
		Judge:   judge,
	},
}

// defaultsOf returns the texts of a language, the English ones if it is not known.
func defaultsOf(language string) Set {
	if d, ok := defaults[language]; ok {
		return d
	}
	return english
}
