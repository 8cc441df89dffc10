package dirt

import (
	"fmt"
	"strings"
	"testing"
)

// TestNothingIsWrongInSilence pollutes each table in each way: every cell is
// read as it was written, or the report says that its row was not.
func TestNothingIsWrongInSilence(t *testing.T) {
	tables, err := Tables("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		for _, p := range Pollutions() {
			t.Run(table.Name+"/"+p.Name, func(t *testing.T) {
				for seed := range uint64(seeds) {
					score, err := Ours(table, p.Name, p.Apply(table, seed))
					if err != nil {
						t.Fatal(err)
					}
					check(t, score)
				}
			})
		}
	}
}

// seeds is how many times each table is polluted in each way.
const seeds = 1

func check(t *testing.T, s *Score) {
	t.Helper()
	if s.Wrong > 0 || s.Lost > 0 || s.Types > 0 {
		t.Errorf("%+v", *s)
	}
	if s.Right+s.Reported < s.Cells {
		t.Errorf("%d cells right, %d reported, of %d", s.Right, s.Reported, s.Cells)
	}
	if s.Pollution == "none" && s.Right != s.Cells {
		t.Errorf("clean data: %+v", *s)
	}
}

// TestScoresTellWrongFromRight holds the score against readings made by hand.
func TestScoresTellWrongFromRight(t *testing.T) {
	var in strings.Builder
	in.WriteString("id,x\n")
	for i := range 30 {
		fmt.Fprintf(&in, "%d,%d\n", firstID+i, i)
	}
	clean, err := read(in.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, from, to string
		want           Score
	}{
		{"same", "", "", Score{Right: 60}},
		{"wrong cell", "7100003,2\n", "7100003,3\n", Score{Right: 59, Wrong: 1}},
		{"row twice", "7100003,2\n", "7100003,2\n7100003,2\n", Score{Right: 60, Wrong: 2}},
		{"row lost", "7100003,2\n", "", Score{Right: 58, Lost: 2}},
		{"row reported", "7100003,2\n", "7100003\n", Score{Right: 58, Reported: 2}},
		{"row repaired", "7100003,2\n", "7100003;2\n", Score{Right: 60}},
		{"type lost", "7100003,2\n", "7100003,2x\n", Score{Right: 59, Wrong: 1, Types: 1}},
	} {
		text := strings.Replace(in.String(), c.from, c.to, 1)
		dirty, err := read(text)
		if err != nil {
			t.Fatal(err)
		}
		var got Score
		if got.compare(clean, dirty, text); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
