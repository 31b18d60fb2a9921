//go:build cgo

package llama

// #include "ggml-backend.h"
import "C"

// Device is a device of this machine that llama.cpp was built to compute with.
type Device struct {
	Name        string // such as "CPU", "Metal" or "CUDA0"
	Description string // such as the processor's name
	Kind        string // "cpu", "gpu", "integrated gpu" or "accelerator"
	Free, Total uint64 // memory in bytes; 0 if unknown
}

// Devices returns the devices of this machine, without those of servers.
func Devices() []Device {
	start()
	kinds := map[C.enum_ggml_backend_dev_type]string{
		C.GGML_BACKEND_DEVICE_TYPE_CPU: "cpu", C.GGML_BACKEND_DEVICE_TYPE_GPU: "gpu",
		C.GGML_BACKEND_DEVICE_TYPE_IGPU: "integrated gpu", C.GGML_BACKEND_DEVICE_TYPE_ACCEL: "accelerator",
	}
	var devices []Device
	for i := range C.ggml_backend_dev_count() {
		dev := C.ggml_backend_dev_get(i)
		var free, total C.size_t
		C.ggml_backend_dev_memory(dev, &free, &total)
		devices = append(devices, Device{
			Name: C.GoString(C.ggml_backend_dev_name(dev)), Description: C.GoString(C.ggml_backend_dev_description(dev)),
			Kind: kinds[C.ggml_backend_dev_type(dev)], Free: uint64(free), Total: uint64(total),
		})
	}
	return devices
}
