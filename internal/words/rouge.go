package words

// RougeL is the F measure (beta = 1) of the longest common subsequence of
// tokens against the gold answer that gives the most, in [0, 1] (Lin 2004,
// section 3). Words are those of [Of], without stemming. At most
// 4096 words of either side are compared.
func RougeL(pred string, golds []string) float64 {
	p := capTokens(Of(pred))
	best := 0.0
	for _, g := range golds {
		gt := capTokens(Of(g))
		if len(p) == 0 || len(gt) == 0 {
			continue
		}
		common := float64(longestCommon(p, gt))
		best = max(best, F(common/float64(len(p)), common/float64(len(gt))))
	}
	return best
}

// capTokens bounds the quadratic cost of [RougeL].
func capTokens(words []string) []string { return words[:min(len(words), 4096)] }

// longestCommon is the length of the longest common subsequence, in one row.
func longestCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, wa := range a {
		diagonal := 0
		for j, wb := range b {
			above := row[j+1]
			if wa == wb {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
