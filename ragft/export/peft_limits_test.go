package export

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// These beginnings leave the base as it was.
func TestBeginningsThatKeepTheBase(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{})
	for _, method := range []any{true, false, "gaussian", "Gaussian", "eva", "orthogonal"} {
		dir := peftFolder(t, map[string]any{"init_lora_weights": method}, map[string][3]int64{"model.layers.0.mlp.up_proj": {64, 96, 2}})
		require.NoError(t, FromPEFT(dir, base, filepath.Join(t.TempDir(), "a.gguf")), method)
	}
}

// PEFT saves the base's own weight beside the matrices of an output or an embedding.
func TestWeightOfTheBaseIsPassedOver(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{})
	dir, again := t.TempDir(), filepath.Join(t.TempDir(), "again.gguf")
	adapter := filepath.Join(dir, "a.gguf")
	require.NoError(t, testmodel.WriteAdapter(adapter, base, testmodel.AdapterSpec{Targets: []string{"output", "token_embd"}}))
	require.NoError(t, ToPEFT(adapter, base, dir, ToPEFTOptions{}))
	weights := filepath.Join(dir, weightsFile)
	tensors, err := readSafetensors(weights)
	require.NoError(t, err)
	copied := func(module string) tensor {
		return tensor{"base_model.model." + module + ".base_layer.weight", "F32", []int64{2, 2}, make([]byte, 16)}
	}
	tensors = append(tensors, copied("lm_head"), copied("model.embed_tokens"))
	require.NoError(t, writeSafetensors(weights, tensors))
	require.NoError(t, FromPEFT(dir, base, again))
	requireSameAdapter(t, adapter, again)

	require.NoError(t, writeSafetensors(weights, append(tensors, copied("model.layers.0.mlp.up_proj"))))
	err = FromPEFT(dir, base, again)
	require.ErrorIs(t, err, ErrUnsupported)
	require.ErrorContains(t, err, "model.layers.0.mlp.up_proj, which has no matrices")
}

// An adapter of some layers is trained on as one of these layers.
func TestTargetsAreThoseOfTheAdapter(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{})
	source := peftFolder(t, nil, map[string][3]int64{"model.layers.1.mlp.up_proj": {64, 96, 2}})
	adapter, dir := filepath.Join(t.TempDir(), "a.gguf"), t.TempDir()
	require.NoError(t, FromPEFT(source, base, adapter))
	require.NoError(t, ToPEFT(adapter, base, dir, ToPEFTOptions{}))
	config, err := readConfig(filepath.Join(dir, configFile))
	require.NoError(t, err)
	require.Equal(t, []any{"model.layers.1.mlp.up_proj"}, config.Targets)
}

func TestWhatCannotBeConverted(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{})
	up := map[string][3]int64{"model.layers.0.mlp.up_proj": {64, 96, 2}}
	for name, c := range map[string]struct {
		config  map[string]any
		modules map[string][3]int64
		want    string
	}{
		"another method": {map[string]any{"peft_type": "IA3"}, up, `the type "IA3"`},
		"DoRA":           {map[string]any{"use_dora": true}, up, "DoRA"},
		"biases":         {map[string]any{"bias": "all"}, up, "biases"},
		"whole modules":  {map[string]any{"modules_to_save": []string{"lm_head"}}, up, "modules_to_save"},
		"PiSSA":          {map[string]any{"init_lora_weights": "pissa_niter_16"}, up, "path_initial_model_for_weight_conversion"},
		"OLoRA":          {map[string]any{"init_lora_weights": "olora"}, up, `began by "olora"`},
		"LoftQ":          {map[string]any{"init_lora_weights": "loftq"}, up, "changes the weights of the base"},
		"rank":           {map[string]any{"r": 4}, up, "has rank 2"},
		"pattern":        {map[string]any{"rank_pattern": map[string]int{"(": 3}}, up, "pattern \"("},
		"no alpha":       {map[string]any{"lora_alpha": 0}, up, "is 0"},
		"expert": {nil, map[string][3]int64{"model.layers.0.mlp.experts.3.up_proj": {64, 96, 2}},
			"not supported by the other format"},
		"no layer":   {nil, map[string][3]int64{"model.layers.7.mlp.up_proj": {64, 96, 2}}, "no weight blk.7.ffn_up"},
		"other size": {nil, map[string][3]int64{"model.layers.0.mlp.up_proj": {32, 96, 2}}, "another model"},
		"twice": {nil, map[string][3]int64{"model.layers.0.mlp.up_proj": {64, 96, 2}, "layers.0.mlp.up_proj": {64, 96, 2}},
			"both stand for the weight"},
		"nothing": {nil, nil, "the adapter is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			adapter := filepath.Join(t.TempDir(), "adapter.gguf")
			require.ErrorContains(t, FromPEFT(peftFolder(t, c.config, c.modules), base, adapter), c.want)
			require.NoFileExists(t, adapter)
		})
	}
	moe := testmodel.New(t, testmodel.Spec{Arch: "mamba"})
	require.ErrorIs(t, FromPEFT(peftFolder(t, nil, up), moe, "x"), ErrUnsupported)
	adapter := filepath.Join(t.TempDir(), "a.gguf")
	require.NoError(t, testmodel.WriteAdapter(adapter, base, testmodel.AdapterSpec{}))
	require.ErrorContains(t, ToPEFT(adapter, testmodel.New(t, testmodel.Spec{Arch: "qwen2"}), t.TempDir(), ToPEFTOptions{}), "architecture")
	require.ErrorContains(t, ToPEFT(base, base, t.TempDir(), ToPEFTOptions{}), "not an adapter")
	require.ErrorContains(t, ToPEFT(adapter, testmodel.New(t, testmodel.Spec{Width: 32}), t.TempDir(), ToPEFTOptions{}), "another model")
}
