package gbdt

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"

	"retrain/internal/fault"
	"retrain/internal/model"
)

// identity tells one training from all others.
type identity struct {
	data   [sha256.Size]byte // the binned rows, their targets and weights
	bins   [sha256.Size]byte
	params [sha256.Size]byte // but for Threads, which changes nothing
}

func identify(d *Data, p *Params, workers *pool) *identity {
	return &identity{d.digest(workers), d.bins.digest(), p.digest()}
}

// differs returns a fault.RunConflict that says what another identity differs
// in, or nil.
func (i *identity) differs(other *identity) error {
	what := ""
	switch {
	case i.params != other.params:
		what = "parameters"
	case i.bins != other.bins, i.data != other.data:
		what = "data"
	default:
		return nil
	}
	return fault.New(fault.RunConflict, "The checkpoint belongs to a training with other %s.", what)
}

func (p Params) digest() [sha256.Size]byte {
	p.Threads = 0
	text, err := json.Marshal(p)
	if err != nil {
		panic("gbdt: " + err.Error()) // Check lets only finite numbers pass
	}
	return sha256.Sum256(text)
}

// digest is over all that decides into which bin a value falls.
func (b *Bins) digest() [sha256.Size]byte {
	var text []byte
	number := func(x uint64) { text = binary.LittleEndian.AppendUint64(text, x) }
	number(uint64(len(b.features)))
	for k := range b.columns {
		c := &b.columns[k]
		number(uint64(c.feature))
		number(uint64(len(c.edges)))
		for _, e := range c.edges {
			number(math.Float64bits(e))
		}
		number(uint64(len(c.binOf)))
		number(uint64(len(c.codes)))
		for _, code := range c.codes {
			number(uint64(code))
		}
	}
	return sha256.Sum256(text)
}

// digest is over the rows with their numbers. Training moves them about, so it
// adds up a hash of each, which is the same in any order. It is no defence
// against rows that were chosen to collide.
func (d *Data) digest(workers *pool) [sha256.Size]byte {
	var text []byte
	for _, n := range []int{d.rows, len(d.words), d.outputs, len(d.judging)} {
		text = binary.LittleEndian.AppendUint64(text, uint64(n))
	}
	sums := make([][2]uint64, chunksOf(d.rows))
	workers.run(len(sums), func(i, _ int) {
		for place := i * chunkRows; place < min((i+1)*chunkRows, d.rows); place++ {
			h := d.rowHash(place)
			sums[i][0] += h
			sums[i][1] += mix(h + golden)
		}
	})
	var all [2]uint64
	for _, s := range sums {
		all[0] += s[0]
		all[1] += s[1]
	}
	text = binary.LittleEndian.AppendUint64(text, all[0])
	text = binary.LittleEndian.AppendUint64(text, all[1])
	return sha256.Sum256(append(text, d.task...))
}

// rowHash is a hash of the row in a place: its number, bins, target and weight,
// and whether it is to judge.
func (d *Data) rowHash(place int) uint64 {
	h := mix(uint64(d.numbers[place]) + golden)
	if d.judging != nil && d.judging[d.numbers[place]] {
		h = mix(h + golden)
	}
	for _, words := range d.words {
		h = mix(h ^ words[place])
	}
	if d.task == model.Regression {
		h = mix(h ^ math.Float64bits(d.targets[place]))
	} else {
		h = mix(h ^ uint64(d.labels[place]))
	}
	return mix(h ^ math.Float64bits(d.weight(place)))
}
