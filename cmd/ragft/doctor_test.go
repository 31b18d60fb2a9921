//go:build cgo

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Doctor tells of all that it finds, also where something is damaged.
func TestDoctorTellsOfDamage(t *testing.T) {
	workplace(t)
	must(t, "index")
	require.NoError(t, os.WriteFile(".ragft/rows.jsonl", []byte("{"), 0o600))
	found := failed[diagnosis](t, exitMissing, "doctor")
	var adapter finding
	for _, f := range found.Findings {
		if f.Name == "adapter" {
			adapter = f
		}
	}
	require.Equal(t, missing, adapter.Status)
	require.Contains(t, adapter.Detail, "rows.jsonl:1")

	require.NoError(t, os.WriteFile(".ragft/steps.json", []byte("{"), 0o600))
	found = failed[diagnosis](t, exitMissing, "doctor")
	require.Contains(t, found.Findings, finding{"steps", missing, found.Findings[len(found.Findings)-1].Detail, ""})
}
