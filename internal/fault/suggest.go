package fault

import "strings"

// Nearest returns the name among known that is closest to name by edit
// distance (Damerau's optimal string alignment, case folded), or "" when
// nothing is close enough to be worth suggesting: at most a third of the
// longer name, and at least one edit, may differ.
func Nearest(name string, known []string) string {
	best, bestDistance := "", -1
	folded := strings.ToLower(name)
	for _, k := range known {
		d := distance(folded, strings.ToLower(k))
		limit := max(1, max(len(name), len(k))/3)
		if d <= limit && (bestDistance < 0 || d < bestDistance) {
			best, bestDistance = k, d
		}
	}
	return best
}

func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	var rows [3][66]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := 0; j <= len(b); j++ {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
