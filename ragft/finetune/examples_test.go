//go:build cgo

package finetune

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// chatMLTools is a template with a place for tools.
const chatMLTools = `{% for t in tools %}{{ '[' + t.function.name + ']' }}{% endfor %}{% for m in messages %}{{ '<|' + m.role + '|>' + ` +
	`m.content }}` +
	`{% for c in m.tool_calls %}{{ '<|user|>' + c.function.name + (c.function.arguments | tojson) }}{% endfor %}{{ '<|end|>' }}{% endfor %}` +
	`{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`

// learnt writes examples out, with « and » around what has a loss and | between a prompt and its branches.
func learnt(t *testing.T, m *llama.Model, examples []lora.Example) []string {
	t.Helper()
	write := func(b *strings.Builder, tokens []lora.Token, loss []float32) {
		on := false
		for i, token := range tokens {
			if now := loss != nil && loss[i] > 0; now != on {
				b.WriteString(map[bool]string{true: "«", false: "»"}[now])
				on = now
			}
			b.WriteString(m.Piece(token))
		}
		if on {
			b.WriteString("»")
		}
	}
	var out []string
	for _, e := range examples {
		var b strings.Builder
		write(&b, e.Tokens, e.Loss)
		for _, branch := range e.Branches {
			b.WriteString("|")
			write(&b, branch.Tokens, branch.Loss)
		}
		out = append(out, b.String())
	}
	return out
}

func TestEncodeRows(t *testing.T) {
	user := func(text string) model.Message { return model.Message{Role: model.RoleUser, Content: text} }
	said := func(text string) model.Message { return model.Message{Role: model.RoleAssistant, Content: text} }
	several := []model.Message{{Role: model.RoleSystem, Content: "s"}, user("a"), said("b"), user("c"), said("d")}
	call := model.Message{Role: model.RoleAssistant, ToolCalls: []model.ToolCall{{Name: "f", Arguments: json.RawMessage(`{"x":1}`)}}}
	calling := rows.Row{Tools: []model.Tool{{Name: "f"}}, Messages: []model.Message{user("a"), call, {Role: model.RoleTool, Content: "b"},
		said("c")}}
	answer := rows.Row{Golds: []string{"Ada"}, Messages: append(prompt.Set{Read: "s"}.ReadMessages("Who?",
		[]retriever.Hit{fake.Passage("a", "", "Ada did", 0), fake.Passage("b", "", "Bob", 0)}), said("Ada"))}
	lost := rows.Row{Golds: []string{"Bob"}, Messages: append(answer.Messages[:2:2], said("Bob"))}
	laid := rows.Row{Golds: []string{"Ada"}, Chunks: []rows.ChunkRef{{ID: "a"}}, Provenance: rows.Provenance{Template: prompt.FedRAG.Name},
		Messages: append(prompt.FedRAG.Messages("Who?", []retriever.Hit{fake.Passage("a", "", "Ada did", 0)}), said("Ada"))}
	before := laid
	before.Messages = append([]model.Message{user("a"), said("b")}, laid.Messages...)
	plain := laid
	plain.Messages, plain.Chunks = []model.Message{user("a b c"), said("Ada")}, nil
	whole := "<|user|>" + laid.Messages[0].Content + "<|end|><|assistant|>«Ada<|end|>»"
	tests := []struct {
		name string
		e    encoder
		row  rows.Row
		want []string // nil: too long
		cut  bool
	}{
		{"last message", encoder{}, rows.Row{Messages: several},
			[]string{"<|system|>s<|end|><|user|>a<|end|><|assistant|>b<|end|><|user|>c<|end|><|assistant|>«d<|end|>»"}, false},
		{"all turns", encoder{loss: "all"}, rows.Row{Messages: several},
			[]string{"<|system|>s<|end|><|user|>a<|end|><|assistant|>«b<|end|>»<|user|>c<|end|><|assistant|>«d<|end|>»"}, false},
		{"everything", encoder{loss: "text"}, rows.Row{Messages: several[3:]}, []string{"<|user|>«c<|end|><|assistant|>d<|end|>»"}, false},
		{"call and answer", encoder{loss: "all"}, calling, []string{`[f]<|user|>a<|end|><|assistant|>«<|user|>f{"x": ` +
			`1}<|end|>»<|tool|>b<|end|><|assistant|>«c<|end|>»`}, false},
		{"answer alone", encoder{}, calling, []string{`[f]<|user|>a<|end|><|assistant|><|user|>f{"x": ` +
			`1}<|end|><|tool|>b<|end|><|assistant|>«c<|end|>»`}, false},
		{"preference", encoder{loss: "all"}, rows.Row{Messages: several[3:], Rejected: []model.Message{said("x"), said("y")}},
			[]string{"<|user|>c<|end|><|assistant|>|«d<|end|>»|«x<|end|>»|«y<|end|>»"}, false},
		{"text", encoder{}, rows.Row{Text: "mill"}, []string{"m«ill<|end|>»"}, false},
		{"text in pieces", encoder{context: 4}, rows.Row{Text: "abcdefg"}, []string{"a«bcd»", "d«efg»", "g«<|end|>»"}, false},
		{"too long", encoder{context: 8}, rows.Row{Messages: several}, nil, false},
		{"too long for the window", encoder{window: 8}, rows.Row{Messages: several}, nil, false},
		{"fits exactly", encoder{context: 12, tooLong: "truncate"}, rows.Row{Messages: several[1:]},
			[]string{"<|user|>a<|end|><|assistant|>b<|end|><|user|>c<|end|><|assistant|>«d<|end|>»"}, false},
		{"first exchange left out", encoder{context: 10, tooLong: "truncate"}, rows.Row{Messages: several},
			[]string{"<|system|>s<|end|><|user|>c<|end|><|assistant|>«d<|end|>»"}, true},
		{"all turns, one by one", encoder{context: 10, loss: "all", tooLong: "truncate"}, rows.Row{Messages: several},
			[]string{"<|system|>s<|end|><|user|>a<|end|><|assistant|>«b<|end|>»", "<|system|>s<|end|><|user|>c<|end|><|assistant|>«d<|end|>»"},
			true},
		{"all turns, too long", encoder{context: 10, loss: "all"}, rows.Row{Messages: several}, nil, false},
		{"last passage left out", encoder{context: 68, tooLong: "truncate"}, answer,
			[]string{"<|system|>" + layout.System +
				"<|end|><|user|>Document 1:\nAda did\n\ns\nQuestion: Who?<|end|><|assistant|>«Ada<|end|>»"}, true},
		{"passage with the answer left out", encoder{context: 68, tooLong: "truncate"}, lost, nil, false},
		{"a template is not cut", encoder{context: 100, tooLong: "truncate"}, laid, nil, false},
		{"turns before a template", encoder{context: 170, tooLong: "truncate"}, before, []string{whole}, true},
		{"plain text beside rows in a template", encoder{context: 8, tooLong: "truncate"}, plain,
			[]string{"<|user|>c<|end|><|assistant|>«Ada<|end|>»"}, true},
		{"preference in a window", encoder{window: 10, tooLong: "truncate"},
			rows.Row{Messages: []model.Message{user("a b c"), said("d")}, Rejected: []model.Message{said("x")}},
			[]string{"<|user|>b c<|end|><|assistant|>|«d<|end|>»|«x<|end|>»"}, true},
	}
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{ChatTemplate: chatMLTools})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.e.model = m.Llama()
			test.row.Weight, test.row.Source, test.row.QuestionID = 0.5, "here", "q"
			got, err := test.e.encode(test.row)
			require.NoError(t, err)
			require.Equal(t, test.want, learnt(t, m.Llama(), got.examples))
			require.Equal(t, test.cut, got.truncated)
			require.Equal(t, "q", got.question)
			for _, e := range got.examples {
				require.Equal(t, 0.5, e.Weight)
				require.Equal(t, "here", e.Source)
				for i, pair := range e.Pairs {
					require.Equal(t, lora.Pair{Chosen: 0, Rejected: i + 1}, pair)
				}
				require.Len(t, e.Pairs, max(0, len(e.Branches)-1))
			}
		})
	}
}

func TestTrainNamesTheRow(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{})
	o := Options{Model: path, Adapter: filepath.Join(t.TempDir(), "adapter.gguf"), LoRA: lora.Config{Rank: 2}}
	call := rows.Row{ID: "q2", Messages: []model.Message{{Role: model.RoleUser, Content: "a"},
		{Role: model.RoleAssistant, ToolCalls: []model.ToolCall{{Name: "f"}}}}}
	_, err := Train(context.Background(), append(parrots(1), call), o)
	require.ErrorIs(t, err, llama.ErrTools)
	require.ErrorContains(t, err, "row 2 (q2)")
	_, err = Train(context.Background(), []rows.Row{{ID: "q3"}}, o)
	require.ErrorContains(t, err, `row 1 (q3): "messages" needs a prompt and a response`)
	o.Loss = "each"
	_, err = Train(context.Background(), parrots(1), o)
	require.ErrorContains(t, err, `loss "each"`)
	o.Loss, o.TooLong = "", "keep"
	_, err = Train(context.Background(), parrots(1), o)
	require.ErrorContains(t, err, `policy "keep"`)

	o.Model, o.TooLong = testmodel.New(t, testmodel.Spec{ChatTemplate: testmodel.ChatTemplate +
		"{% if add_generation_prompt %}<|bos|>{% endif %}"}), ""
	_, err = Train(context.Background(), parrots(1), o)
	require.ErrorIs(t, err, llama.ErrTemplateSplit)
	require.ErrorContains(t, err, "row 1 (oats)")
}

// TestTrainMixedRows trains on rows of every kind, and tells of those that were too long.
func TestTrainMixedRows(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Arch: "qwen3", Type: gguf.Q8_0, Context: 256})
	var log bytes.Buffer
	list := parrots(4)
	list = append(list,
		rows.Row{ID: "long", Messages: append(localtest.ClosedChat(strings.Repeat("long ", 300)),
			model.Message{Role: model.RoleAssistant, Content: "no"})},
		rows.Row{ID: "hopeless", Messages: append(localtest.ClosedChat("Why?"),
			model.Message{Role: model.RoleAssistant, Content: strings.Repeat("long ", 300)})},
		rows.Row{ID: "text", Kind: rows.KindText, Text: strings.Repeat("The mill is blue. ", 60), Source: "domain", Weight: 0.5},
		rows.Row{ID: "dpo", Messages: list[0].Messages, Rejected: []model.Message{{Role: model.RoleAssistant, Content: "hay"}}, Source: "dpo"},
	)
	o := Options{Model: path, Adapter: filepath.Join(t.TempDir(), "adapter.gguf"), HeldOut: opt.Of(0.0), TooLong: "truncate", Loss: "all",
		LoRA: lora.Config{Rank: 2, Epochs: 2}, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	r, err := Train(context.Background(), list, o)
	require.NoError(t, err)
	require.Equal(t, 7, r.Rows)
	require.Equal(t, 1, r.TooLong)
	require.Equal(t, 1, r.Truncated)
	require.Contains(t, log.String(), "[hopeless]")
	require.Contains(t, log.String(), "[long]")
	f, err := gguf.Open(o.Adapter)
	require.NoError(t, err)
	defer f.Close()
	loss, _ := f.Text("ragft.loss")
	require.Equal(t, "all", loss)
}
