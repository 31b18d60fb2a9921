package ragft

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/ragft/ragft/internal/languages"
	"github.com/ragft/ragft/internal/refusal"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/question"
)

// languageSample is the number of passages from which the language is detected if there are no questions.
const languageSample = 64

// language is that of instructions and refusals: that of the config; else that of the adapter, if a model with it is asked,
// because it was trained in it; else that of most questions; else that of the documents. adapter is "" for none.
func (p *Project) language(ctx context.Context, adapter string) (string, error) {
	if p.config.Language != "" {
		return p.config.Language, nil
	}
	settings, err := settingsOf(adapter)
	if err != nil {
		return "", err
	}
	if settings != nil {
		return cmp.Or(settings.Prompts.Language, wordings.English), nil
	}
	questions, err := question.ReadFile(p.questionsFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	texts := make([]string, len(questions))
	for i, q := range questions {
		texts[i] = q.Question
	}
	if len(texts) == 0 && p.index != nil {
		if texts, err = p.sample(ctx); err != nil {
			return "", err
		}
	}
	return wordings.Language(texts), nil
}

// unreadLanguage is the language of the questions if refusals in it are not recognised well enough, and "" if they are or the language
// is not known. A single question is too short to tell.
func unreadLanguage(questions []question.Question) string {
	var all strings.Builder
	for _, q := range questions[:min(len(questions), 200)] {
		all.WriteString(q.Question + "\n")
	}
	if l := languages.Detect(all.String()); l != "" && refusal.Accuracy(l) < refusal.Enough {
		return l
	}
	return ""
}

// sample is the text of some passages.
func (p *Project) sample(ctx context.Context) (texts []string, err error) {
	for c, err := range p.index.Chunks(ctx) {
		if err != nil {
			return nil, err
		}
		if texts = append(texts, c.Text); len(texts) == languageSample {
			break
		}
	}
	return texts, nil
}

// refusal is the text with which rows decline if they all use one: that of the config, else the default of the language.
func (c DemonstrateConfig) refusal(language string) string {
	return c.Refusal.Or(wordings.Wordings(language)[0])
}
