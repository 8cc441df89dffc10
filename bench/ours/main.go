// Command ours runs one part of the product alone, for the benchmarks:
//
//	ours read FILE                 CSV → typed columns, in batches
//	ours preprocess FILE STORE     the preprocess step, into a folder
//	ours s3 FILE                   serves FILE as s3://bench/data.csv until its input ends
//	ours boost FOLDER              trees from FOLDER's arrays, see learn.go
//	ours linear FOLDER             logistic regression from them
//
// GOMAXPROCS is the number of threads.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"retrain/internal/blob"
	"retrain/internal/blob/s3blob/s3test"
	"retrain/internal/dataset"
	"retrain/internal/modelstore"
	"retrain/internal/preprocess"
)

func main() {
	commands := map[string]func(args []string) error{
		"read": read, "preprocess": prepare, "s3": serveS3, "boost": boost, "linear": fitLinear,
	}
	if len(os.Args) < 3 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: ours read|preprocess|s3|boost|linear …")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(args []string) error {
	ctx := context.Background()
	open := func(context.Context) (io.ReadCloser, error) { return os.Open(args[0]) }
	rows := 0
	each := func(b *dataset.Batch) error {
		rows += b.Rows
		return nil
	}
	begin := func(*dataset.Schema) ([][]string, error) { return nil, nil }
	schema, _, whole, err := dataset.ReadOnce(ctx, open, dataset.Options{}, dataset.Once{Begin: begin, Each: each})
	if err == nil && !whole {
		rows = 0
		_, err = dataset.Read(ctx, open, schema, dataset.Options{}, each)
	}
	if err == nil {
		fmt.Printf("%d rows × %d columns\n", rows, len(schema.Columns))
	}
	return err
}

func prepare(args []string) error {
	folder, err := filepath.Abs(filepath.Dir(args[0]))
	if err != nil {
		return err
	}
	store := blob.Root{Bucket: blob.NewFolder(args[1]), Base: args[1]}
	accept := func(map[string]any, string) error { return nil }
	step := &preprocess.Step{
		Store: store, Data: blob.Roots{{Bucket: blob.NewFolder(folder), Base: folder}},
		Models: &modelstore.Store{Root: store, Now: time.Now}, Engine: "bench", CheckParams: accept, CheckGate: accept, Now: time.Now,
	}
	result, err := step.Run(context.Background(), preprocess.Request{DataPath: args[0], ModelParams: map[string]any{}, Target: "target"})
	if err == nil {
		fmt.Printf("%d + %d rows\n", result.Rows.Train, result.Rows.Test)
	}
	return err
}

// serveS3 keeps the objects in memory and prints its address.
func serveS3(args []string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := "http://" + listener.Addr().String()
	go func() { _ = http.Serve(listener, s3test.Handler()) }() // until the process ends
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := put(address+"/bench", nil, 0); err != nil {
		return err
	}
	if err := put(address+"/bench/data.csv", file, info.Size()); err != nil {
		return err
	}
	fmt.Println(address)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func put(url string, body io.Reader, size int64) error {
	request, err := http.NewRequest(http.MethodPut, url, body)
	if err != nil {
		return err
	}
	request.ContentLength = size
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("PUT answered %s", response.Status)
	}
	return nil
}
