// Package tfevents writes scalars to TensorBoard's event files: records framed as in TensorFlow's TFRecord format
// (lengths and data with masked CRC-32C checksums), each an Event protocol buffer
// (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto).
package tfevents

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields in the protocol buffers' definitions.
const (
	eventWallTime    protowire.Number = 1 // double
	eventStep        protowire.Number = 2 // int64
	eventFileVersion protowire.Number = 3 // string
	eventSummary     protowire.Number = 5 // Summary
	eventSessionLog  protowire.Number = 7 // SessionLog

	summaryValue     protowire.Number = 1 // repeated Value
	valueTag         protowire.Number = 1 // string
	valueSimple      protowire.Number = 2 // float
	sessionLogStatus protowire.Number = 1 // enum
	statusStart                       = 1
)

// Scalar is one value under a name.
type Scalar struct {
	Tag   string
	Value float64
}

// Writer appends to one event file. It is for one goroutine.
type Writer struct{ file *os.File }

// Create makes the folder where it is missing, and in it a new event file that goes on at the given step: a reader
// forgets what earlier files of the folder say of that step and later ones.
func Create(dir string, from int64) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of the event files: %w", err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	now := time.Now() // readers go by the order of the names
	name := fmt.Sprintf("events.out.tfevents.%010d.%09d.%s.%d", now.Unix(), now.Nanosecond(), host, os.Getpid())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("creating the event file: %w", err)
	}
	w := &Writer{f}
	version := protowire.AppendTag(nil, eventFileVersion, protowire.BytesType)
	start := protowire.AppendTag(nil, sessionLogStatus, protowire.VarintType)
	start = protowire.AppendVarint(start, statusStart)
	err = w.event(0, protowire.AppendString(version, "brain.Event:2"))
	if err == nil {
		err = w.event(from, message(nil, eventSessionLog, start))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return w, nil
}

// Scalars writes the values of a step.
func (w *Writer) Scalars(step int64, values []Scalar) error {
	var summary []byte
	for _, v := range values {
		b := protowire.AppendTag(nil, valueTag, protowire.BytesType)
		b = protowire.AppendString(b, v.Tag)
		b = protowire.AppendTag(b, valueSimple, protowire.Fixed32Type)
		b = protowire.AppendFixed32(b, math.Float32bits(float32(v.Value)))
		summary = message(summary, summaryValue, b)
	}
	return w.event(step, message(nil, eventSummary, summary))
}

// Sync makes what was written durable.
func (w *Writer) Sync() error { return w.file.Sync() }

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }

func message(b []byte, field protowire.Number, content []byte) []byte {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	return protowire.AppendBytes(b, content)
}

// event writes a record with the time, the step and the encoded rest, in one piece.
func (w *Writer) event(step int64, rest []byte) error {
	b := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	b = protowire.AppendFixed64(b, math.Float64bits(float64(time.Now().UnixMicro())/1e6))
	b = protowire.AppendTag(b, eventStep, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(step))
	if _, err := w.file.Write(record(append(b, rest...))); err != nil {
		return fmt.Errorf("writing the event file: %w", err)
	}
	return nil
}

// record frames data: its length, the length's checksum, the data, the data's checksum.
func record(data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, checksum(b))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, checksum(data))
}

// checksum is the CRC-32C, masked, since checksums of data that holds checksums are weak.
func checksum(data []byte) uint32 {
	c := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + 0xa282ead8
}
