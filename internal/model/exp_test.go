package model

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

const oraclePrec = 300

// exactExp is e^x by its series, after 20 halvings of x, in 300 bits.
func exactExp(x float64) *big.Float {
	arg := big.NewFloat(x).SetPrec(oraclePrec)
	const halvings = 20
	arg.SetMantExp(arg, -halvings)
	sum := big.NewFloat(1).SetPrec(oraclePrec)
	term := big.NewFloat(1).SetPrec(oraclePrec)
	for i := 1; i < 30; i++ {
		term.Mul(term, arg)
		term.Quo(term, big.NewFloat(float64(i)))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// ulps is the distance of got from want in units of got's last place.
func ulps(got float64, want *big.Float) float64 {
	gap := new(big.Float).SetPrec(oraclePrec).SetFloat64(got)
	gap.Sub(gap, want)
	unit := math.Nextafter(math.Abs(got), math.Inf(1)) - math.Abs(got)
	far, _ := gap.Quo(gap, big.NewFloat(unit)).Float64()
	return math.Abs(far)
}

func TestExpIsWithinHalfAnUlp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	worst := 0.0
	for i := range 20000 {
		x := 708 * (2*rng.Float64() - 1)
		switch i % 4 {
		case 1:
			x /= 100
		case 2: // the borders between two steps, where r is largest
			x = (math.Floor(x*184) + 0.5) * (math.Ln2 / expSteps)
		case 3:
			x = math.Ldexp(x, -rng.IntN(60))
		}
		if math.Abs(x) < 708 {
			worst = max(worst, ulps(Exp(x), exactExp(x)))
		}
	}
	t.Logf("largest error: %.4f ulp", worst)
	if worst > 0.51 {
		t.Errorf("Exp is off by %.4f ulp", worst)
	}
}

func TestExpAtTheEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for range 2000 {
		for _, x := range []float64{708 + 1.7*rng.Float64(), -708 - 37*rng.Float64()} {
			if far := ulps(Exp(x), exactExp(x)); far > 1 {
				t.Errorf("Exp(%v) is off by %.3f ulp", x, far)
			}
		}
	}
	inf := math.Inf(1)
	for _, c := range []struct{ x, want float64 }{
		{0, 1}, {math.Copysign(0, -1), 1}, {inf, inf}, {-inf, 0}, {1e300, inf}, {-1e300, 0},
		{math.Nextafter(expMax, inf), inf}, {math.Nextafter(expMin, -inf), 0},
		{expMin, math.SmallestNonzeroFloat64}, {5e-324, 1}, {1e-17, 1},
	} {
		if got := Exp(c.x); got != c.want {
			t.Errorf("Exp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	if Exp(expMax) < 1.797e308 || math.IsInf(Exp(expMax), 1) || !math.IsNaN(Exp(math.NaN())) {
		t.Error("Exp is wrong at its largest argument or at NaN")
	}
}

// A few results as bits: they must be these on every architecture.
func TestExpAllIsExp(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	x := []float64{math.Inf(1), math.Inf(-1), math.NaN(), 0, 707.9, 708, -708, -745, 710, 1e300}
	for range 10_000 {
		x = append(x, rng.NormFloat64()*math.Exp(rng.Float64()*8))
	}
	got := make([]float64, len(x))
	ExpAll(got, x)
	for i, y := range got {
		if want := Exp(x[i]); math.Float64bits(y) != math.Float64bits(want) {
			t.Errorf("ExpAll(%v) = %v, want %v", x[i], y, want)
		}
	}
}

func TestExpAndLogBits(t *testing.T) {
	sum := uint64(0)
	for i := range 100000 {
		x := float64(i-50000) / 131
		sum = sum*31 + math.Float64bits(Exp(x))
		sum = sum*31 + math.Float64bits(Log(float64(i)/1024+0x1p-40))
		sum = sum*31 + math.Float64bits(Sigmoid(x))
	}
	const want = 0x1da65c3213ab064a
	if sum != want {
		t.Errorf("the bits of 300,000 results hash to %#x, want %#x", sum, uint64(want))
	}
}

func TestLogIsWithinAnUlp(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	worst := 0.0
	for i := range 20000 {
		x := math.Ldexp(1+rng.Float64(), rng.IntN(2000)-1000)
		switch i % 3 {
		case 1:
			x = 0.5 + rng.Float64()
		case 2:
			x = 1 + math.Ldexp(2*rng.Float64()-1, -rng.IntN(50)-1)
		}
		if x != 1 {
			worst = max(worst, logUlps(x))
		}
	}
	t.Logf("largest error: %.4f ulp", worst)
	if worst > 1 {
		t.Errorf("Log is off by %.4f ulp", worst)
	}
}

// logUlps is the error of y = Log(x) in units of y's last place, found as
// ln x - y ≈ x/e^y - 1.
func logUlps(x float64) float64 {
	y := Log(x)
	rest := new(big.Float).SetPrec(oraclePrec).Quo(big.NewFloat(x), exactExp(y))
	far, _ := rest.Sub(rest, big.NewFloat(1)).Float64()
	return math.Abs(far) / (math.Nextafter(math.Abs(y), math.Inf(1)) - math.Abs(y))
}

func TestLogSpecialCases(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ x, want float64 }{{1, 0}, {0, -inf}, {inf, inf}, {2, math.Ln2}, {5e-324, -0x1.74385446d71c3p+9}} {
		if got := Log(c.x); got != c.want {
			t.Errorf("Log(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	if !math.IsNaN(Log(-1)) || !math.IsNaN(Log(math.NaN())) {
		t.Error("Log of a negative number or NaN is not NaN")
	}
}

func BenchmarkExp(b *testing.B) {
	x, sum := 0.0, 0.0
	for b.Loop() {
		x += 1e-3
		if x > 40 {
			x = -40
		}
		sum += Exp(x)
	}
	sink = sum
}

func BenchmarkMathExp(b *testing.B) {
	x, sum := 0.0, 0.0
	for b.Loop() {
		x += 1e-3
		if x > 40 {
			x = -40
		}
		sum += math.Exp(x)
	}
	sink = sum
}

func BenchmarkLog(b *testing.B) {
	x, sum := 1e-3, 0.0
	for b.Loop() {
		x += 1e-3
		sum += Log(x)
	}
	sink = sum
}

var sink float64
