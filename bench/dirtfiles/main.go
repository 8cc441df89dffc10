// Command dirtfiles writes the polluted tables of package dirt into a folder,
// for other readers, with the scores of ours:
//
//	go run ./bench/dirtfiles examples FOLDER
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"retrain/bench/dirt"
)

// files is what FOLDER/files.json holds.
type files struct {
	Tables []*dirt.Table `json:"tables"` // what is written
	Files  []file        `json:"files"`
}

type file struct {
	Path string      `json:"path"`
	Ours *dirt.Score `json:"ours"`
}

func main() {
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(examples, folder string) error {
	tables, err := dirt.Tables(examples)
	if err != nil {
		return err
	}
	out := files{Tables: tables}
	for _, t := range tables {
		for i, p := range dirt.Pollutions() {
			text := p.Apply(t, 1)
			score, err := dirt.Ours(t, p.Name, text)
			if err != nil {
				return err
			}
			path := filepath.Join(folder, fmt.Sprintf("%s-%02d.csv", t.Name, i))
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				return err
			}
			out.Files = append(out.Files, file{path, score})
		}
	}
	var text strings.Builder
	if err := json.NewEncoder(&text).Encode(out); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "files.json"), []byte(text.String()), 0o644)
}
