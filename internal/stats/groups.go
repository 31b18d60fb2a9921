package stats

import "slices"

// Groups numbers the groups of some items by their names, in the order in which
// they come. An item without a name is a group of its own.
func Groups(names []string) []int {
	out, numbers, n := make([]int, len(names)), map[string]int{}, 0
	for i, name := range names {
		number, known := numbers[name]
		if !known || name == "" {
			number, n = n, n+1
			numbers[name] = number
		}
		out[i] = number
	}
	return out
}

// Apart returns the groups of n items of which each is one.
func Apart(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Independent counts the groups of the items that count, and says whether each such
// item is alone in its group.
func Independent(groups []int, counts func(i int) bool) (n int, alone bool) {
	found := map[int]bool{}
	items := 0
	for i, group := range groups {
		if counts(i) {
			items++
			found[group] = true
		}
	}
	return len(found), items == len(found)
}

// numberOf is the number of groups, from their numbers.
func numberOf(groups []int) int {
	if len(groups) == 0 {
		return 0
	}
	return slices.Max(groups) + 1
}
