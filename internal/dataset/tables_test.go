package dataset

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestDictionary compares with a map and a slice. Short strings that are
// beginnings of each other, and longer ones that begin alike, are told apart.
func TestDictionary(t *testing.T) {
	words := rapid.OneOf(
		rapid.StringMatching(`[ab]{0,3}`), rapid.StringMatching(`[0-9]{0,9}`), rapid.StringMatching(`prefixes[ab]{0,9}`),
		rapid.StringMatching(`[\x00a]{0,3}`), rapid.StringMatching(`\x00{8}[ab]{1,3}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		d, codes := newDictionary(), map[string]int32{}
		if rapid.Bool().Draw(t, "no salt") {
			d.salts = [2]uint64{} // all that begin with eight zeros collide
		}
		bytes := 0
		for _, w := range rapid.SliceOfN(words, 0, 300).Draw(t, "words") {
			code, known := d.find([]byte(w)[:len(w):len(w)])
			want, ok := codes[w]
			if known != ok || known && code != want {
				t.Fatalf("%q has code %d, %v; want %d, %v", w, code, known, want, ok)
			}
			if !known {
				codes[w] = d.add([]byte(w))
				bytes += len(w)
			}
			// As it lies in a block, with other bytes behind it.
			if code, known := d.find([]byte(w + "otherwise")[:len(w)]); !known || code != codes[w] {
				t.Fatalf("%q has code %d, %v when it is part of more", w, code, known)
			}
		}
		if len(d.values) != len(codes) || d.bytes != bytes || !d.fits(1, len(codes)+1, bytes+1) ||
			d.fits(1, len(codes), bytes+1) || d.fits(1, len(codes)+1, bytes) {
			t.Fatalf("%d values of %d bytes; want %d of %d", len(d.values), d.bytes, len(codes), bytes)
		}
	})
}

// TestNumberSet compares with a map, up to the limit.
func TestNumberSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 200).Draw(t, "limit")
		s, seen := newNumberSet(limit), map[float64]bool{}
		for _, v := range rapid.SliceOfN(rapid.IntRange(0, 300), 0, 500).Draw(t, "values") {
			seen[float64(v)/3] = true
			s.add(float64(v) / 3)
			if want := min(len(seen), limit+1); s.n != want || s.full() != (want > limit) {
				t.Fatalf("%d values counted, full: %v; want %d of at most %d", s.n, s.full(), want, limit)
			}
		}
	})
}

// TestHybrid writes indices and reads them in pieces of any size.
func TestHybrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 32).Draw(t, "width")
		var values []uint32
		for _, run := range rapid.SliceOfN(rapid.IntRange(1, 40), 0, 20).Draw(t, "runs") {
			v := rapid.Uint32Max(math.MaxUint32>>(32-width)).Draw(t, "value")
			for i := range run {
				if run%3 == 0 { // a run that is none
					v = (v + uint32(i)) & (math.MaxUint32 >> (32 - width))
				}
				values = append(values, v)
			}
		}
		b := appendHybrid(nil, values, width)
		r := hybridReader{b: b, width: uint(width)}
		for rest := values; len(rest) > 0; {
			got := make([]uint32, min(rapid.IntRange(1, 50).Draw(t, "piece"), len(rest)))
			if !r.read(got) {
				t.Fatal("the data ended early")
			}
			same(t, "values", got, rest[:len(got)])
			rest = rest[len(got):]
		}
		if r.read(make([]uint32, 8)) {
			t.Error("there are values behind the last")
		}
	})
}

// TestDeltas writes integers of any size and reads them, and what follows them.
func TestDeltas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shift := rapid.IntRange(0, 63).Draw(t, "shift")
		values := rapid.SliceOfN(rapid.Map(rapid.Int64(), func(v int64) int64 { return v >> shift }), 0, 400).Draw(t, "values")
		r, ok := newDeltaReader(append(appendDeltas(nil, values), "rest"...))
		if !ok {
			t.Fatal("the head is malformed")
		}
		if rest, ok := r.rest(); !ok || string(rest) != "rest" {
			t.Errorf("%q follows, %v", rest, ok)
		}
		for i, want := range values {
			if got, ok := r.next(); !ok || got != want {
				t.Fatalf("value %d is %d, %v; want %d", i, got, ok, want)
			}
		}
		if _, ok := r.next(); ok {
			t.Error("there are values behind the last")
		}
	})
}

// TestThriftSkipsAnything feeds random structures to the reader: it ends, and
// never reads on after an error.
func TestThriftSkipsAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &thriftReader{b: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes")}
		r.skip(thriftField{kind: thriftStruct})
		if r.err != nil && r.at != len(r.b) || r.at > len(r.b) {
			t.Errorf("at %d of %d with %v", r.at, len(r.b), r.err)
		}
	})
}

// TestThriftDepth has structs within structs without end.
func TestThriftDepth(t *testing.T) {
	deep := make([]byte, 1<<20)
	for i := range deep {
		deep[i] = 0x1c // field 1, a struct
	}
	r := &thriftReader{b: deep}
	r.skip(thriftField{kind: thriftStruct})
	if r.err != errThriftInvalid {
		t.Errorf("error %v", r.err)
	}
}

// TestShare calls each number once, on any number of goroutines.
func TestShare(t *testing.T) {
	for _, workers := range []int{-1, 1, 2, 7, 100} {
		calls := make([]int, 50)
		share(workers, len(calls), func(i int) { calls[i]++ })
		for i, n := range calls {
			if n != 1 {
				t.Errorf("%d workers: %d was called %d times", workers, i, n)
			}
		}
	}
	share(3, 0, func(int) { t.Error("called") })
}
