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

// Adapter is a loaded LoRA adapter of one Model. [Context.SetAdapters] or [Request.Adapters] apply it.
type Adapter struct {
	model *Model
	path  string
	leak  *leak

	// Guarded by model.adaptersMu. While there are users, ptr does not change.
	ptr    *C.ragft_adapter
	closed bool
	users  int // what contexts have and compute with, and requests; the memory is freed when there are none

	tryMu  sync.Mutex // held while it is tried
	tried  bool
	tryErr error // nil, or that llama.cpp cannot compute with it
}

// LoadAdapter loads the LoRA adapter at path for this model. The error wraps [ErrAdapterMismatch] if the adapter belongs to
// another base model, and [ErrNotGGUF] or [ErrCorrupt] if the file is not valid. The adapter or its model must be closed.
func (m *Model) LoadAdapter(path string) (*Adapter, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	if err := m.checkAdapter(path); err != nil {
		return nil, fmt.Errorf("llama: loading adapter %s: %w", path, err)
	}
	a := &Adapter{model: m, path: path}
	if err := a.load(); err != nil {
		return nil, fmt.Errorf("llama: loading adapter %s: %w", path, err)
	}
	a.leak = watch(a, "Adapter")
	m.adaptersMu.Lock()
	defer m.adaptersMu.Unlock()
	m.adapters[a] = struct{}{}
	return a, nil
}

func (a *Adapter) load() error {
	m := a.model
	cpath := C.CString(a.path)
	defer C.free(unsafe.Pointer(cpath))
	m.adapterList.Lock()
	defer m.adapterList.Unlock()
	var cerr C.ragft_error
	code := C.ragft_adapter_load(m.ptr, cpath, &a.ptr, &cerr)
	if err := m.devices.Err(); err != nil {
		C.ragft_adapter_free(a.ptr)
		return err
	}
	if code != C.RAGFT_OK {
		return fmt.Errorf("%w: %s", ErrAdapterMismatch, errorText(&cerr))
	}
	return nil
}

// Path returns the path that the adapter was loaded from.
func (a *Adapter) Path() string { return a.path }

// Close closes the adapter. Contexts keep using it until their adapters are changed or they are closed; only then is its
// memory freed. Closing twice is harmless.
func (a *Adapter) Close() error {
	a.model.adaptersMu.Lock()
	defer a.model.adaptersMu.Unlock()
	if a.closed {
		return nil
	}
	a.closed = true
	a.leak.done()
	delete(a.model.adapters, a)
	a.free()
	return nil
}

// free frees the memory of a closed adapter without users. adaptersMu must be locked, also so that the model, which closes
// all its adapters, is not freed before.
func (a *Adapter) free() {
	if a.closed && a.users == 0 {
		a.model.adapterList.Lock()
		defer a.model.adapterList.Unlock()
		C.ragft_adapter_free(a.ptr)
		a.ptr = nil
	}
}

// AdapterScale is an adapter and its scale.
type AdapterScale struct {
	Adapter *Adapter

	// Scale multiplies the adapter's update of the weights, on top of alpha / rank, which is in its file. 1 is the adapter
	// as trained, and 0 has no effect. There is no default.
	Scale float32
}

// SetAdapters replaces the adapters of the context, from the next call on. Without adapters it computes with the model
// alone. It waits for a running call to end, or for a batch of [Context.Embed] or [Context.Rank]. If llama.cpp rejects the
// adapters, the context has none.
func (c *Context) SetAdapters(adapters ...AdapterScale) error {
	release, err := c.acquire(context.Background())
	if err != nil {
		return err
	}
	defer release()
	m := c.model
	if err := c.reshape(c.layout); err != nil { // after a new cache that failed there is no native context
		return err
	}
	if err := m.retain(adapters); err != nil {
		return err
	}
	before := c.adapters
	c.adapters = slices.Clone(adapters)
	err = c.apply(adapters, true)
	m.release(before)
	if err != nil {
		_ = c.apply(nil, false)
		m.release(c.adapters)
		c.adapters = nil
	}
	return err
}

// checkUse returns an error unless a context of the model can compute with the adapters. adaptersMu must be locked.
func (m *Model) checkUse(adapters []AdapterScale) error {
	for i, s := range adapters {
		switch {
		case s.Adapter != nil && s.Adapter.model != m: // whose lock guards the rest
			return fmt.Errorf("llama: adapter %d: %w: it was loaded for another Model", i, ErrAdapterMismatch)
		case s.Adapter == nil || s.Adapter.closed:
			return fmt.Errorf("llama: adapter %d: %w", i, ErrClosed)
		case slices.ContainsFunc(adapters[:i], func(before AdapterScale) bool { return before.Adapter == s.Adapter }):
			return fmt.Errorf("llama: adapter %d is in the list twice", i)
		case math.IsNaN(float64(s.Scale)) || math.IsInf(float64(s.Scale), 0):
			return fmt.Errorf("llama: adapter %d: the scale is %v", i, s.Scale)
		}
	}
	return nil
}

// apply makes llama.cpp compute with the adapters from the next batch on. The caller has the context to itself, and the
// adapters are retained for it or for a request.
func (c *Context) apply(adapters []AdapterScale, tryOut bool) error {
	ptrs := make([]*C.ragft_adapter, 0, len(adapters))
	scales := make([]C.float, 0, len(adapters))
	for _, s := range adapters {
		ptrs = append(ptrs, s.Adapter.ptr)
		scales = append(scales, C.float(s.Scale))
	}
	var cerr C.ragft_error
	c.model.adapterList.RLock()
	code := C.ragft_context_set_adapters(c.ptr, unsafe.SliceData(ptrs), unsafe.SliceData(scales), C.int32_t(len(ptrs)), C.bool(tryOut),
		&cerr)
	c.model.adapterList.RUnlock()
	c.replan = true
	c.model.replace(c.applied, adapters)
	c.applied = slices.Clone(adapters)
	switch {
	case code != C.RAGFT_OK && cerr.code != 0:
		return fmt.Errorf("llama: setting adapters: %w", failure(&cerr))
	case code != C.RAGFT_OK:
		return fmt.Errorf("llama: setting adapters: %w: %s", ErrAdapterMismatch, errorText(&cerr))
	}
	return nil
}

// planned must be called before a batch, and what it returns after it. To plan its graph, llama.cpp reads the list of the model's
// adapters, which must not change meanwhile. Other batches do not wait while an adapter is loaded.
func (c *Context) planned() (done func()) {
	if !c.replan {
		return func() {}
	}
	c.model.adapterList.RLock()
	return func() {
		c.replan = false
		c.model.adapterList.RUnlock()
	}
}

// retain keeps the memory of adapters until release, if a context of the model can compute with them.
func (m *Model) retain(adapters []AdapterScale) error {
	m.adaptersMu.Lock()
	defer m.adaptersMu.Unlock()
	if err := m.checkUse(adapters); err != nil {
		return err
	}
	for _, s := range adapters {
		s.Adapter.users++
	}
	return nil
}

func (m *Model) release(adapters []AdapterScale) { m.replace(adapters, nil) }

// replace releases the adapters of before, and retains those of after, which others have retained, too: they may be closed.
func (m *Model) replace(before, after []AdapterScale) {
	m.adaptersMu.Lock()
	defer m.adaptersMu.Unlock()
	for _, s := range after {
		s.Adapter.users++
	}
	for _, s := range before {
		s.Adapter.users--
		s.Adapter.free()
	}
}

// retainFor keeps the adapters of a request until [Model.releaseFor]. It returns an error if llama.cpp cannot compute with
// one of them.
func (m *Model) retainFor(adapters []AdapterScale) error {
	if len(adapters) == 0 {
		return nil
	}
	release, err := m.use()
	if err != nil {
		return err
	}
	if err = m.retain(adapters); err == nil {
		m.retained.Add(1) // while the model is held open, as Close waits for it
	}
	release()
	if err != nil {
		return err
	}
	for _, s := range adapters {
		if err := s.Adapter.try(); err != nil {
			m.releaseFor(adapters)
			return err
		}
	}
	return nil
}

func (m *Model) releaseFor(adapters []AdapterScale) {
	if len(adapters) == 0 {
		return
	}
	m.release(adapters)
	m.retained.Done()
}

// try computes with the adapter once, in a small context of its own, as in another context it would clear the cache. If that fails
// for want of memory, say, it is tried again the next time.
func (a *Adapter) try() error {
	a.tryMu.Lock()
	defer a.tryMu.Unlock()
	if a.tried {
		return a.tryErr
	}
	c, err := a.model.NewContext(ContextOptions{Size: 256, Sequences: 1, BatchSize: 2, Threads: 1})
	if err != nil {
		return err
	}
	err = errors.Join(c.SetAdapters(AdapterScale{Adapter: a, Scale: 1}), c.Close())
	if err == nil || errors.Is(err, ErrAdapterMismatch) {
		a.tried, a.tryErr = true, err
	}
	return err
}
