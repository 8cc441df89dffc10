package linear

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"retrain/internal/model"
)

// inputs is the naive twin of a block: the row's inputs written out, with a
// last 1.
func inputs(recipe *model.Recipe, row []float64) []float64 {
	var x []float64
	for j := range recipe.Features {
		f := &recipe.Features[j]
		if f.Kind == model.Number {
			x = append(x, f.Standardize(row[j]))
			continue
		}
		hot := make([]float64, f.Width())
		if code := int(row[j]); code >= 0 && code < len(hot) {
			hot[code] = 1
		}
		x = append(x, hot...)
	}
	return append(x, 1)
}

func filled(recipe *model.Recipe, l *layout, x, y []float64) []*block[float64] {
	var blocks []*block[float64]
	for len(y) > 0 {
		b := newBlock[float64](l)
		n := b.fill(l, x, y, nil)
		x, y = x[n*len(recipe.Features):], y[n:]
		blocks = append(blocks, b)
	}
	return blocks
}

// The kernels agree with sums over written-out rows, for any mix of columns.
func TestKernelsAgreeWithWrittenOutRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		widths := rapid.SliceOfN(rapid.SampledFrom([]int{1, 3, 255, 256, 300}), 0, 3).Draw(t, "widths")
		recipe, x, y := made(model.Regression, rapid.IntRange(1, 2*blockRows+9).Draw(t, "rows"),
			rapid.IntRange(0, 9).Draw(t, "numbers"), 0, widths...)
		l, features := newLayout(recipe), len(recipe.Features)
		rng := rand.New(rand.NewPCG(1, 1))
		coef := make([]float64, l.inputs)
		for i := range coef {
			coef[i] = rng.NormFloat64()
		}
		scratch := make([]float64, l.widest()+1)
		got, want := make([]float64, l.inputs), make([]float64, l.inputs+1)
		for at, b := range filled(recipe, l, x, y) {
			var z rows
			b.forward(l, &z, coef, scratch)
			for i := range z {
				if i >= b.n {
					if b.w[i] != 0 || b.y[i] != 0 {
						t.Fatal("a row that is not there has a weight")
					}
					z[i] = 0
					continue
				}
				row := at*blockRows + i
				written := inputs(recipe, x[row*features:(row+1)*features])
				if want := dot(written[:l.inputs], coef); math.Abs(z[i]-want) > 1e-12 {
					t.Fatalf("row %d: score %v, want %v", row, z[i], want)
				}
				addScaled(want, z[i], written)
			}
			b.backward(l, got, &z, 0, scratch)
		}
		for j := range got {
			if relative(got[j], want[j]) > 1e-10 {
				t.Fatalf("input %d: sum %v, want %v", j, got[j], want[j])
			}
		}
	})
}

func TestGramAgreesWithWrittenOutRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		widths := rapid.SliceOfN(rapid.SampledFrom([]int{1, 3, 256}), 0, 3).Draw(t, "widths")
		recipe, x, y := made(model.Regression, rapid.IntRange(1, blockRows+9).Draw(t, "rows"),
			rapid.IntRange(0, 6).Draw(t, "numbers"), 0, widths...)
		// The columns may stand in any order.
		if n := len(recipe.Features); n > 1 && rapid.Bool().Draw(t, "turned") {
			recipe.Features = append(recipe.Features[n-1:n:n], recipe.Features[:n-1]...)
			for at := 0; at < len(x); at += n {
				row := append([]float64{x[at+n-1]}, x[at:at+n-1]...)
				copy(x[at:], row)
			}
		}
		l, features := newLayout(recipe), len(recipe.Features)
		size := l.inputs + 1
		got, want := make([]float64, size*size), mat.NewDense(size, size, nil)
		blocks := filled(recipe, l, x, y)
		var s []*rows
		for at, b := range blocks {
			s = append(s, new(rows))
			for i := range b.n {
				s[at][i] = float64(i%7) / 3
				written := mat.NewVecDense(size, inputs(recipe, x[(at*blockRows+i)*features:][:features]))
				want.RankOne(want, s[at][i], written, written)
			}
		}
		addGram(l, got, blocks, s)
		symmetrize(l, got)
		if !mat.EqualApprox(mat.NewDense(size, size, got), want, 1e-9) {
			t.Fatal("the Gram matrix is not the sum of the rows' products")
		}
	})
}

// gonum is the oracle for the factorization, which it has, too.
func TestCholeskyAgreesWithGonum(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{1, 2, 7, tile, 2*tile + 5} {
		half := mat.NewDense(n, n, nil)
		for i := range n {
			for j := range n {
				half.Set(i, j, rng.NormFloat64())
			}
		}
		var square mat.Dense
		square.Mul(half, half.T())
		for i := range n {
			square.Set(i, i, square.At(i, i)+0.1)
		}
		symmetric := mat.NewSymDense(n, append([]float64(nil), square.RawMatrix().Data...))
		x := make([]float64, n)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		var oracle mat.Cholesky
		var want mat.VecDense
		if !oracle.Factorize(symmetric) {
			t.Fatal("gonum cannot factorize the matrix")
		}
		if err := oracle.SolveVecTo(&want, mat.NewVecDense(n, append([]float64(nil), x...))); err != nil {
			t.Fatal(err)
		}
		if !factorize(square.RawMatrix().Data, n) {
			t.Fatalf("a definite matrix of %d rows is refused", n)
		}
		solve(square.RawMatrix().Data, n, x)
		if !mat.EqualApprox(mat.NewVecDense(n, x), &want, 1e-9) {
			t.Errorf("%d rows: solution differs from gonum's", n)
		}
	}
}

func TestCholeskyRefusesDependentRows(t *testing.T) {
	for name, a := range map[string][]float64{
		"singular":   {1, 1, 1, 1},
		"nearly so":  {1, 1, 1, 1 + 1e-14},
		"indefinite": {1, 2, 2, 1},
		"zero":       {0, 0, 0, 0},
		"NaN":        {math.NaN(), 0, 0, 1},
	} {
		if factorize(a, 2) {
			t.Errorf("%s: the matrix is factorized", name)
		}
	}
}
