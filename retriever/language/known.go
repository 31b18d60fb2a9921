package language

import (
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/bg"
	"github.com/blevesearch/bleve/v2/analysis/lang/ca"
	"github.com/blevesearch/bleve/v2/analysis/lang/ckb"
	"github.com/blevesearch/bleve/v2/analysis/lang/cs"
	"github.com/blevesearch/bleve/v2/analysis/lang/da"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/fa"
	"github.com/blevesearch/bleve/v2/analysis/lang/fi"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/gl"
	"github.com/blevesearch/bleve/v2/analysis/lang/hi"
	"github.com/blevesearch/bleve/v2/analysis/lang/hr"
	"github.com/blevesearch/bleve/v2/analysis/lang/hu"
	"github.com/blevesearch/bleve/v2/analysis/lang/id"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/nl"
	"github.com/blevesearch/bleve/v2/analysis/lang/no"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/analysis/lang/ro"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
	"github.com/blevesearch/bleve/v2/analysis/lang/tr"

	"github.com/ragft/ragft/internal/languages"
)

// known are the languages that Bleve has an analyzer for, with their stop words.
var known = map[string][]byte{
	ar.AnalyzerName: ar.ArabicStopWords, ckb.AnalyzerName: ckb.SoraniStopWords, da.AnalyzerName: da.DanishStopWords,
	de.AnalyzerName: de.GermanStopWords, es.AnalyzerName: es.SpanishStopWords, fa.AnalyzerName: fa.PersianStopWords,
	fi.AnalyzerName: fi.FinnishStopWords, fr.AnalyzerName: fr.FrenchStopWords, hi.AnalyzerName: hi.HindiStopWords,
	hr.AnalyzerName: hr.CroatianStopWords, hu.AnalyzerName: hu.HungarianStopWords, it.AnalyzerName: it.ItalianStopWords,
	nl.AnalyzerName: nl.DutchStopWords, no.AnalyzerName: no.NorwegianStopWords,
	pt.AnalyzerName: pt.PortugueseStopWords, ro.AnalyzerName: ro.RomanianStopWords, ru.AnalyzerName: ru.RussianStopWords,
	sv.AnalyzerName: sv.SwedishStopWords, tr.AnalyzerName: tr.TurkishStopWords,
}

// neighbours are languages that are recognised so that they are not taken for another one. They are treated as English is.
var neighbours = map[string][]byte{
	"en": en.EnglishStopWords, "bg": bg.BulgarianStopWords, "ca": ca.CatalanStopWords, "cs": cs.CzechStopWords,
	"gl": gl.GalicianStopWords, "id": id.IndonesianStopWords,
}

func init() {
	for name, words := range neighbours {
		frequent.add(name, listed(words))
	}
	for name, words := range known {
		frequent.add(name, listed(words))
		languages.Register(languages.Language{Name: name, Filters: filters(name)})
	}
	languages.Detecting(Detect)
}

// listed are the words of one of Bleve's lists.
func listed(list []byte) []string {
	words := analysis.NewTokenMap()
	if err := words.LoadBytes(list); err != nil {
		panic(err) // the lists are constants
	}
	var out []string
	for word := range words {
		out = append(out, word)
	}
	return out
}
