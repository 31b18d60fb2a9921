//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
)

// The model reads the same of earlier messages with passages as without: a refusal, a chain of thought and a name, too.
func TestHistoryIsWholeWithPassages(t *testing.T) {
	template := `{%- for m in messages -%}<|{{ m.role }}|>{{ m.name or '' }}{{ m.reasoning_content or '' }}{{ m.content }}<|end|>` +
		`{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}`
	post := posterOf(t, openModel(t, testmodel.New(t, testmodel.Spec{ChatTemplate: template}), local.Options{ContextTokens: 1024}))
	tokens := func(more string, retrieval bool) int {
		code, body := post(chatPath, fmt.Sprintf(`{"max_tokens":1,"ragft":{"retrieval":%v},"messages":[{"role":"user","content":"Hi"},`+
			`{"role":"assistant"%s},{"role":"user","content":"Who founded the Gorton Inn in Velmar?"}]}`, retrieval, more))
		require.Equal(t, 200, code, body)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(body), &a))
		return a.Usage.PromptTokens
	}
	for _, more := range []string{
		`,"refusal":"the mill by the river"`, `,"reasoning_content":"the mill by the river"`, `,"name":"miller"`,
		`,"reasoning":"the mill by the river"`,
	} {
		alone := tokens(more, false) - tokens("", false)
		require.Positive(t, alone, more)
		require.Equal(t, alone, tokens(more, true)-tokens("", true), more)
	}
}
