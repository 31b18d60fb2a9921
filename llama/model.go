//go:build cgo

package llama

// #cgo CXXFLAGS: -std=c++17 -O3
// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"runtime/cgo"
	"sync"
	"syscall"
	"unsafe"

	"github.com/ragft/ragft/internal/filehash"
	"github.com/ragft/ragft/internal/llamacpp"
	"github.com/ragft/ragft/ragft/opt"
)

// ModelOptions are the options of [Load]. The zero value maps the file into memory and uses a GPU if llama.cpp was built
// for one.
type ModelOptions struct {
	// GPULayers is the number of layers to keep on the GPU, or on the Servers. Unset means all; opt.Of(0) means none,
	// so that the CPU computes everything. It has no effect where llama.cpp was built without a GPU backend and there
	// are no Servers.
	GPULayers opt.Value[int]

	// Servers are the addresses, each host:port, of ggml RPC servers. Their devices hold layers before the GPUs of this
	// machine do, in proportion to their free memory. They are for models that do not fit one machine. llama.cpp's
	// ggml-rpc-server is one (./build.sh --tools builds it). It must be of the same release, and serves one program at a
	// time. The protocol has neither authentication nor encryption, and servers trust their input: use it only in a
	// network in which you trust every machine.
	//
	// Load fails if a server cannot be reached. If one fails later, so does every call on the model from then on: close
	// the model and load it again. These errors wrap [ErrServer].
	Servers []string

	// NoMmap reads the file into memory. By default the file is mapped: loading is fast and processes share one copy,
	// but the file must not change while it is open.
	NoMmap bool

	// NoRepack keeps quantised weights in the layout of the file. By default llama.cpp may rearrange them for this CPU,
	// which is faster, takes additional memory and changes results in the last bits.
	NoRepack bool

	// VerifyHash makes [Model.Hash] always read the file.
	VerifyHash bool

	// CheckTensors makes Load fail if a weight is not a finite number. It reads the whole file.
	CheckTensors bool

	// OnProgress, if set, is called while loading with the fraction that is done, from 0 to 1, on the goroutine that
	// called Load.
	OnProgress func(done float64)
}

func (o ModelOptions) check() error {
	switch n := o.GPULayers.Or(1); {
	case n < 0:
		return fmt.Errorf("ModelOptions.GPULayers is %d; it must be 0 or more, or unset for all layers", n)
	case n == 0 && len(o.Servers) > 0:
		return errors.New("ModelOptions.GPULayers is 0, which leaves no layer for the Servers")
	}
	return nil
}

// Model is a loaded GGUF model. Its methods may be called by several goroutines at the same time.
type Model struct {
	path     string
	files    []string // path, followed by the other parts of a split model
	options  ModelOptions
	info     C.ragft_model_info
	vocab    vocabulary
	metadata map[string]string
	shapes   map[string][]int64 // of the tensors, by name, to check adapters
	template string
	plain    bool // template is plainTemplate
	leak     *leak
	devices  *llamacpp.Devices // nil without Servers

	hashMu sync.Mutex
	hash   string

	chatMu     sync.Mutex // held while the template is parsed
	chatParsed bool
	chat       *C.ragft_chat
	chatCaps   C.uint32_t
	chatErr    error
	chatNames  specials // special tokens, and marks of the template

	// mu is held for reading while llama.cpp uses ptr, for as long as a long text takes. Only Close locks it for writing. A
	// scheduler never takes it, as all its requests would wait. The locks below are taken after mu: contextsMu alone, and
	// adaptersMu before adapterList.
	mu       sync.RWMutex
	ptr      *C.ragft_model
	closed   bool
	retained sync.WaitGroup // requests that name adapters, and grammars that are read

	contextsMu sync.Mutex
	contexts   map[*Context]struct{}

	adaptersMu  sync.Mutex // guards the fields of the adapters, too
	adapters    map[*Adapter]struct{}
	adapterList sync.RWMutex // guards llama.cpp's list of the model's adapters, which it reads to make a context and to plan a graph
}

// Load opens the GGUF model at path, or at its first file if the model is split. The files are checked before llama.cpp
// reads them, as it ends the process on some damaged files. Errors wrap [ErrNotGGUF], [ErrCorrupt], [ErrUnsupported],
// [ErrServer] or an *fs.PathError.
//
// If ctx ends, loading stops at the next tensor and Load returns the error of ctx. The model must be closed.
func Load(ctx context.Context, path string, options ModelOptions) (*Model, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m := &Model{path: path, options: options}
	if err := options.check(); err != nil {
		return nil, fmt.Errorf("llama: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("llama: loading %s: %w", path, err)
	}
	if err := m.loadOn(ctx, options.Servers); err != nil {
		return nil, fmt.Errorf("llama: loading %s: %w", path, err)
	}
	m.contexts = map[*Context]struct{}{}
	m.adapters = map[*Adapter]struct{}{}
	m.leak = watch(m, "Model")
	return m, nil
}

// loadOn is load with layers on the servers.
func (m *Model) loadOn(ctx context.Context, servers []string) (err error) {
	start()
	if m.devices, err = llamacpp.OpenDevices(ctx, servers); err != nil {
		return err
	}
	if err = m.load(ctx); err == nil {
		err = m.devices.Err()
		if err != nil {
			C.ragft_model_free(m.ptr)
		}
	} else if failed := m.devices.Err(); failed != nil {
		err = failed
	}
	if err != nil {
		m.devices.Close()
	}
	return err
}

func (m *Model) load(ctx context.Context) error {
	p := &progress{ctx: ctx, report: m.options.OnProgress}
	handle := cgo.NewHandle(p)
	defer handle.Delete()
	params := C.ragft_model_params{
		gpu_layers:    C.int32_t(min(m.options.GPULayers.Or(-1), 1<<20)), // -1: all
		mmap:          C.bool(!m.options.NoMmap),
		repack:        C.bool(!m.options.NoRepack),
		check_tensors: C.bool(m.options.CheckTensors),
		progress:      C.uintptr_t(handle),
		devices:       m.devices.List(),
	}
	cpath := C.CString(m.path)
	defer C.free(unsafe.Pointer(cpath))
	var cerr C.ragft_error
	code := C.ragft_model_load(cpath, &params, &m.ptr, &cerr)
	if p.panicked != nil {
		C.ragft_model_free(m.ptr)
		panic(p.panicked)
	}
	switch {
	case code == C.RAGFT_ABORTED:
		return ctx.Err()
	case code != C.RAGFT_OK:
		return fmt.Errorf("%w: %s", ErrUnsupported, errorText(&cerr))
	}
	if err := m.describe(); err != nil {
		C.ragft_model_free(m.ptr)
		return err
	}
	return nil
}

// describe copies the constant properties of the model to Go, so that most methods need no call into C.
func (m *Model) describe() error {
	C.ragft_model_describe(m.ptr, &m.info)
	if err := m.vocab.read(m.ptr, int(m.info.n_vocab)); err != nil {
		return err
	}
	var size C.size_t
	blob := C.ragft_model_metadata(m.ptr, &size)
	if blob == nil {
		return errors.New("out of memory")
	}
	defer C.ragft_free(unsafe.Pointer(blob))
	m.metadata = map[string]string{}
	for b := unsafe.Slice((*byte)(unsafe.Pointer(blob)), int(size)); len(b) > 0; {
		var key, value string
		key, b = field(b)
		value, b = field(b)
		m.metadata[key] = value
	}
	if m.template = C.GoString(C.ragft_model_chat_template(m.ptr)); m.template == "" {
		m.template, m.plain = plainTemplate, true
	}
	return nil
}

// field returns the first length-prefixed string of b, and the rest.
func field(b []byte) (string, []byte) {
	n := binary.NativeEndian.Uint32(b)
	return string(b[4 : 4+n]), b[4+n:]
}

// progress is what goLlamaProgress needs while a model loads.
type progress struct {
	ctx      context.Context
	report   func(float64)
	panicked any
}

//export goLlamaProgress
func goLlamaProgress(handle C.uintptr_t, done C.float) (proceed C.bool) {
	p := cgo.Handle(handle).Value().(*progress)
	defer func() { // a panic must not cross the C++ frames below: load panics again after them
		if r := recover(); r != nil {
			p.panicked, proceed = r, false
		}
	}()
	if p.ctx.Err() != nil {
		return false
	}
	if p.report != nil {
		p.report(float64(done))
	}
	return true
}

// Close closes the model's contexts and adapters, interrupting what is running, and frees the model. Closing twice is
// harmless.
func (m *Model) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock() // no context or adapter is added any more
	m.contextsMu.Lock()
	contexts := maps.Clone(m.contexts)
	m.contextsMu.Unlock()
	for c := range contexts {
		_ = c.Close()
	}
	m.adaptersMu.Lock()
	adapters := maps.Clone(m.adapters)
	m.adaptersMu.Unlock()
	for a := range adapters {
		_ = a.Close()
	}
	m.retained.Wait() // requests ended with the contexts
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeTemplate()
	C.ragft_model_free(m.ptr)
	m.ptr = nil
	m.devices.Close()
	llamacpp.Trim()
	m.leak.done()
	return nil
}

// use holds the model open until release is called.
func (m *Model) use() (release func(), err error) {
	m.mu.RLock()
	if m.closed {
		m.mu.RUnlock()
		return nil, ErrClosed
	}
	return m.mu.RUnlock, nil
}

// Path returns the path that the model was loaded from.
func (m *Model) Path() string { return m.path }

// Metadata returns the file's metadata as text, without arrays. The caller owns the map.
func (m *Model) Metadata() map[string]string { return maps.Clone(m.metadata) }

// Architecture returns llama.cpp's name of the model's family, for instance "llama" or "qwen3".
func (m *Model) Architecture() string { return m.metadata["general.architecture"] }

// ChatTemplate returns the Jinja source of the model's chat template. Where the file has none, as in those of base models,
// it is that of the plain layout; see [Model.Plain].
func (m *Model) ChatTemplate() string { return m.template }

// Plain reports that the file has no chat template, so that conversations are rendered in a plain layout: the messages with
// blank lines between them, and "Answer:" before what the assistant says. A model that was not trained on conversations
// goes on after its answer with a question of its own, so end an answer at the end of its line.
func (m *Model) Plain() bool { return m.plain }

// ContextLength returns the context length that the model was trained with, in tokens.
func (m *Model) ContextLength() int { return int(m.info.n_ctx_train) }

// EmbeddingLength returns the size of the model's hidden state.
func (m *Model) EmbeddingLength() int { return int(m.info.n_embd) }

// Dimensions returns the length of the vectors of [Context.Embed], which some models make shorter or longer than their hidden state.
func (m *Model) Dimensions() int { return int(m.info.n_embd_out) }

// Layers returns the number of layers.
func (m *Model) Layers() int { return int(m.info.n_layer) }

// Parameters returns the number of parameters.
func (m *Model) Parameters() uint64 { return uint64(m.info.parameters) }

// Bytes returns the size of the weights in bytes.
func (m *Model) Bytes() uint64 { return uint64(m.info.bytes) }

// Hash returns the SHA-256 of the model's file in hexadecimal. For a model in several files it is the hash of all of
// them in order. The first successful call reads the files, unless ragft/hashes.json of [os.UserCacheDir] has their hash and
// their sizes, times and inode numbers have not changed. Errors are those of reading and of ctx.
func (m *Model) Hash(ctx context.Context) (string, error) {
	m.hashMu.Lock()
	defer m.hashMu.Unlock()
	if m.hash != "" {
		return m.hash, nil
	}
	hash, err := filehash.SHA256(ctx, m.options.VerifyHash, m.files...)
	if err != nil {
		return "", fmt.Errorf("llama: hashing the model: %w", err)
	}
	m.hash = hash
	return hash, nil
}

func errorText(e *C.ragft_error) string {
	if text := C.GoString(&e.text[0]); text != "" {
		return text
	}
	return "llama.cpp gave no reason"
}

// failure returns what a call gave as its error. It wraps the system's error number, if the system refused something.
func failure(e *C.ragft_error) error {
	if e.code != 0 {
		return &systemError{errorText(e), syscall.Errno(e.code)}
	}
	return errors.New(errorText(e))
}

// systemError is an error of the system, whose text says it all.
type systemError struct {
	text   string
	number syscall.Errno
}

func (e *systemError) Error() string { return e.text }
func (e *systemError) Unwrap() error { return e.number }
