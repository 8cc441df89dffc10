package gbdt

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"

	"retrain/internal/model"
)

// A checkpoint as bytes, numbers as unsigned varints and floats as eight bytes,
// little-endian:
//
//	magic | digests of data, bins, parameters | width | rounds | history |
//	trees | SHA-256 of all before
//
// history is its length and floats. A tree is the number of its nodes, the
// nodes, the number of its sets, and the sets, each its length and the codes. A
// node is its feature plus 1, or 0 for a leaf, its count, and
//
//	leaf    value
//	number  0, threshold, missing left (0 or 1), left, right, gain
//	set     1 + set, left, right, gain
const checkpointMagic = "retrain checkpoint 1\n"

// Encode returns the checkpoint as bytes, which are the same for the same
// state.
func (c *Checkpoint) Encode() []byte {
	w := writer{text: []byte(checkpointMagic)}
	for _, digest := range [][sha256.Size]byte{c.of.data, c.of.bins, c.of.params} {
		w.text = append(w.text, digest[:]...)
	}
	w.number(c.width)
	w.number(c.Rounds())
	w.number(len(c.history))
	for _, loss := range c.history {
		w.float(loss)
	}
	for i := range c.trees {
		w.tree(&c.trees[i])
	}
	seal := sha256.Sum256(w.text)
	return append(w.text, seal[:]...)
}

// DecodeCheckpoint returns what Encode encoded. Any other bytes are a
// fault.InvalidData: those that were altered or cut off, and those that Encode
// would have written differently.
func DecodeCheckpoint(text []byte) (*Checkpoint, error) {
	body := len(text) - sha256.Size
	if body < len(checkpointMagic) || string(text[:len(checkpointMagic)]) != checkpointMagic {
		return nil, errDamaged()
	}
	if seal := sha256.Sum256(text[:body]); !bytes.Equal(seal[:], text[body:]) {
		return nil, errDamaged()
	}
	r := reader{rest: text[len(checkpointMagic):body]}
	c := r.checkpoint()
	if r.bad || len(r.rest) > 0 || !bytes.Equal(c.Encode(), text) {
		return nil, errDamaged()
	}
	return c, nil
}

// writer appends the parts of a checkpoint to a text.
type writer struct{ text []byte }

func (w *writer) number(n int) { w.text = binary.AppendUvarint(w.text, uint64(n)) }

func (w *writer) float(x float64) {
	w.text = binary.LittleEndian.AppendUint64(w.text, math.Float64bits(x))
}

func (w *writer) tree(t *model.Tree) {
	w.number(len(t.Nodes))
	for i := range t.Nodes {
		w.node(&t.Nodes[i])
	}
	w.number(len(t.Sets))
	for _, set := range t.Sets {
		w.number(len(set))
		for _, code := range set {
			w.number(int(code))
		}
	}
}

func (w *writer) node(n *model.Node) {
	w.number(int(n.Feature) + 1)
	w.number(int(n.Count))
	if n.Feature < 0 {
		w.float(n.Value)
		return
	}
	w.number(int(n.Set) + 1)
	if n.Set < 0 {
		w.float(n.Threshold)
		missing := 0
		if n.MissingLeft {
			missing = 1
		}
		w.number(missing)
	}
	w.number(int(n.Left))
	w.number(int(n.Right))
	w.float(n.Gain)
}

// reader takes the parts of a checkpoint from a text. After the first that is
// wrong, bad is set and all parts are zero.
type reader struct {
	rest []byte
	bad  bool
}

// number returns a number of at most 2^31-1.
func (r *reader) number() int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > math.MaxInt32 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

// count returns a number of things of which each takes at least size bytes, so
// that no more memory is asked for than the text can fill.
func (r *reader) count(size int) int {
	n := r.number()
	if n > len(r.rest)/size {
		r.bad, r.rest = true, nil
		return 0
	}
	return n
}

func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		r.bad, r.rest = true, nil
		return make([]byte, n)
	}
	some := r.rest[:n]
	r.rest = r.rest[n:]
	return some
}

func (r *reader) float() float64 {
	x := math.Float64frombits(binary.LittleEndian.Uint64(r.bytes(8)))
	if math.IsNaN(x) || math.IsInf(x, 0) {
		r.bad = true
	}
	return x
}

func (r *reader) checkpoint() *Checkpoint {
	c := &Checkpoint{}
	for _, digest := range []*[sha256.Size]byte{&c.of.data, &c.of.bins, &c.of.params} {
		copy(digest[:], r.bytes(sha256.Size))
	}
	c.width = max(1, r.number())
	rounds := r.number()
	if n := r.count(8); n > 0 {
		c.history = make([]float64, n)
		for i := range c.history {
			c.history[i] = r.float()
		}
	}
	const least = 12 // bytes of a tree
	if rounds > len(r.rest)/least/c.width {
		r.bad = true
		return c
	}
	c.trees = make([]model.Tree, rounds*c.width)
	for i := range c.trees {
		c.trees[i] = r.tree()
	}
	return c
}

func (r *reader) tree() (t model.Tree) {
	const leaf = 10 // bytes of the shortest node
	t.Nodes = make([]model.Node, r.count(leaf))
	for i := range t.Nodes {
		t.Nodes[i] = r.node()
	}
	if n := r.count(1); n > 0 {
		t.Sets = make([][]int32, n)
		for i := range t.Sets {
			t.Sets[i] = make([]int32, r.count(1))
			for j := range t.Sets[i] {
				t.Sets[i][j] = int32(r.number())
			}
		}
	}
	return t
}

func (r *reader) node() model.Node {
	n := model.Node{Feature: int32(r.number() - 1), Set: -1}
	n.Count = int64(r.number())
	if n.Feature < 0 {
		n.Value = r.float()
		return n
	}
	n.Set = int32(r.number() - 1)
	if n.Set < 0 {
		n.Threshold = r.float()
		missing := r.number()
		n.MissingLeft = missing == 1
	}
	n.Left, n.Right = int32(r.number()), int32(r.number())
	n.Gain = r.float()
	return n
}
