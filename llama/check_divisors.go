//go:build cgo

package llama

import (
	"fmt"
	"slices"
	"strings"
)

// divisors are numbers by which llama.cpp divides without a look at them, so that 0 would end the process. Where 0 means "none" for
// some architectures, prefixes of names say which ones divide.
var divisors = []struct {
	key    string
	only   []string
	except []string
}{
	{key: "full_attention_interval"},
	{key: "wkv.head_size"},
	{key: "ssm.time_step_rank"},
	{key: "ssm.group_count", except: []string{"plamo2"}},
	{key: "experts_per_group"},
	{key: "attention.output_group_count"},
	{key: "attention.head_count", only: []string{"olmo2", "phimoe", "gemma2", "gemma3", "deepseek2"}},
}

// checkDivisors rejects zeros by which llama.cpp would divide.
func (h hyperparameters) checkDivisors() error {
	ours := func(archs []string) bool {
		return slices.ContainsFunc(archs, func(arch string) bool { return strings.HasPrefix(h.arch, arch) })
	}
	for _, d := range divisors {
		if d.only != nil && !ours(d.only) || ours(d.except) {
			continue
		}
		values, err := h.numbers(d.key)
		if err != nil {
			return err
		}
		// one that is missing is refused by llama.cpp, or has a default, except for the number of heads
		if len(values) == 0 && d.only != nil || len(values) > 0 && values[0] == 0 {
			return fmt.Errorf("%s.%s must be 1 or more", h.arch, d.key)
		}
	}
	width, _ := h.Uint(h.arch + ".embedding_length")
	if size, _ := h.Uint(h.arch + ".wkv.head_size"); size > width {
		return fmt.Errorf("a head of %d in a model of width %d", size, width)
	}
	return h.checkExperts()
}

// checkExperts checks what the size of an expert is computed from if the file does not say it: the size of all those that
// a token uses, by their number.
func (h hyperparameters) checkExperts() error {
	if !slices.Contains([]string{"qwen3next", "qwen35moe", "qwen4exp", "nemotron_h", "nemotron_h_moe"}, h.arch) {
		return nil
	}
	size, err := h.numbers("expert_feed_forward_length")
	if err != nil {
		return err
	}
	used, err := h.numbers("expert_used_count")
	if err != nil {
		return err
	}
	all, err := h.numbers("feed_forward_length")
	if err != nil {
		return err
	}
	count, _ := h.Uint(h.arch + ".expert_count")
	dense := strings.HasPrefix(h.arch, "nemotron") // has layers, and models, without experts
	for i := range max(len(size), len(used), len(all), 1) {
		without := dense && (count == 0 || at(all, i) == 0)
		if at(size, i) == 0 && at(used, i) == 0 && !without {
			return fmt.Errorf("%s: layer %d has neither a size nor a number of experts", h.arch, i)
		}
		if !dense {
			break // the first layer counts for all
		}
	}
	return nil
}

// at returns the value of one layer, or that of all, or 0.
func at(values []uint64, layer int) uint64 {
	switch {
	case len(values) == 1:
		return values[0]
	case layer < len(values):
		return values[layer]
	}
	return 0
}
