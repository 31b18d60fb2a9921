//go:build cgo

package local

import (
	"errors"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/opt"
)

// Options says how [Open] and [OpenServer] open a model. The zero value works.
// Negative numbers are errors.
type Options struct {
	// Sequences is the number of answers that are generated at a time, at most
	// 255; 0 = 8.
	Sequences int
	// ContextTokens is the number of tokens that are held for all of them
	// together, a prompt that several samples share counted once; 0 = the length
	// that the model was trained on, but at least 4096 and at most 8192. The
	// memory needed grows with it.
	ContextTokens int
	// Threads is the number of threads that compute; 0 = the number of cores.
	Threads int
	// GPULayers is the number of layers on the GPU, if the build has one;
	// unset = all that there are, opt.Of(0) = none.
	GPULayers opt.Value[int]
	// Servers are ggml RPC servers, each host:port, that hold a part of the
	// layers; nil = none. See [llama.ModelOptions] for what they are and which to
	// trust. GPULayers must not be 0 then.
	Servers []string
	// Queue is the number of requests that may wait for a [Server] before more
	// are refused with [llama.ErrBusy]; 0 = 64, [math.MaxInt] = no limit.
	// OpenServer only.
	Queue int
	// SeparateCaches gives each of the Sequences of a [Server] memory for
	// ContextTokens tokens of its own: faster if requests have little in common,
	// for that many times the memory; false = all share one. OpenServer only.
	// See [llama.BatcherOptions].
	SeparateCaches bool
	// Attention is how attention is computed: flash, plain or auto. "" = auto: by
	// rule on a GPU and for models below 16 million parameters; else what was
	// faster when it was measured, once, for one to three seconds. That is kept in
	// ragft/attention.json of [os.UserCacheDir], by the shape of the model's
	// attention, threads and llama.cpp's version.
	Attention string
	// AttentionFile keeps what auto chose, by the model's hash, so that all that is
	// made with one file is made in the same way; "" = no file.
	AttentionFile string
	// Verify reads the model's file again to hash it. False = the hash stored in
	// ragft/hashes.json of [os.UserCacheDir] is used while size, times and inode
	// number of the file are the same.
	Verify bool
	// OnProgress is called while the model is loaded, with the share that is
	// done, from 0 to 1; nil = none.
	OnProgress func(done float64)
}

// checkOpen refuses what only a server has.
func (o Options) checkOpen() error {
	if o.Queue != 0 || o.SeparateCaches {
		return errors.New("the options Queue and SeparateCaches are for OpenServer")
	}
	return nil
}

func (f *file) contextOptions() llama.ContextOptions {
	o := f.options
	c := llama.ContextOptions{Size: o.ContextTokens, Sequences: o.Sequences, Threads: o.Threads}
	if c.Size == 0 {
		c.Size = max(4096, min(f.model.ContextLength(), 8192))
	}
	f.attention.apply(&c)
	return c
}
