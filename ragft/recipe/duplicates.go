package recipe

import (
	"hash/fnv"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
)

// Parameters of the search for near-duplicates: signatures of 128 minima in 32
// bands of 4 find a pair of Jaccard similarity 0.5 with probability 0.87, of
// 0.8 with 1 - 5e-8; what they find is then compared exactly.
const (
	minhashBands = 32
	minhashRows  = 4
)

// deduplicate returns the places of the texts to keep, in order, and how many of
// the others equal an earlier one (apart from case, punctuation and white space)
// or nearly do. Near-duplicates are found by MinHash (Broder 1997) over runs of
// words, the shingles, and confirmed by the exact similarity of their sets. A
// text of fewer words than a shingle is its own only shingle.
func deduplicate(texts []string, shingle int, similarity float64) (keep []int, exact, near int) {
	seen := map[string]bool{}
	buckets := map[[2]uint64][]int{} // band and its hash -> kept texts
	kept := map[int]map[uint64]bool{}
	for i, text := range texts {
		words := strings.Fields(strings.ToLower(answer.Normalize(text)))
		key := strings.Join(words, " ")
		if seen[key] {
			exact++
			continue
		}
		seen[key] = true
		set := shingles(words, shingle)
		bands := bandsOf(set)
		if similar(set, bands, buckets, kept, similarity) {
			near++
			continue
		}
		keep, kept[i] = append(keep, i), set
		for _, band := range bands {
			buckets[band] = append(buckets[band], i)
		}
	}
	return keep, exact, near
}

func similar(set map[uint64]bool, bands [][2]uint64, buckets map[[2]uint64][]int, kept map[int]map[uint64]bool, least float64) bool {
	compared := map[int]bool{}
	for _, band := range bands {
		for _, other := range buckets[band] {
			if !compared[other] {
				compared[other] = true
				if jaccard(set, kept[other]) >= least {
					return true
				}
			}
		}
	}
	return false
}

// shingles is the set of hashes of all runs of n words.
func shingles(words []string, n int) map[uint64]bool {
	set := map[uint64]bool{}
	for i := 0; i == 0 || i+n <= len(words); i++ {
		h := fnv.New64a()
		h.Write([]byte(strings.Join(words[i:min(i+n, len(words))], " ")))
		set[h.Sum64()] = true
	}
	return set
}

// bandsOf hashes the minima of the set under many orders, a band at a time.
func bandsOf(set map[uint64]bool) [][2]uint64 {
	bands := make([][2]uint64, minhashBands)
	for b := range bands {
		hash := uint64(14695981039346656037)
		for r := range minhashRows {
			least := ^uint64(0)
			for x := range set {
				least = min(least, scatter(x^scatter(uint64(b*minhashRows+r+1))))
			}
			hash = scatter(hash ^ least)
		}
		bands[b] = [2]uint64{uint64(b), hash}
	}
	return bands
}

// scatter is a bijection of 64-bit numbers that scatters them (the finaliser of SplitMix64).
func scatter(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func jaccard(a, b map[uint64]bool) float64 {
	both := 0
	for x := range a {
		if b[x] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}
