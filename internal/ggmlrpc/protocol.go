package ggmlrpc

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Version of ggml's RPC protocol that is spoken here (ggml-rpc.h); a server's minor version must not be later.
const (
	Major = 7
	Minor = 0
)

// Commands, as ggml-rpc.cpp numbers them. A request is the command (1 byte), the length of its data (8 bytes) and the
// data; a response is its length (8 bytes) and the data. All numbers are little-endian.
const (
	cmdAllocBuffer = iota
	cmdGetAlignment
	cmdGetMaxSize
	cmdBufferGetBase
	cmdFreeBuffer
	cmdBufferClear
	cmdSetTensor
	cmdSetTensorHash
	cmdGetTensor
	cmdCopyTensor
	cmdGraphCompute
	cmdGetDeviceMemory
	cmdInitTensor
	cmdGetAllocSize
	cmdHello
	cmdDeviceCount
	cmdGraphRecompute
	cmdMemsetTensor
)

// responses are the lengths of the responses that are always as long; -1 marks that of cmdGetTensor, which its request
// gives. The other commands have none.
var responses = map[byte]int64{
	cmdAllocBuffer: 16, cmdGetAlignment: 8, cmdGetMaxSize: 8, cmdBufferGetBase: 8, cmdSetTensorHash: 1, cmdGetTensor: -1,
	cmdCopyTensor: 1, cmdGetDeviceMemory: 16, cmdGetAllocSize: 8, cmdHello: 28, cmdDeviceCount: 4,
}

// looked are the commands whose requests are read here, and the least length of each.
var looked = map[byte]int64{cmdHello: 0, cmdDeviceCount: 0, cmdGetAlignment: 4, cmdGetMaxSize: 4, cmdGetTensor: 8}

const (
	maxTensor  = 1 << 40 // bytes of a tensor
	headerSize = 9
	capsSize   = 24   // of a HELLO request: what other transports the client has; zeros for none
	smallData  = 1024 // requests that are looked at are shorter
)

func putHeader(b []byte, cmd byte, size int) []byte {
	return binary.LittleEndian.AppendUint64(append(b, cmd), uint64(size))
}

// ask sends a request and reads its response.
func ask(rw io.ReadWriter, cmd byte, data []byte) ([]byte, error) {
	if _, err := rw.Write(append(putHeader(nil, cmd, len(data)), data...)); err != nil {
		return nil, err
	}
	if err := expect(rw, responses[cmd]); err != nil {
		return nil, err
	}
	out := make([]byte, responses[cmd])
	_, err := io.ReadFull(rw, out)
	return out, err
}

// expect reads the length in front of a response.
func expect(r io.Reader, want int64) error {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return err
	}
	if n := binary.LittleEndian.Uint64(size[:]); n != uint64(want) {
		return fmt.Errorf("it answered with %d bytes where %d belong", n, want)
	}
	return nil
}

func hello(rw io.ReadWriter) error {
	answer, err := ask(rw, cmdHello, make([]byte, capsSize))
	if err != nil {
		return err
	}
	if answer[0] != Major || answer[1] > Minor {
		return fmt.Errorf("it speaks version %d.%d.%d of ggml's RPC protocol, this program %d.%d: build both from the same llama.cpp",
			answer[0], answer[1], answer[2], Major, Minor)
	}
	return nil
}

// device is what a server tells of one of its devices, and never changes.
type device struct{ alignment, maxSize uint64 }

// devices asks a server for what it has; hello must have been said.
func devices(rw io.ReadWriter) ([]device, error) {
	answer, err := ask(rw, cmdDeviceCount, nil)
	if err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(answer)
	if n == 0 || n > 256 {
		return nil, fmt.Errorf("it offers %d devices", n)
	}
	list := make([]device, n)
	for i := range list {
		which := binary.LittleEndian.AppendUint32(nil, uint32(i))
		for cmd, value := range map[byte]*uint64{cmdGetAlignment: &list[i].alignment, cmdGetMaxSize: &list[i].maxSize} {
			if answer, err = ask(rw, cmd, which); err != nil {
				return nil, err
			}
			*value = binary.LittleEndian.Uint64(answer)
		}
		if a := list[i].alignment; a == 0 || a&(a-1) != 0 {
			return nil, fmt.Errorf("device %d wants an alignment of %d bytes", i, a)
		}
	}
	return list, nil
}
