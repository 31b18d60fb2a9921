package opt

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestUnsetIsNotZero(t *testing.T) {
	var unset Value[int]
	require.Equal(t, 7, unset.Or(7))
	require.False(t, unset.IsSet())
	require.True(t, unset.IsZero())

	zero := Of(0)
	require.Equal(t, 0, zero.Or(7))
	require.True(t, zero.IsSet())
	require.False(t, zero.IsZero())

	require.False(t, unset == zero)
	require.True(t, zero == Of(0))
	require.False(t, zero == Of(1))
}

// options are as those of this module: compared, printed into hashes and kept in files.
type options struct {
	Layers Value[int]     `json:"layers,omitzero" yaml:"layers,omitempty"`
	Share  Value[float64] `json:"share,omitzero" yaml:"share,omitempty"`
	Name   Value[string]  `json:"name" yaml:"name"`
}

func TestPrinted(t *testing.T) {
	require.Equal(t, "{Layers:0 Share:unset Name:a}", fmt.Sprintf("%+v", options{Layers: Of(0), Name: Of("a")}))
	require.Equal(t, "0.25", fmt.Sprint(Of(0.25)))
}

func TestJSON(t *testing.T) {
	for want, o := range map[string]options{
		`{"name":null}`:                          {},
		`{"layers":0,"share":0.5,"name":""}`:     {Layers: Of(0), Share: Of(0.5), Name: Of("")},
		`{"layers":-3,"share":0,"name":"\"\\u"}`: {Layers: Of(-3), Share: Of(0.0), Name: Of(`"\u`)},
	} {
		text, err := json.Marshal(o)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
		back := options{Share: Of(9.0)}
		if o.Share.IsSet() {
			require.NoError(t, json.Unmarshal(text, &back))
			require.Equal(t, o, back)
		}
	}
	o := options{Layers: Of(4)}
	require.NoError(t, json.Unmarshal([]byte(`{"layers":null}`), &o))
	require.Equal(t, options{}, o)
	for _, bad := range []string{`{"layers":"4"}`, `{"layers":1.5}`, `{"layers":[]}`} {
		o := options{Layers: Of(4)}
		require.Error(t, json.Unmarshal([]byte(bad), &o), bad)
		require.Equal(t, Of(4), o.Layers, "left as it was")
	}
}

func TestYAML(t *testing.T) {
	for want, o := range map[string]options{
		"name: null\n":                        {},
		"layers: 0\nshare: 0.5\nname: \"\"\n": {Layers: Of(0), Share: Of(0.5), Name: Of("")},
	} {
		text, err := yaml.Marshal(o)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
		var back options
		require.NoError(t, yaml.Unmarshal(text, &back))
		require.Equal(t, o, back)
	}
	for _, bad := range []string{"layers: four", "layers: []"} {
		require.Error(t, yaml.Unmarshal([]byte(bad), new(options)), bad)
	}
}
