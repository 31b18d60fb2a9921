package refusal

// accuracies are the shares of labelled replies, half of them refusals, that the rules read correctly. The rules were written before
// anybody looked at these replies (testdata/README.md). A test measures them again.
var accuracies = map[string]float64{"en": 0.891, "de": 0.760, "fr": 0.800, "es": 0.920, "zh": 0.840, "ja": 0.792}

// Enough is the accuracy from which refusals count as recognised.
const Enough = 0.8

// Accuracy is how well refusals in a language, ISO 639-1, are recognised: the share of replies, in [0, 1], that are taken for what they
// are. 0 = the language has no rules.
func Accuracy(language string) float64 { return accuracies[language] }
