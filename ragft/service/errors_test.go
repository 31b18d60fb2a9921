//go:build cgo

package service

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model/local"
)

// More biases than llama.cpp could look through for each token that a grammar leaves are refused.
func TestBiasesAreBounded(t *testing.T) {
	post := posterOf(t, openModel(t, baseModel, local.Options{ContextTokens: 1024, Sequences: 2}))
	biases := func(n int) string {
		var list []string
		for token := range n {
			list = append(list, fmt.Sprintf(`"%d":1`, token))
		}
		return `{` + question + `,"ragft":{"retrieval":false},"logit_bias":{` + strings.Join(list, ",") + `}}`
	}
	code, body := post(chatPath, biases(300))
	require.Equal(t, 200, code, body)
	code, body = post(chatPath, biases(301))
	require.Equal(t, 400, code, body)
	require.Equal(t, "logit_bias", param(t, body))
}
