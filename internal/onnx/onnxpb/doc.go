// Package onnxpb holds the protocol buffer types of an ONNX file, generated
// from the file onnx-ml.proto3 of the onnx project's release 1.23.2 (kept here
// as onnx-ml.proto, unchanged; Apache-2.0, see LICENSE). It knows nothing of
// models, and only package onnx may import it.
//
// To make onnx-ml.pb.go anew, install protoc (35.1 made the present one) and
// protoc-gen-go v1.36.12, and run go generate here.
package onnxpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go_opt=Monnx-ml.proto=retrain/internal/onnx/onnxpb onnx-ml.proto
