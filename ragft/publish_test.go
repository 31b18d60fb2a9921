package ragft

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Modelfile names the model from the folder that it really stands in.
func TestModelfileBehindALink(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Chdir(root)
	require.NoError(t, os.MkdirAll("elsewhere/deep", 0o700))
	require.NoError(t, os.Symlink(filepath.Join(root, "elsewhere", "deep"), "linked"))
	require.NoError(t, os.WriteFile("base.gguf", []byte("GGUF"), 0o600))
	p, err := Open(t.Context(), Config{Model: "base.gguf", Publish: PublishConfig{Modelfile: "linked/../Modelfile"}})
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Publish(t.Context())
	require.NoError(t, err)
	text, err := os.ReadFile("elsewhere/Modelfile")
	require.NoError(t, err)
	require.Contains(t, string(text), "FROM "+filepath.Join(root, "base.gguf")+"\n")
}
