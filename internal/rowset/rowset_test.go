package rowset

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"retrain/internal/fault"
)

// some returns n hashes; equal seeds give equal ones.
func some(n int, seed uint64) []uint64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	hashes := make([]uint64, n)
	for i := range hashes {
		hashes[i] = rng.Uint64()
	}
	return hashes
}

func build(hashes []uint64, columns ...string) *Set {
	b := NewBuilder()
	b.Add(hashes...)
	return b.Build(columns)
}

func TestEveryRowIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := some(rapid.IntRange(0, 300).Draw(t, "rows"), rapid.Uint64().Draw(t, "seed"))
		s := build(append(hashes, hashes[:len(hashes)/3]...))
		if s.Rows() != int64(len(hashes)+len(hashes)/3) || s.Distinct != len(hashes) || s.Share() != 1 {
			t.Fatalf("%+v", s.head)
		}
		for _, h := range hashes {
			if in, known := s.Has(h); !in || !known {
				t.Fatalf("of %d rows, %x is not found", len(hashes), h)
			}
		}
	})
}

func TestOthersAreRarelyFound(t *testing.T) {
	const rows = 100_000
	s := build(some(rows, 1))
	hits := 0
	for _, h := range some(rows, 2) {
		if in, _ := s.Has(h); in {
			hits++
		}
	}
	if share := float64(hits) / rows; share < 0.9*FalsePositives || share > 1.1*FalsePositives {
		t.Errorf("%.4f of other rows are found, want %.4f", share, FalsePositives)
	}
	file, err := s.Encode()
	if err != nil || float64(len(file)) > 1.2*rows {
		t.Errorf("%d rows take %d bytes: %v", rows, len(file), err)
	}
	if in, known := build(nil).Has(7); in || !known {
		t.Error("the empty set has a row")
	}
}

// The sizes that are promised, without building such a set.
func TestSize(t *testing.T) {
	for _, c := range []struct {
		rows int
		most float64 // bytes a row
	}{{1_000, 1.7}, {100_000, 1.2}, {1_000_000, 1.14}, {MaxRows, 1.13}} {
		s := &Set{}
		s.Length, s.Segments = dimensions(c.rows)
		if got := float64(s.size()) / float64(c.rows); got > c.most || got < 1.12 {
			t.Errorf("%d rows take %.3f bytes each, want at most %g", c.rows, got, c.most)
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	hashes := some(5_000, 3)
	hashes = append(hashes, hashes[:100]...)
	whole := func(b *Builder) []byte {
		file, err := b.Build([]string{"b", "a"}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, limit := range []int{MaxRows, 1_000} {
		one, two := NewBuilder(), NewBuilder()
		one.limit, two.limit = limit, limit
		one.Add(hashes...)
		slices.Reverse(hashes)
		for _, h := range hashes {
			two.Add(h)
		}
		if !bytes.Equal(whole(one), whole(two)) {
			t.Errorf("with at most %d rows, the order makes a difference", limit)
		}
	}
}

// Beyond the limit a set knows a share of all rows, and says of which it does.
func TestSample(t *testing.T) {
	const rows = 20_000
	b := NewBuilder()
	b.limit = 1_000
	hashes := some(rows, 4)
	b.Add(hashes...)
	s := b.Build(nil)
	if s.Rows() != rows || s.Distinct > 1_000 || s.Distinct < 400 {
		t.Fatalf("%+v", s.head)
	}
	known, others := 0, 0
	for _, h := range hashes {
		in, k := s.Has(h)
		if in != k {
			t.Fatal("a row of the sample is not found, or one is found outside of it")
		}
		if k {
			known++
		}
	}
	for _, h := range some(rows, 5) {
		if _, k := s.Has(h); k {
			others++
		}
	}
	for _, n := range []int{known, others} {
		if share := float64(n) / rows; share < 0.8*s.Share() || share > 1.2*s.Share() {
			t.Errorf("%.4f of the rows are known, want %.4f", share, s.Share())
		}
	}
	same := NewBuilder()
	same.limit = 1_000
	for range rows {
		same.Add(7)
	}
	if s := same.Build(nil); s.Rows() != rows || s.Distinct > 1 {
		t.Errorf("one row, %d times: %+v", rows, s.head)
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	hashes := some(777, 6)
	s := build(hashes, "z", "a", "m\"\n")
	file, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(back.Columns(), []string{"a", "m\"\n", "z"}) || back.Rows() != 777 {
		t.Errorf("%+v", back.head)
	}
	for _, h := range hashes {
		if in, _ := back.Has(h); !in {
			t.Fatal("a row is lost")
		}
	}
}

// Whatever is read, it is refused or can be asked.
func TestDecodeHostile(t *testing.T) {
	file, err := build(some(50, 7), "a").Encode()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(data []byte) {
		s, err := Decode(data)
		if err != nil {
			if !fault.Is(err, fault.InvalidData) {
				t.Fatal(err)
			}
			return
		}
		for _, h := range some(100, 8) {
			s.Has(h)
		}
	}
	for at := range file {
		ask(file[:at])
		for _, c := range []byte("019,-}e\n") {
			changed := bytes.Clone(file)
			changed[at] = c
			ask(changed)
		}
	}
	for _, line := range []string{"", "{}", "null", "[1]", `{"format":2}`, `{"format":1,"segment_length":4,"segments":4294967295}`} {
		if _, err := Decode([]byte(line + "\nabc")); !fault.Is(err, fault.InvalidData) {
			t.Errorf("%s is taken for a set: %v", line, err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	hashes := some(1_000_000, 9)
	b.SetBytes(int64(8 * len(hashes)))
	for b.Loop() {
		build(hashes)
	}
}

func BenchmarkHas(b *testing.B) {
	hashes := some(1_000_000, 9)
	s := build(hashes)
	for i := 0; b.Loop(); i++ {
		s.Has(hashes[i%len(hashes)])
	}
}
