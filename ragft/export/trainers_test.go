package export

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

func exampleRows() []rows.Row {
	prompt := []model.Message{{Role: "system", Content: "Read."}, {Role: "user", Content: "Rooms <9>?"}}
	answer := func(text string) model.Message { return model.Message{Role: model.RoleAssistant, Content: text} }
	return []rows.Row{
		{ID: "a", Messages: append(prompt[:2:2], answer("Nine."))},
		{
			ID:       "b",
			Messages: append(prompt[:2:2], answer("Nine.")),
			Rejected: []model.Message{answer("Ten."), answer("No idea.")},
			Weight:   2,
		},
		{ID: "c", Kind: rows.KindText, Text: "A house of nine rooms."},
	}
}

func lines(t *testing.T, path string) (out []map[string]any) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		var row map[string]any
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &row))
		out = append(out, row)
	}
	return out
}

func message(role, content string) map[string]any {
	return map[string]any{"role": role, "content": content}
}

func TestTRL(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	files, err := TRL(dir, exampleRows(), Recipe{Base: `some"one/model`, Architecture: "llama", Targets: []string{"attn_[qv]", "output"},
		Rank: 8, RankStabilized: true, Seed: 1 << 40})
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 1, 1}, []int{files.RowCount, files.PairCount, files.TextCount, files.Weighted})
	prompt := []any{message("system", "Read."), message("user", "Rooms <9>?")}
	require.Equal(t, []map[string]any{{"prompt": prompt, "completion": []any{message("assistant", "Nine.")}}}, lines(t, files.Rows))
	require.Equal(t, []map[string]any{
		{"prompt": prompt, "chosen": []any{message("assistant", "Nine.")}, "rejected": []any{message("assistant", "Ten.")}},
		{"prompt": prompt, "chosen": []any{message("assistant", "Nine.")}, "rejected": []any{message("assistant", "No idea.")}},
	}, lines(t, files.Preferences))
	require.Equal(t, []map[string]any{{"text": "A house of nine rooms."}}, lines(t, files.Text))
	require.Len(t, files.Configs, 3)
	script, err := os.ReadFile(files.Configs[0])
	require.NoError(t, err)
	for _, want := range []string{`model="some\"one/model"`, `target_modules=["lm_head","q_proj","v_proj"]`, "r=8", "lora_alpha=16",
		"use_rslora=True",
		"learning_rate=0.0002", `"rows.jsonl"`, "SFTTrainer(", "accelerate launch rows_trl.py"} {
		require.Contains(t, string(script), want)
	}
	script, err = os.ReadFile(files.Configs[1])
	require.NoError(t, err)
	require.Contains(t, string(script), "DPOTrainer(")
	require.Contains(t, string(script), "beta=0.1")

	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("python3 is not there: the scripts were not parsed")
		return
	}
	for _, name := range files.Configs {
		out, err := exec.Command(python, "-c", "import ast,sys; ast.parse(open(sys.argv[1]).read())", name).CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
	}
}

func TestAxolotl(t *testing.T) {
	files, err := Axolotl(t.TempDir(), exampleRows(), Recipe{Base: "someone/model", HeldOut: opt.Of(0.0)})
	require.NoError(t, err)
	learnt := func(role, content string, train bool) map[string]any {
		m := message(role, content)
		m["train"] = train
		return m
	}
	require.Equal(t, []map[string]any{{"messages": []any{learnt("system", "Read.", false), learnt("user", "Rooms <9>?", false),
		learnt("assistant", "Nine.", true)}}}, lines(t, files.Rows))
	pair := lines(t, files.Preferences)[1]
	require.Equal(t, message("assistant", "No idea."), pair["rejected"])
	require.Len(t, pair["messages"], 2)
	read := func(path string) (config map[string]any) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(data, &config))
		return config
	}
	config := read(files.Configs[0])
	require.Equal(t, "someone/model", config["base_model"])
	require.Equal(t, true, config["lora_target_linear"])
	require.Equal(t, 16, config["lora_r"])
	require.EqualValues(t, 0, config["val_set_size"])
	require.EqualValues(t, 0.05, config["warmup_ratio"])
	set := config["datasets"].([]any)[0].(map[string]any)
	require.Equal(t, "chat_template", set["type"])
	require.Equal(t, "train", set["message_field_training"])
	require.Equal(t, "dpo", read(files.Configs[1])["rl"])
	require.Equal(t, "completion", read(files.Configs[2])["datasets"].([]any)[0].(map[string]any)["type"])
}

// A preference with tools would be learnt without them; an Alpha that is no whole number is refused by Axolotl itself.
func TestAxolotlRefusesWhatItCannotHold(t *testing.T) {
	call := model.Message{Role: model.RoleAssistant, ToolCalls: []model.ToolCall{{Name: "rooms"}}}
	preference := func(change func(*rows.Row)) []rows.Row {
		list := exampleRows()
		change(&list[1])
		return list
	}
	for name, list := range map[string][]rows.Row{
		"tools":           preference(func(r *rows.Row) { r.Tools = []model.Tool{{Name: "rooms"}} }),
		"a call":          preference(func(r *rows.Row) { r.Messages[2] = call }),
		"a call rejected": preference(func(r *rows.Row) { r.Rejected[0] = call }),
		"a result": preference(func(r *rows.Row) {
			r.Messages = append([]model.Message{r.Messages[1], call, {Role: model.RoleTool, Content: "9"}}, r.Messages[2])
		}),
	} {
		dir := filepath.Join(t.TempDir(), "out")
		_, err := Axolotl(dir, list, Recipe{Base: "x"})
		require.ErrorIs(t, err, ErrUnsupported, name)
		require.ErrorContains(t, err, "row 2 b")
		require.NoDirExists(t, dir)
		_, err = TRL(dir, list, Recipe{Base: "x"})
		require.NoError(t, err, name)
		list[1].HeldOut = true
		_, err = Axolotl(dir, list, Recipe{Base: "x"})
		require.NoError(t, err, name)
	}
	_, err := Axolotl(t.TempDir(), exampleRows(), Recipe{Base: "x", Alpha: 8.5})
	require.ErrorContains(t, err, "Alpha is 8.5")
	_, err = Axolotl(t.TempDir(), exampleRows(), Recipe{Base: "x", Alpha: 8})
	require.NoError(t, err)
}

// A data set that is no longer there has no script that would fail without it.
func TestExportAgainWithFewerRows(t *testing.T) {
	for _, write := range []func(string, []rows.Row, Recipe) (*Files, error){TRL, Axolotl} {
		dir := t.TempDir()
		first, err := write(dir, exampleRows(), Recipe{Base: "x"})
		require.NoError(t, err)
		require.Len(t, first.Configs, 3)
		second, err := write(dir, exampleRows()[:1], Recipe{Base: "x"})
		require.NoError(t, err)
		require.Equal(t, first.Configs[:1], second.Configs)
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		require.NoError(t, err)
		require.ElementsMatch(t, []string{second.Rows, second.Configs[0]}, left)
	}
}

func TestExportErrors(t *testing.T) {
	for want, c := range map[string]struct {
		rows   []rows.Row
		recipe Recipe
	}{
		"no base model":                     {exampleRows(), Recipe{}},
		"there are no rows":                 {nil, Recipe{Base: "x"}},
		"does not end with a response":      {[]rows.Row{{ID: "a"}}, Recipe{Base: "x"}},
		"set Architecture":                  {exampleRows(), Recipe{Base: "x", Targets: []string{"attn_q"}}},
		`target "ffn_gate_exps"`:            {exampleRows(), Recipe{Base: "x", Architecture: "llama", Targets: []string{"ffn_gate_exps"}}},
		"Rank is -1, which is out of range": {exampleRows(), Recipe{Base: "x", Rank: -1, Alpha: 1}},
		"LearningRate is -1":                {exampleRows(), Recipe{Base: "x", LearningRate: -1}},
		"Dropout is 1":                      {exampleRows(), Recipe{Base: "x", Dropout: 1}},
		"HeldOut is 1":                      {exampleRows(), Recipe{Base: "x", HeldOut: opt.Of(1.0)}},
		"WarmUp is -0.1":                    {exampleRows(), Recipe{Base: "x", WarmUp: opt.Of(-0.1)}},
		"Beta is NaN":                       {exampleRows(), Recipe{Base: "x", Beta: math.NaN()}},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		_, err := TRL(dir, c.rows, c.recipe)
		require.ErrorContains(t, err, want)
		require.NoDirExists(t, dir)
		_, err = Axolotl(dir, c.rows, c.recipe)
		require.ErrorContains(t, err, strings.TrimSpace(want))
	}
}
