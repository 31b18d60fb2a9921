package main

import (
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
)

// The words for settings and prompts in the names of systems.
func systemName(model, setting string, careful, ensemble bool) string {
	words := []string{model}
	switch setting {
	case "retrieval":
	case "closed":
		words = append(words, "no documents")
	default:
		words = append(words, setting)
	}
	if careful {
		words = append(words, "told to decline")
	}
	if ensemble {
		words = append(words, "passages vote")
	}
	return strings.Join(words, ", ")
}

// systems are base and tuned model in every setting, and the pairs of them: tuned against base in each arm, then, for each
// model, every arm against retrieval, or the first arm where there is none.
func (e *evaluation) systems() (systems []eval.System, pairs []eval.Pair) {
	add := func(setting string, careful, ensemble bool) {
		s := eval.System{Name: systemName("base", setting, careful, ensemble), Model: e.base, Setting: settingWords[setting], Extract: e.flags.extract()}
		if careful {
			s.Prompt = e.config.Prompts.WithDefaults().Careful
		}
		if ensemble {
			s.Ensemble = &answer.Ensemble{Temperature: e.flags.temperature}
		}
		systems = append(systems, s)
		if e.tuned != nil {
			t := s
			t.Name, t.Model = systemName("tuned", setting, careful, ensemble), e.tuned
			systems = append(systems, t)
			pairs = append(pairs, eval.Pair{Base: s.Name, Other: t.Name})
		}
	}
	for i, setting := range e.flags.settings {
		if slices.Contains(e.flags.settings[:i], setting) {
			continue
		}
		add(setting, false, false)
		if setting == "closed" {
			continue
		}
		if e.flags.careful {
			add(setting, true, false)
		}
		if e.flags.ensemble {
			add(setting, false, true)
		}
	}
	return systems, append(pairs, armPairs(systems)...)
}

func armPairs(systems []eval.System) (pairs []eval.Pair) {
	reference := map[model.Model]string{}
	for _, s := range systems {
		plain := s.Setting == eval.SettingRetrieval && s.Prompt == "" && s.Ensemble == nil
		if _, ok := reference[s.Model]; !ok || plain {
			reference[s.Model] = s.Name
		}
	}
	for _, s := range systems {
		if of := reference[s.Model]; of != s.Name {
			pairs = append(pairs, eval.Pair{Base: of, Other: s.Name})
		}
	}
	return pairs
}
