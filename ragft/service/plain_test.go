//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model/local"
)

// The first line break ends what a model without a chat template says in a chat, but neither a completion nor JSON.
func TestPlainModelsStopAtLineBreaksOnlyInChats(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{Plain: true}), local.Options{ContextTokens: 1024, Sequences: 2})
	post := posterOf(t, m)
	line, err := m.Llama().Tokenize("\n", llama.TokenizeOptions{})
	require.NoError(t, err)
	require.Len(t, line, 1)
	often := fmt.Sprintf(`,"logit_bias":{"%d":100}}`, line[0])
	said := func(path, body string) choice {
		code, text := post(path, body+often)
		require.Equal(t, 200, code, text)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(text), &a))
		return a.Choices[0]
	}
	got := said("/v1/completions", `{"prompt":"The inn","max_tokens":3`)
	require.Equal(t, "\n\n\n", *got.Text)

	const alone = `"messages":[{"role":"user","content":"Who?"}],"ragft":{"retrieval":false},"max_tokens":200`
	got = said(chatPath, `{`+alone)
	require.Equal(t, "stop", *got.FinishReason)
	require.Empty(t, *got.Message.Content)

	got = said(chatPath, `{`+alone+`,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":`+
		`{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"additionalProperties":false}}}`)
	require.Contains(t, *got.Message.Content, "\n")
	var object map[string]bool
	require.NoError(t, json.Unmarshal([]byte(*got.Message.Content), &object), *got.Message.Content)
	require.Contains(t, object, "a")
}
