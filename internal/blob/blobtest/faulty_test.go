package blobtest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"retrain/internal/blob"
)

func TestFaultyWithoutFaultConforms(t *testing.T) {
	Run(t, func(t *testing.T) blob.Bucket { return &Faulty{Bucket: Memory(t)} })
}

// TestFaultyFails plays every outcome of every call and looks at what it
// answered and what it left.
func TestFaultyFails(t *testing.T) {
	down := errors.New("down")
	calls := map[Op]func(ctx context.Context, b blob.Bucket) error{
		Stat: func(ctx context.Context, b blob.Bucket) error { _, err := b.Stat(ctx, "k"); return err },
		Open: func(ctx context.Context, b blob.Bucket) error {
			body, _, err := b.Open(ctx, "k", blob.Span{})
			if err == nil {
				body.Close()
			}
			return err
		},
		Put: func(ctx context.Context, b blob.Bucket) error {
			_, err := b.Put(ctx, "k", []byte("new"), blob.Condition{})
			return err
		},
		Upload: func(ctx context.Context, b blob.Bucket) error {
			_, err := b.Upload(ctx, "k", strings.NewReader("new"))
			return err
		},
		List: func(ctx context.Context, b blob.Bucket) (last error) {
			for _, err := range b.List(ctx, "k") {
				last = err
			}
			return last
		},
		Delete: func(ctx context.Context, b blob.Bucket) error { return b.Delete(ctx, "k") },
	}
	left := map[Op]string{Put: "new", Upload: "new", Delete: "(none)"}
	for op, call := range calls {
		for _, out := range []Outcome{{Err: down}, {Err: down, Applied: true}, {Hang: true}, {Hang: true, Applied: true}} {
			memory := Memory(t)
			put(t, memory, "k", []byte("old"), blob.Condition{})
			var asked []string
			ctx, cancel := context.WithCancel(t.Context())
			out.Then = cancel // the call hangs until then, and no other ends
			b := &Faulty{Bucket: memory, Fault: func(op Op, key string) Outcome {
				asked = append(asked, string(op)+" "+key)
				return out
			}}
			err := call(ctx, b)
			cancel()
			if want := map[bool]error{false: down, true: context.Canceled}[out.Hang]; !errors.Is(err, want) {
				t.Errorf("%s, %+v: %v, want %v", op, out, err, want)
			}
			want := "old"
			if after, writes := left[op]; writes && out.Applied {
				want = after
			}
			if got := content(t, memory, "k"); got != want {
				t.Errorf("%s, %+v left %q, want %q", op, out, got, want)
			}
			if len(asked) != 1 || asked[0] != string(op)+" k" {
				t.Errorf("%s: Fault was asked for %q", op, asked)
			}
		}
	}
}

func TestFaultyTears(t *testing.T) {
	broken := errors.New("broken")
	memory := Memory(t)
	b := &Faulty{Bucket: memory, Fault: func(Op, string) Outcome { return Outcome{Err: broken, Torn: 2} }}
	put(t, memory, "k", []byte("old"), blob.Condition{})
	body, info, err := b.Open(t.Context(), "k", blob.Span{})
	if err != nil || info.Size != 3 {
		t.Fatalf("Open: %+v, %v", info, err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); string(got) != "ol" || !errors.Is(err, broken) {
		t.Errorf("the torn body reads %q, %v", got, err)
	}
	if _, err := b.Upload(t.Context(), "k", strings.NewReader("new")); !errors.Is(err, broken) {
		t.Errorf("the torn upload: %v", err)
	}
	if got := content(t, memory, "k"); got != "old" {
		t.Errorf("the torn upload left %q", got)
	}
}
