package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// What unmarshalling may take. The largest file that is written takes less
// than half of it; a file of MaxBytes made of empty messages would take 17 GB.
const (
	maxMemory = 512 << 20 // bytes
	maxNested = 8         // model, graph, value info, type, tensor, shape, dimension
)

// The memory of what a field's value becomes, about: a struct and its pointer,
// a slice header and an allocation, one number of a packed list.
const (
	messageMemory = 512
	bytesMemory   = 48
	numberMemory  = 8
)

// checkWire walks through the wire format of a message, without keeping
// anything, and refuses fields that the message does not have, nesting that is
// too deep, and what would take too much memory.
func checkWire(b []byte, d protoreflect.MessageDescriptor) error {
	w := wireWalker{left: maxMemory}
	return w.message(b, d, 1)
}

type wireWalker struct {
	left int // bytes of memory that may still be taken
}

func (w *wireWalker) message(b []byte, d protoreflect.MessageDescriptor, depth int) error {
	if depth > maxNested {
		return fmt.Errorf("%w: its messages are nested too deep", errForeign)
	}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		f := d.Fields().ByNumber(number)
		if f == nil {
			return fmt.Errorf("%w: it has an unknown field", errForeign)
		}
		b = b[n:]
		n, err := w.field(b, f, number, kind, depth)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// field walks through the value of a field at the start of b, and returns its
// length.
func (w *wireWalker) field(b []byte, f protoreflect.FieldDescriptor, number protowire.Number, kind protowire.Type, depth int) (int, error) {
	var content []byte
	n := 0
	if kind == protowire.BytesType {
		content, n = protowire.ConsumeBytes(b)
	} else {
		n = protowire.ConsumeFieldValue(number, kind, b)
	}
	if n < 0 {
		return 0, protowire.ParseError(n)
	}
	if w.left -= memory(f, content, n); w.left < 0 {
		return 0, fmt.Errorf("%w: it would take too much memory", errForeign)
	}
	if f.Message() != nil && kind == protowire.BytesType {
		return n, w.message(content, f.Message(), depth+1)
	}
	return n, nil
}

// memory estimates what a field's value takes, without the fields of a message.
func memory(f protoreflect.FieldDescriptor, content []byte, size int) int {
	switch {
	case f.Message() != nil:
		return messageMemory
	case f.Kind() == protoreflect.BytesKind || f.Kind() == protoreflect.StringKind:
		return bytesMemory + len(content)
	case content != nil: // a packed list: every number has one last byte
		last := 0
		for _, c := range content {
			if c < 0x80 {
				last++
			}
		}
		return bytesMemory + numberMemory*max(last, len(content)/4)
	}
	return numberMemory + size
}
