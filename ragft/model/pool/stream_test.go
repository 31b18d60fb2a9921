package pool_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/model/pool"
)

// echoServer streams the last message of a request in three pieces.
func echoServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Messages []struct{ Content string }
		}
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &request)
		}
		if err != nil || len(request.Messages) == 0 {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		text := request.Messages[len(request.Messages)-1].Content
		for _, piece := range []string{text, " is", " it"} {
			fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", piece)
			w.(http.Flusher).Flush()
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

// Requests that are answered at the same time stream into one map without a lock, through cache and pool.
func TestOnTextOfSeveralRequests(t *testing.T) {
	var members []model.Model
	for range 2 {
		m, err := openai.New("m", openai.Options{BaseURL: echoServer(t), Label: "m", Concurrency: 4})
		require.NoError(t, err)
		members = append(members, m)
	}
	spread, err := pool.New(members...)
	require.NoError(t, err)
	kept, err := cache.Open(spread, t.TempDir())
	require.NoError(t, err)
	defer kept.Close()
	for _, m := range []model.Model{members[0], spread, kept, kept} { // the last time out of the cache
		said := map[string]string{}
		var reqs []model.Request
		for i := range 4 {
			name := fmt.Sprint("request ", i)
			reqs = append(reqs, model.Request{Messages: []model.Message{{Role: model.RoleUser, Content: name}},
				OnText: func(piece string) { said[name] += piece }})
		}
		_, err := m.Chat(t.Context(), reqs)
		require.NoError(t, err)
		require.Len(t, said, 4)
		for name, text := range said {
			require.Equal(t, name+" is it", text)
		}
	}
}
