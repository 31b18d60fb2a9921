//go:build cgo

package llama

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
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
	users  int // contexts and requests that use it: the memory lives until none does

	tryOnce sync.Once
	tryErr  error
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
	code := C.ragft_adapter_load(m.ptr, cpath, &a.ptr, &cerr)
	if err := m.devices.Err(); err != nil {
		C.ragft_adapter_free(a.ptr)
		return nil, fmt.Errorf("llama: loading adapter %s: %w", path, err)
	}
	if code != C.RAGFT_OK {
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
	if err := m.checkUse(adapters); err != nil {
		return err
	}
	c.adapters = nil
	if err := c.apply(adapters, true); err != nil {
		_ = c.apply(nil, false)
		return err
	}
	c.adapters = slices.Clone(adapters)
	return nil
}

// checkUse tells whether a context of the model can compute with the adapters, under the model's lock.
func (m *Model) checkUse(adapters []AdapterScale) error {
	for i, s := range adapters {
		switch {
		case s.Adapter == nil || s.Adapter.closed:
			return fmt.Errorf("llama: adapter %d: %w", i, ErrClosed)
		case s.Adapter.model != m:
			return fmt.Errorf("llama: adapter %d: %w: it was loaded for another model", i, ErrAdapterMismatch)
		case slices.ContainsFunc(adapters[:i], func(before AdapterScale) bool { return before.Adapter == s.Adapter }):
			return fmt.Errorf("llama: adapter %d is given twice", i)
		case math.IsNaN(float64(s.Scale)) || math.IsInf(float64(s.Scale), 0):
			return fmt.Errorf("llama: adapter %d: scale %v", i, s.Scale)
		}
	}
	return nil
}

// apply has llama.cpp compute with the adapters from the next batch on, under the model's lock.
func (c *Context) apply(adapters []AdapterScale, tryOut bool) error {
	ptrs := make([]*C.ragft_adapter, 0, len(adapters))
	scales := make([]C.float, 0, len(adapters))
	for _, s := range adapters {
		ptrs = append(ptrs, s.Adapter.ptr)
		scales = append(scales, C.float(s.Scale))
	}
	var cerr C.ragft_error
	code := C.ragft_context_set_adapters(c.ptr, unsafe.SliceData(ptrs), unsafe.SliceData(scales), C.int32_t(len(ptrs)), C.bool(tryOut),
		&cerr)
	retain(adapters)
	letGo(c.applied)
	c.applied = slices.Clone(adapters)
	if code != C.RAGFT_OK {
		return fmt.Errorf("llama: setting adapters: %w: %s", ErrAdapterMismatch, errorText(&cerr))
	}
	return nil
}

// retain keeps the memory of adapters until letGo, both under the model's lock.
func retain(adapters []AdapterScale) {
	for _, s := range adapters {
		s.Adapter.users++
	}
}

func letGo(adapters []AdapterScale) {
	for _, s := range adapters {
		s.Adapter.users--
		s.Adapter.free()
	}
}

// retainFor keeps adapters that a request names, until [Model.letGoFor], after making sure that llama.cpp can
// compute with each.
func (m *Model) retainFor(adapters []AdapterScale) error {
	if len(adapters) == 0 {
		return nil
	}
	m.mu.Lock()
	err := m.checkUse(adapters)
	if m.closed {
		err = ErrClosed
	}
	if err != nil {
		m.mu.Unlock()
		return err
	}
	retain(adapters)
	m.retained.Add(1)
	m.mu.Unlock()
	for _, s := range adapters {
		if err := s.Adapter.try(); err != nil {
			m.letGoFor(adapters)
			return err
		}
	}
	return nil
}

func (m *Model) letGoFor(adapters []AdapterScale) {
	if len(adapters) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	letGo(adapters)
	m.retained.Done()
}

// try computes with the adapter once, in a small context of its own: trying it in one that is at work would
// forget what that holds.
func (a *Adapter) try() error {
	a.tryOnce.Do(func() {
		c, err := a.model.NewContext(ContextOptions{Size: 256, Sequences: 1, BatchSize: 2, Threads: 1})
		if err != nil {
			a.tryErr = err
			return
		}
		a.tryErr = errors.Join(c.SetAdapters(AdapterScale{Adapter: a, Scale: 1}), c.Close())
	})
	return a.tryErr
}
