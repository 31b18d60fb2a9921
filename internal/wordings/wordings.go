// Package wordings has the texts with which a model may be taught to decline, by language. An answer rarely begins as they
// do, so that the first words tell a refusal from an answer.
package wordings

import (
	"slices"
	"strings"
	"unicode"
)

// English is the language that is taken where no other is recognised.
const English = "en"

var wordings = map[string][]string{
	English: {
		"Sorry, the documents do not say.",
		"Sorry, the documents do not answer this question.",
		"Sorry, I cannot find that in the documents.",
		"Sorry, that is not in the documents.",
		"I cannot find the answer in the documents.",
		"I cannot answer this from the documents.",
		"I could not find an answer in the documents.",
		"I do not know: the documents do not say.",
		"I do not know, as the documents do not mention it.",
		"I do not have enough information to answer this question.",
		"Unfortunately, the documents do not say.",
		"Unfortunately, the documents do not answer this question.",
		"Unfortunately, I cannot find that in the documents.",
	},
	"de": {
		"Leider steht das nicht in den Dokumenten.",
		"Leider beantworten die Dokumente diese Frage nicht.",
		"Ich kann das in den Dokumenten nicht finden.",
		"Ich weiß es nicht, da die Dokumente es nicht nennen.",
		"Tut mir leid, das geht aus den Dokumenten nicht hervor.",
	},
	"fr": {
		"Désolé, les documents ne le disent pas.",
		"Malheureusement, les documents ne le précisent pas.",
		"Je ne trouve pas la réponse dans les documents.",
		"Je ne sais pas, car les documents ne le disent pas.",
	},
	"es": {
		"Lo siento, los documentos no lo dicen.",
		"Lamentablemente, los documentos no lo indican.",
		"No encuentro la respuesta en los documentos.",
		"No lo sé, porque los documentos no lo mencionan.",
	},
	"zh": {
		"抱歉，文档中没有提到。",
		"很抱歉，文档没有回答这个问题。",
		"我在文档中找不到答案。",
		"我不知道，文档中没有说明。",
	},
	"ja": {
		"申し訳ありませんが、文書には書かれていません。",
		"すみませんが、文書からは分かりません。",
		"文書の中に答えが見つかりません。",
		"残念ながら、文書にはその情報がありません。",
	},
}

// Wordings returns the texts of a language ("en", "de", "fr", "es", "zh", "ja"), and the English ones for any other. The
// caller must not change them.
func Wordings(language string) []string {
	if list := wordings[language]; list != nil {
		return list
	}
	return wordings[English]
}

// NotFound returns what an assistant says in a language if it abstains without words of the model.
func NotFound(language string) string {
	if text := notFound[language]; text != "" {
		return text
	}
	return notFound[English]
}

var notFound = map[string]string{
	English: "I cannot find that in the documents.",
	"de":    "Ich kann das in den Dokumenten nicht finden.",
	"fr":    "Je ne trouve pas la réponse dans les documents.",
	"es":    "No encuentro la respuesta en los documentos.",
	"zh":    "我在文档中找不到答案。",
	"ja":    "文書の中に答えが見つかりません。",
}

// With returns a refusal and behind it the others of its language: what a model that declines with one of them might begin
// with instead.
func With(refusal string) []string {
	language := Language([]string{refusal})
	for l, list := range wordings {
		if slices.Contains(list, refusal) {
			language = l
		}
	}
	others := slices.DeleteFunc(slices.Clone(Wordings(language)), func(w string) bool { return w == refusal })
	return append([]string{refusal}, others...)
}

// Begins reports whether a text begins with one of the texts that are not English, as a sentence of its own.
func Begins(text string) bool {
	text = fold(text)
	for language, list := range wordings {
		if language == English {
			continue
		}
		for _, wording := range list {
			wording = fold(wording)
			if rest, ok := strings.CutPrefix(text, strings.TrimRight(wording, ".。")); ok && endsSentence(rest) {
				return true
			}
		}
	}
	return false
}

func fold(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// endsSentence reports whether what follows begins after the end of a sentence.
func endsSentence(rest string) bool {
	return rest == "" || strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "!") || strings.HasPrefix(rest, "。")
}

// stopWords are frequent words of questions that are rare in the other languages.
var stopWords = map[string][]string{
	English: {"the", "what", "who", "when", "where", "which", "how", "is", "was", "did", "of", "does", "why", "were"},
	"de":    {"der", "die", "das", "wer", "wann", "wo", "welche", "welcher", "wie", "ist", "war", "und", "warum", "wurde", "den", "von"},
	"fr":    {"le", "les", "qui", "quand", "où", "quel", "quelle", "est", "était", "du", "des", "comment", "pourquoi", "combien", "une"},
	"es":    {"el", "los", "las", "quién", "cuándo", "dónde", "cuál", "qué", "cómo", "es", "fue", "del", "por", "una", "cuántos"},
}

// languageOf maps each stop word to its language.
var languageOf = func() map[string]string {
	of := map[string]string{}
	for language, list := range stopWords {
		for _, word := range list {
			of[word] = language
		}
	}
	return of
}()

// Language returns the language of most of the texts: by script for Japanese and Chinese, else by frequent words. It is
// English if nothing is recognised.
func Language(texts []string) string {
	votes := map[string]int{}
	for _, text := range texts {
		votes[languageOfText(text)]++
	}
	delete(votes, "")
	best := English
	for _, language := range []string{"de", "fr", "es", "zh", "ja"} {
		if votes[language] > votes[best] {
			best = language
		}
	}
	return best
}

func languageOfText(text string) string {
	kana := strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) })
	han := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	switch {
	case kana:
		return "ja"
	case han:
		return "zh"
	}
	votes := map[string]int{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if language := languageOf[word]; language != "" {
			votes[language]++
		}
	}
	best := ""
	for _, language := range []string{English, "de", "fr", "es"} {
		if votes[language] > votes[best] {
			best = language
		}
	}
	return best
}
