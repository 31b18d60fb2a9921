package llamacpp

// #include <stdlib.h>
// #include "ggml-rpc.h"
// #include "llama.h"
//
// _Static_assert(RPC_PROTO_MAJOR_VERSION == 7 && RPC_PROTO_MINOR_VERSION == 0, "ggmlrpc was written for another version of the protocol");
import "C"

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/ragft/ragft/internal/ggmlrpc"
)

// Devices are what a model's layers may lie on: those of ggml RPC servers, then the GPUs of this machine. Nil stands for
// llama.cpp's own choice. Err may be called by any goroutine; Close comes after everything that uses the devices is freed.
type Devices struct {
	relays   []*ggmlrpc.Relay
	backends []C.ggml_backend_t // keep the connections open, and the servers ours
	list     *C.ggml_backend_dev_t
}

// OpenDevices connects to servers, each host:port. Without any it returns nil. Errors wrap ggmlrpc.ErrServer, or are
// ctx's, or say that this processor is not one that the library was built for.
func OpenDevices(ctx context.Context, servers []string) (*Devices, error) {
	if err := checkProcessor(); err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		return nil, nil
	}
	d := &Devices{}
	var found []C.ggml_backend_dev_t
	for i, server := range servers {
		if slices.Contains(servers[:i], server) {
			d.Close()
			return nil, fmt.Errorf("%w: %s is named twice", ggmlrpc.ErrServer, server)
		}
		devs, err := d.add(ctx, server)
		if err != nil {
			d.Close()
			return nil, err
		}
		found = append(found, devs...)
	}
	for i := range C.ggml_backend_dev_count() {
		if dev := C.ggml_backend_dev_get(i); C.ggml_backend_dev_type(dev) == C.GGML_BACKEND_DEVICE_TYPE_GPU {
			found = append(found, dev)
		}
	}
	if most := int(C.llama_max_devices()); len(found) > most {
		d.Close()
		return nil, fmt.Errorf("%w: %d devices, llama.cpp takes at most %d", ggmlrpc.ErrServer, len(found), most)
	}
	d.list = (*C.ggml_backend_dev_t)(C.calloc(C.size_t(len(found)+1), C.size_t(unsafe.Sizeof(found[0]))))
	copy(unsafe.Slice(d.list, len(found)), found)
	return d, nil
}

// add connects to one server and returns its devices.
func (d *Devices) add(ctx context.Context, server string) ([]C.ggml_backend_dev_t, error) {
	relay, err := ggmlrpc.Open(ctx, server)
	if err != nil {
		return nil, err
	}
	d.relays = append(d.relays, relay)
	addr := C.CString(relay.Addr())
	defer C.free(unsafe.Pointer(addr))
	reg := C.ggml_backend_rpc_add_server(addr)
	if reg == nil {
		return nil, errors.Join(fmt.Errorf("%w: %s offers no device", ggmlrpc.ErrServer, server), relay.Err())
	}
	var devs []C.ggml_backend_dev_t
	for i := range C.ggml_backend_reg_dev_count(reg) {
		dev := C.ggml_backend_reg_dev_get(reg, i)
		devs = append(devs, dev)
		d.backends = append(d.backends, C.ggml_backend_dev_init(dev, nil))
	}
	return devs, relay.Err()
}

// List returns the devices as llama_model_params takes them, or nil. It is valid until Close.
func (d *Devices) List() unsafe.Pointer {
	if d == nil {
		return nil
	}
	return unsafe.Pointer(d.list)
}

// Err returns why one of the servers failed since it was opened, or nil. What was computed with it is then void.
func (d *Devices) Err() error {
	if d == nil {
		return nil
	}
	for _, r := range d.relays {
		if err := r.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the connections. It may be called twice.
func (d *Devices) Close() {
	if d == nil {
		return
	}
	for _, b := range d.backends {
		C.ggml_backend_free(b)
	}
	C.free(unsafe.Pointer(d.list))
	d.backends, d.list = nil, nil
}
