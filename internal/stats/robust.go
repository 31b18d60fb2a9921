package stats

// exactShare is k of n with its exact 95% interval.
func ExactShare(k, n int) Estimate {
	const tail = (1 - confidenceLevel) / 2
	e := Estimate{Value: float64(k) / float64(n), N: n} // NaN for 0 of 0
	e.High = ClopperPearson(k, n, tail)
	e.Low = 1 - ClopperPearson(n-k, n, tail)
	if n == 0 {
		e.Low, e.High = e.Value, e.Value
	}
	return e
}
