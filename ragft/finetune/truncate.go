package finetune

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// truncate shortens what precedes the last message until fits returns true, and
// returns nil if it never does. It leaves out, in this order,
//
//   - whole exchanges, the first ones first, each from a message of the user to
//     the next; never system messages and never the last exchange;
//   - the passages of a prompt in this module's layout, the last ones first, down
//     to one;
//   - the beginning of the longest message of a user or a tool, word by word,
//     if it is not in that layout, and only if cut is set: in a text of unknown
//     layout it might be the question that goes.
//
// The last message itself is never touched.
func truncate(messages []model.Message, cut bool, fits func([]model.Message) (bool, error)) ([]model.Message, error) {
	for next := withoutExchange(messages); next != nil; next = withoutExchange(messages) {
		messages = next
		if ok, err := fits(messages); ok || err != nil {
			return messages, err
		}
	}
	for next := withoutPassage(messages); next != nil; next = withoutPassage(messages) {
		messages = next
		if ok, err := fits(messages); ok || err != nil {
			return messages, err
		}
	}
	if !cut {
		return nil, nil
	}
	return cutText(messages, fits)
}

// withoutExchange leaves out the first exchange, if there are two.
func withoutExchange(messages []model.Message) []model.Message {
	first := slices.IndexFunc(messages, func(m model.Message) bool { return m.Role != model.RoleSystem })
	if first < 0 {
		return nil
	}
	for i := first + 1; i < len(messages)-1; i++ {
		if messages[i].Role == model.RoleUser {
			return slices.Concat(messages[:first], messages[i:])
		}
	}
	return nil
}

// withoutPassage leaves out the last passage of the last message that has
// several.
func withoutPassage(messages []model.Message) []model.Message {
	for i := len(messages) - 2; i >= 0; i-- {
		if messages[i].Role != model.RoleUser {
			continue
		}
		if passages, question := layout.SplitDocuments(messages[i].Content); len(passages) > 1 {
			messages = slices.Clone(messages)
			messages[i].Content = strings.Join(passages[:len(passages)-1], "") + question
			return messages
		}
	}
	return nil
}

// wordStart is where a message may be cut.
var wordStart = regexp.MustCompile(`\s\S`)

// cutText leaves out the least possible from the beginning of the longest
// message of a user or a tool.
func cutText(messages []model.Message, fits func([]model.Message) (bool, error)) ([]model.Message, error) {
	longest := -1
	for i, m := range messages[:len(messages)-1] {
		if m.Role == model.RoleSystem || m.Role == model.RoleAssistant {
			continue
		}
		if passages, _ := layout.SplitDocuments(m.Content); passages == nil && (longest < 0 || len(m.Content) > len(messages[longest].Content)) {
			longest = i
		}
	}
	if longest < 0 {
		return nil, nil
	}
	text := messages[longest].Content
	starts := wordStart.FindAllStringIndex(text, -1)
	messages = slices.Clone(messages)
	low, high := 0, len(starts) // fits from starts[high] on, if high is one of them
	for low < high {
		middle := (low + high) / 2
		messages[longest].Content = text[starts[middle][0]+1:]
		ok, err := fits(messages)
		if err != nil {
			return nil, err
		}
		if ok {
			high = middle
		} else {
			low = middle + 1
		}
	}
	if high == len(starts) {
		return nil, nil
	}
	messages[longest].Content = text[starts[high][0]+1:]
	return messages, nil
}

// keepsEvidence reports whether a shortened prompt still holds a reference answer, and each passage that the response cites
// or quotes, if the whole one did: a row must not teach answering from what is no longer there. Refusals need no answer.
func keepsEvidence(row rows.Row, before, after []model.Message) bool {
	if unfound(after) > unfound(before) {
		return false
	}
	if row.Refuses() || len(row.Golds) == 0 {
		return true
	}
	holds := func(m model.Message) bool {
		text := m.Content
		if passages, _ := layout.SplitDocuments(text); passages != nil {
			text = strings.Join(passages, "") // the instruction may hold an answer by chance
		}
		return m.Role != model.RoleSystem && answer.Contains(text, row.Golds)
	}
	return slices.ContainsFunc(after[:len(after)-1], holds) || !slices.ContainsFunc(before[:len(before)-1], holds)
}

// unfound counts the numbers and quotes in the last message that belong to none of the passages shown last.
func unfound(messages []model.Message) int {
	last := len(messages) - 1
	var hits []retriever.Hit
	for i := last - 1; i >= 0 && hits == nil; i-- {
		passages, _ := layout.SplitDocuments(messages[i].Content)
		for _, text := range passages {
			hits = append(hits, retriever.Hit{Chunk: retriever.Chunk{Text: text}})
		}
	}
	_, missing := answer.Cite("", messages[last].Content, hits)
	return len(missing)
}
