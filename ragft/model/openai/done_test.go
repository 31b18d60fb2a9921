package openai

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
)

// A server may leave the connection open after a complete answer.
func TestNothingIsReadAfterDone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", eventStream)
		fmt.Fprint(w, `data: {"choices":[{"delta":{"content":"Ada"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	m, err := New("small", Options{BaseURL: server.URL + "/v1", Timeout: 5 * time.Second})
	require.NoError(t, err)
	begin := time.Now()
	got, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: func(string) {}}})
	require.NoError(t, err)
	require.Equal(t, "Ada", got[0].Samples[0].Text)
	require.Less(t, time.Since(begin), 4*time.Second)
}
