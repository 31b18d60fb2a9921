package prompt

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/model"
)

// demonstration introduces an answer that is shown before the question, by language.
var demonstration = map[string]string{
	wordings.English: "This is, for example, a good answer to the question below: ",
	"de":             "Das ist zum Beispiel eine gute Antwort auf die folgende Frage: ",
	"fr":             "Voici, par exemple, une bonne réponse à la question ci-dessous : ",
	"es":             "Esta es, por ejemplo, una buena respuesta a la pregunta siguiente: ",
	"zh":             "例如，这是对下面问题的一个好回答：",
	"ja":             "例えば、次の質問への良い答えはこれです：",
}

// DemonstratedMessages shows a good answer within a prompt, in p's language, as a
// model sees it that is to teach another one how to answer the bare prompt. The
// answer stands in the last message of the user: behind the documents if they are in
// the layout of this package, so that the instruction comes last, and else at the
// beginning. It is nil if there is no such message, or no answer.
func (p Set) DemonstratedMessages(messages []model.Message, answer string) []model.Message {
	at := len(messages) - 1
	for at >= 0 && messages[at].Role != model.RoleUser {
		at--
	}
	answer = strings.Join(strings.Fields(answer), " ") // one line cannot pose as structure
	if at < 0 || answer == "" {
		return nil
	}
	passages, task := layout.SplitDocuments(messages[at].Content)
	if passages == nil {
		task = messages[at].Content
	}
	say := cmp.Or(demonstration[p.Language], demonstration[wordings.English])
	messages = slices.Clone(messages)
	messages[at].Content = strings.Join(passages, "") + say + answer + "\n" + task
	return messages
}
