package ollama

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/ragft/ragft/internal/layout"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
)

func TestOllamaSchemaAndTimeout(t *testing.T) {
	s := &standIn{pieces: []string{`{"rooms":9}`}}
	schema := json.RawMessage(`{"type":"object"}`)
	_, err := newOllama(t, s, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), Schema: schema}})
	require.NoError(t, err)
	require.JSONEq(t, string(schema), string(s.chats[0].Format))

	release := make(chan struct{})
	slow := &standIn{before: func(int, http.ResponseWriter) bool { <-release; return true }}
	m := newOllama(t, slow, Options{Timeout: 20 * time.Millisecond, Retries: opt.Of(1)})
	t.Cleanup(func() { close(release) })
	_, err = m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.ErrorIs(t, err, retry.ErrTimeout)
	slow.mu.Lock() // a handler may still be at work
	defer slow.mu.Unlock()
	require.Len(t, slow.chats, 2)
}
