//go:build cgo

package service

import (
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Lists of elements of two bytes, which take far more memory than that, are refused before they take it. The error tells where.
func TestElementsAreBounded(t *testing.T) {
	list := func(one string) string {
		return `[` + strings.Repeat(one+",", (1<<20-100)/(len(one)+1)) + one + `]`
	}
	for body, place := range map[string]string{
		`{"messages":` + list(`{}`) + `}`:                                     "messages[10000]",
		`{"messages":[{"content":` + list(`{"type":"text"}`) + `}]}`:          "messages[0].content[9999]",
		`{"messages":[{},{},{"tool_calls":` + list(`{}`) + `}]}`:              "messages[2].tool_calls[9997]",
		`{"messages":[{}],"tools":` + list(`{}`) + `}`:                        "tools[9999]",
		`{"messages":[],"stop":` + list(`""`) + `}`:                           "stop[10000]",
		`{"messages":[{"tool_calls":[{},{}]},{"content":` + list(`0`) + `}]}`: "messages[1].content[9996]",
	} {
		r := httptest.NewRequest("POST", chatPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var req chatRequest
		err := read(r, &req)
		runtime.ReadMemStats(&after)
		var refused *apiError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, place, refused.Param)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(24<<20), place)
	}
	var texts completionRequest
	for _, one := range []string{`[]`, `""`} {
		r := httptest.NewRequest("POST", chatPath, strings.NewReader(`{"prompt":`+list(one)+`}`))
		r.Header.Set("Content-Type", "application/json")
		var refused *apiError
		require.ErrorAs(t, read(r, &texts), &refused)
		require.Equal(t, "prompt[10000]", refused.Param)
	}

	// Tokens of a prompt are no elements, since a context may hold more.
	r := httptest.NewRequest("POST", chatPath, strings.NewReader(`{"prompt":`+list("7")+`}`))
	r.Header.Set("Content-Type", "application/json")
	require.NoError(t, read(r, &texts))
	require.Greater(t, len(texts.Prompt.tokens[0]), 500_000)
}
