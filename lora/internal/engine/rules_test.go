//go:build cgo

package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/lora/internal/engine/enginetest"
)

// Every rule, over shapes and types, against central differences: with the kernels, and composed of forward ops.
func TestRules(t *testing.T) {
	names := enginetest.RuleCases()
	require.Greater(t, len(names), 100)
	for i, name := range names {
		for _, composed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/composed=%v", name, composed), func(t *testing.T) {
				if composed && strings.HasSuffix(name, "(kernels only)") {
					t.Skip("ggml's soft-max over nothing is not a number")
				}
				rule, difference, message := enginetest.CheckRule(i, composed)
				if name == "no rule" {
					require.Equal(t, "no rule for op HARDSWISH of tensor act-17, layer 17", message)
					return
				}
				require.Empty(t, message)
				require.NotEmpty(t, rule)
				for k := range rule {
					require.InEpsilon(t, difference[k], rule[k], 0.01, "tensor %d", k)
				}
			})
		}
	}
}

func TestEveryRuleIsChecked(t *testing.T) {
	require.Empty(t, enginetest.RuleWithoutCase())
}
