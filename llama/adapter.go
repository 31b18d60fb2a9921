//go:build cgo

package llama

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// An Adapter is a LoRA adapter of one Model, loaded. [Context.SetAdapters] puts it to use.
type Adapter struct {
	model *Model
	path  string
	leak  *leak

	// Guarded by model.mu.
	ptr    *C.ragft_adapter
	closed bool
	users  int // contexts that use it: the memory lives until none does
}

// LoadAdapter opens the LoRA adapter at path for this model. The error wraps [ErrAdapterMismatch] if the
// adapter belongs to another base, [ErrNotGGUF] or [ErrCorrupt] if the file is not sound. The adapter must
// be closed, or its model.
func (m *Model) LoadAdapter(path string) (*Adapter, error) {
	if release, err := m.use(); err != nil {
		return nil, err
	} else {
		release()
	}
	if err := m.checkAdapter(path); err != nil {
		return nil, fmt.Errorf("llama: loading adapter %s: %w", path, err)
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	m.mu.Lock() // llama.cpp writes the adapter into the model
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	a := &Adapter{model: m, path: path}
	var cerr C.ragft_error
	if code := C.ragft_adapter_load(m.ptr, cpath, &a.ptr, &cerr); code != C.RAGFT_OK {
		return nil, fmt.Errorf("llama: loading adapter %s: %w: %s", path, ErrAdapterMismatch, errorText(&cerr))
	}
	m.adapters[a] = struct{}{}
	a.leak = watch(a, "Adapter")
	return a, nil
}

// Path returns the path that the adapter was loaded from.
func (a *Adapter) Path() string { return a.path }

// Close frees the adapter. A context that uses it goes on using it until its adapters are changed or it
// is closed; only then is the memory freed. Closing twice is harmless.
func (a *Adapter) Close() error {
	a.model.mu.Lock()
	defer a.model.mu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	a.leak.done()
	delete(a.model.adapters, a)
	a.free()
	return nil
}

// free frees the memory of a closed adapter without users, under the model's lock.
func (a *Adapter) free() {
	if a.closed && a.users == 0 {
		C.ragft_adapter_free(a.ptr)
		a.ptr = nil
	}
}

// An AdapterScale is an adapter and how strongly it acts.
type AdapterScale struct {
	Adapter *Adapter

	// Scale multiplies the adapter's change of the weights, on top of the scale that its file asks for
	// (alpha / rank). 1 is the adapter as trained, 0 leaves it out. There is no default.
	Scale float32
}

// SetAdapters makes the context compute with these adapters and no others, from the next call on; without
// any, with the bare model. It waits for a running call to end. If it fails over what is in the adapters,
// the context has none.
func (c *Context) SetAdapters(adapters ...AdapterScale) error {
	release, err := c.acquire(context.Background())
	if err != nil {
		return err
	}
	defer release()
	m := c.model
	m.mu.Lock()
	defer m.mu.Unlock()
	ptrs := make([]*C.ragft_adapter, 0, len(adapters))
	scales := make([]C.float, 0, len(adapters))
	used := make([]*Adapter, 0, len(adapters))
	for i, s := range adapters {
		switch {
		case s.Adapter == nil || s.Adapter.closed:
			return fmt.Errorf("llama: adapter %d: %w", i, ErrClosed)
		case s.Adapter.model != m:
			return fmt.Errorf("llama: adapter %d: %w: it was loaded for another model", i, ErrAdapterMismatch)
		case slices.Contains(used, s.Adapter):
			return fmt.Errorf("llama: adapter %d is given twice", i)
		case math.IsNaN(float64(s.Scale)) || math.IsInf(float64(s.Scale), 0):
			return fmt.Errorf("llama: adapter %d: scale %v", i, s.Scale)
		}
		ptrs = append(ptrs, s.Adapter.ptr)
		scales = append(scales, C.float(s.Scale))
		used = append(used, s.Adapter)
	}
	var cerr C.ragft_error
	code := C.ragft_context_set_adapters(c.ptr, unsafe.SliceData(ptrs), unsafe.SliceData(scales), C.int32_t(len(ptrs)), &cerr)
	if code != C.RAGFT_OK {
		C.ragft_context_set_adapters(c.ptr, nil, nil, 0, new(C.ragft_error))
		c.setUsed(nil)
		return fmt.Errorf("llama: setting adapters: %w: %s", ErrAdapterMismatch, errorText(&cerr))
	}
	c.setUsed(used)
	return nil
}

// setUsed counts the context's adapters, under the model's lock.
func (c *Context) setUsed(used []*Adapter) {
	for _, a := range used {
		a.users++
	}
	for _, a := range c.adapters {
		a.users--
		a.free()
	}
	c.adapters = used
}
