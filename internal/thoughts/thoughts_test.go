package thoughts

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][2]string{
		"Osk Varley": {"", "Osk Varley"},
		"<think>\nNot said. Wait, document 1.\n</think>\n\nOsk Varley": {"Not said. Wait, document 1.", "Osk Varley"},
		"\n <think>hm</think>Ada":                                      {"hm", "Ada"},
		"<THINK>hm</Think> Ada":                                        {"hm", "Ada"},
		"[THINK]hm[/THINK]Ada":                                         {"hm", "Ada"},
		"◁think▷hm◁/think▷Ada":                                         {"hm", "Ada"},
		"<think>a</think>\n<think>b</think>\nAda":                      {"a\nb", "Ada"},
		"<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Ada": {
			"hm<|end|><|start|>assistant", "Ada"},

		// Cut off.
		"<think>The documents do not":  {"The documents do not", ""},
		"<think>":                      {"", ""},
		"<think>hm</think>":            {"hm", ""},
		"I do not know yet.\n</think>": {"I do not know yet.", ""},

		// Opened by the prompt.
		"I cannot find it... yes, document 1.\n</think>\n\nOsk Varley": {"I cannot find it... yes, document 1.", "Osk Varley"},
		"Yes, document 1.</think>\n\nOsk Varley":                       {"Yes, document 1.", "Osk Varley"},
		"Yes, document 1.</think>Osk Varley":                           {"Yes, document 1.", "Osk Varley"},
		"so Osk Varley</think>\r\n\r\nOsk Varley":                      {"so Osk Varley", "Osk Varley"},
		"\n</think>\n\nOsk Varley":                                     {"", "Osk Varley"},

		// Other spellings, and what stands in front.
		"<scratchpad>hm</scratchpad>Ada":        {"hm", "Ada"},
		"<|inner_prefix|>hm<|inner_suffix|>Ada": {"hm", "Ada"},
		"<unused94>thought\nhm<unused95>Ada":    {"hm", "Ada"},
		"<think >hm</think >Ada":                {"hm", "Ada"},
		"< think >hm< / THINK >Ada":             {"hm", "Ada"},
		"<think effort=\"low\">hm</think>Ada":   {"hm", "Ada"},
		"<think/>Ada":                           {"", "Ada"},
		"<think />\n<think>hm</think>Ada":       {"hm", "Ada"},
		"\ufeff<think>hm</think>Ada":            {"hm", "Ada"},
		"\u00a0\u200b<think>hm</think>Ada":      {"hm", "Ada"},
		"<thinking>hm</think>\n\nAda":           {"hm", "Ada"},
		"<thinking>about </think> tags, Ada":    {"about </think> tags, Ada", ""},
		"<thinker>Ada</thinker>":                {"", "<thinker>Ada</thinker>"},
		"<thought-provoking> Ada":               {"", "<thought-provoking> Ada"},
		"<a href=\"think\">Ada</a>":             {"", "<a href=\"think\">Ada</a>"},

		// Thoughts within thoughts, and about them.
		"<think>a <think>b</think> c</think>Ada":                           {"a <think>b</think> c", "Ada"},
		"<think>a\n<think>\nb\n</think>\nc\n</think>\n\nAda":               {"a\n<think>\nb\n</think>\nc", "Ada"},
		"<think>The tags <think> and </think>, so.</think>\n\nBoth":        {"The tags <think> and </think>, so.", "Both"},
		"<think>The tag <think> opens one.</think>\n\nAda":                 {"The tag <think> opens one.", "Ada"},
		"<think>It is <think>.</think>\n\nThe tag </think> closes it, too": {"It is <think>.", "The tag </think> closes it, too"},

		// Tags that answers have as well.
		"<reason>hm</reason>\n\nAda":             {"hm", "Ada"},
		"<analysis id=\"3\">hm</analysis>Ada":    {"hm", "Ada"},
		"<reason>The mill burned down.</reason>": {"", "<reason>The mill burned down.</reason>"},
		"<analysis id=\"3\">Oak.</analysis>\n":   {"", "<analysis id=\"3\">Oak.</analysis>"},
		"<analysis>Oak":                          {"", "<analysis>Oak"},
		"<think>hm</think><reason>Fire</reason>": {"hm", "<reason>Fire</reason>"},
		"Use:\n<reason code=\"5\">\nOut of stock.\n</reason>\nDone.": {"",
			"Use:\n<reason code=\"5\">\nOut of stock.\n</reason>\nDone."},
		"<think>a <think b=\"c\">d</think> e</think>Ada": {"a <think b=\"c\">d</think> e", "Ada"},
		"<think>It has <reason>full.</reason> so":        {"It has <reason>full.</reason> so", ""},
		"<think\ntype=\"a\">hm</think>Ada":               {"", "<think\ntype=\"a\">hm</think>Ada"},
		"<think " + strings.Repeat("a", 100) + ">Ada":    {"", "<think " + strings.Repeat("a", 100) + ">Ada"},
		"<think " + strings.Repeat(" ", 100) + ">Ada":    {"", "<think " + strings.Repeat(" ", 100) + ">Ada"},

		// About the marks.
		"The tag </think> closes a thought.":             {"", "The tag </think> closes a thought."},
		"A thought ends with </think>.":                  {"", "A thought ends with </think>."},
		"A thought ends with </think>":                   {"", "A thought ends with </think>"},
		"</think>":                                       {"", "</think>"},
		"Write <think> first.\n</think>\nthen closes it": {"", "Write <think> first.\n</think>\nthen closes it"},
		"`</think>`\n\ncloses a thought.":                {"", "`</think>`\n\ncloses a thought."},
	} {
		thinking, at := Split(text, false)
		assert.Equal(t, want, [2]string{thinking, strings.TrimSpace(text[at:])}, text)
		for size := 1; (Begins(text) || at == 0) && size <= len(text); size++ {
			assert.Equal(t, want[1], strings.TrimSpace(streamed(text, size)), "%q in pieces of %d bytes", text, size)
		}
	}
	thinking, at := Split("a tag </think> Ada", true)
	assert.Equal(t, "a tag", thinking)
	assert.Equal(t, 14, at)
	thinking, at = Split("cut off", true)
	assert.Equal(t, "cut off", thinking)
	assert.Equal(t, 7, at)
	assert.True(t, Opens("<|assistant|><think>\n"))
	assert.False(t, Opens("<|assistant|><think></think>\n"))
}

// streamed returns what a stream passes on of a text in pieces of a size.
func streamed(text string, size int) (got string) {
	var s Stream
	for i := 0; i < len(text); i += size {
		got += s.Push(text[i:min(i+size, len(text))])
	}
	return got + s.End()
}

// However the text is cut into pieces, the same answer comes out.
func TestStream(t *testing.T) {
	for text, want := range map[string]string{
		"Osk Varley":                        "Osk Varley",
		" <b>Osk</b>":                       " <b>Osk</b>",
		"<think>\nhm\n</think>\n\nOsk <x>":  "Osk <x>",
		"<think>a</think> <think>b</think>": "",
		"<think>never ends":                 "",
		"<thi":                              "<thi",
		"The tag </think> closes.":          "The tag </think> closes.",
	} {
		for size := 1; size <= len(text); size++ {
			assert.Equal(t, want, streamed(text, size), "%q in pieces of %d bytes", text, size)
		}
	}
	var s Stream
	s.Begun()
	assert.Empty(t, s.Push("hm </thi"))
	assert.Equal(t, "Ada", s.Push("nk>\n\nAda"))
	assert.Equal(t, " B", s.Push(" B"))
}

// A thought that the prompt has opened does not end with a tag that has its opening tag within.
func TestBegun(t *testing.T) {
	for text, want := range map[string]string{
		"It has <reason>full</reason>, so 12.\n</think>\n\n12": "12",
		"a <think>b</think> c</think>Ada":                      "Ada",
		"<think>\nhm</think>Ada":                               "Ada",
		"The tag <think> opens one.</think>\n\nAda":            "Ada",
		"hm</think><think>b</think>Ada":                        "Ada",
		"hm</analysis>Ada":                                     "Ada",
		"It has <reason>full":                                  "",
		"":                                                     "",
	} {
		_, at := Split(text, true)
		assert.Equal(t, want, strings.TrimSpace(text[at:]), text)
		for size := 1; size <= len(text); size++ {
			var s Stream
			s.Begun()
			got := ""
			for i := 0; i < len(text); i += size {
				got += s.Push(text[i:min(i+size, len(text))])
			}
			assert.Equal(t, want, strings.TrimSpace(got+s.End()), "%q in pieces of %d bytes", text, size)
		}
	}
}

// The time does not grow with the square of the length.
func TestLongThoughts(t *testing.T) {
	for _, part := range []string{"word ", "a tag </think> b ", "<think>", "a <reason>b</reason> "} {
		for _, begin := range []func(*Stream){(*Stream).Begun, (*Stream).Doubt, func(*Stream) {}} {
			var s Stream
			begin(&s)
			start := time.Now()
			for range 5_000 {
				s.Push(part)
			}
			s.Held()
			s.End()
			assert.Less(t, time.Since(start), 20*time.Second, part)
		}
		Split(strings.Repeat(part, 5_000), false)
	}
}

// A thought that the prompt may have opened is not passed on, and a text without one comes in the pieces that it came in.
func TestStreamInDoubt(t *testing.T) {
	for text, want := range map[string]string{
		"Not said. Wait.\n</think>\n\nOsk Varley": "Osk Varley",
		"Not said.</think>Osk Varley":             "Osk Varley",
		"<think>\nhm\n</think>\n\nOsk <x>":        "Osk <x>",
		"<think>never ends":                       "",
		"The tag </think> closes.":                "The tag </think> closes.",
		"Osk Varley":                              "Osk Varley",
		"<thi":                                    "<thi",
	} {
		for size := 1; size <= len(text); size++ {
			var s Stream
			s.Doubt()
			got := ""
			for i := 0; i < len(text); i += size {
				got += s.Push(text[i:min(i+size, len(text))])
			}
			assert.Equal(t, want, got+strings.Join(s.Held(), "")+s.End(), "%q in pieces of %d bytes", text, size)
		}
	}
	var s Stream
	s.Doubt()
	assert.Empty(t, s.Push("Osk "))
	assert.Empty(t, s.Push("Varley"))
	assert.Equal(t, []string{"Osk ", "Varley"}, s.Held())
	assert.Equal(t, " [1]", s.Push(" [1]"))
	assert.Empty(t, s.Held())
}

func TestAnswerToken(t *testing.T) {
	text := "<think>a b</think>\n\nAda Lee"
	tokens := []string{"<think>", "a", " b", "</think>", "\n\n", "Ada", " Lee"}
	_, at := Split(text, false)
	assert.Equal(t, 4, AnswerToken(tokens, text, at))
	assert.Equal(t, 0, AnswerToken(tokens[1:], text, at), "other tokens than the text's")
	assert.Equal(t, len(tokens), AnswerToken(tokens, text, len(text)))
	assert.Equal(t, 0, AnswerToken(tokens, text, 0))
}

// A text tells how all begin if it was not cut off before a mark could come.
func TestTells(t *testing.T) {
	for text, want := range map[string]struct{ unopened, tells, tellsCutOff bool }{
		"Osk Varley":                     {false, true, false},
		"Not said.\n</think>\n\nOsk":     {true, true, true},
		"<think>\nhm":                    {false, true, true},
		"<think>\nhm\n</think>\n\nOsk":   {false, true, true},
		"The tag </think> closes a text": {false, true, false},
		"":                               {false, true, false},
	} {
		assert.Equal(t, want.unopened, EndsUnopened(text), text)
		assert.Equal(t, want.tells, Tells(text, false), text)
		assert.Equal(t, want.tellsCutOff, Tells(text, true), text)
	}
}
