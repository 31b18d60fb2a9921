package all

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// The elements of HTML that are seldom used, in the reader of this package and in that of package retriever.
func TestSeldomElements(t *testing.T) {
	accordion := "<h1>FAQ</h1><h2><button aria-expanded=false>How do I reset the buoy?</button></h2><div>Ask Wim Dale at the mill, who " +
		"keeps the key.</div><h2><button>Who paints it?</button></h2><div>It is painted by Rhea Dunn.</div><p>Text <button>Copy</button>.</p>"
	tests := []reading{
		{"blocks", "a.html", "<center>Alpha</center><center>Beta</center><dialog open>Gamma</dialog><menu>Delta</menu><search>Eps</search>" +
			"<hgroup>Zeta</hgroup><listing>Eta</listing><xmp>Theta</xmp>Iota",
			[]string{"Alpha\nBeta\n\nGamma\n\nDelta\n\nEps\n\nZeta\n\nEta\n\nTheta"}, nil},
		{"a heading that unfolds", "a.html", accordion, []string{"Ask Wim Dale @ @FAQ > How do I reset the buoy?",
			"Rhea Dunn. @ @FAQ > Who paints it?"}, []string{"Copy"}},
		{"how a word is read", "a.html", "<p><ruby>Kestrel<rt>gloss</rt></ruby> flies by Al.</p>", []string{"Kestrel gloss flies"}, nil},
		{"in parentheses", "a.html", "<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rp>(</rp><rt>じ</rt><rp>)</rp></ruby></p>",
			[]string{"漢(かん)字(じ)"}, nil},
		{"without scripts", "a.html", "<noscript><p>Kept by Ann Gray.</p></noscript>", []string{"Kept by Ann Gray."}, nil},
		{"without frames", "a.html", "<frameset><frame src=a><noframes><p>Kept by Ann Gray.</p></noframes></frameset>",
			[]string{"Kept by Ann Gray."}, []string{"<p>"}},
		{"with scripts", "a.html", "<p>Kept by Al.</p><noscript>Turn scripts on</noscript>", []string{"Kept by Al."}, []string{"Turn"}},
		{"front matter", "a.html", "---\nlayout: page\ntitle: Harl\n---\n<p>Kept by Al.</p>", []string{"Kept by Al. @ @Harl"},
			[]string{"layout"}},
	}
	checkReadings(t, tests)
	for _, test := range tests {
		doc, err := retriever.TextReader(retriever.HTML).Read(t.Context(), test.file, test.data)
		require.NoError(t, err)
		for _, s := range test.not {
			require.NotContains(t, doc.Text, s, test.name)
		}
		require.NotContains(t, doc.Text, "AlphaBeta")
	}
}

// Front matter is no passage, wherever the Markdown stands.
func TestFrontMatterIsNoText(t *testing.T) {
	attached := func(name, data string) string {
		return "From: a@b\nSubject: S\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Disposition: attachment; filename=" + name +
			"\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(data)) + "\n--B--\n"
	}
	yaml := "---\r\ntitle: Harl\r\nauthor: hidden\r\n---\r\n\r\n# Ports\r\n\r\nThe port is kept by Bo.\r\n"
	toml := "+++\nauthor = 'hidden'\ntitle = \"Harl \\\"\\u00c9\\\" Island\" # hidden\n[menu]\ntitle = \"hidden\"\n+++\n" +
		"The port is kept by Bo.\n"
	long := "+++\ntitle = '''\nHarl\nIsland'''\ntext = \"\"\"\nhidden\n\"\"\"\n+++\nThe port is kept by Bo.\n"
	hidden := []string{"hidden"}
	cells := `"},{"cell_type":"markdown","source":"The port is kept by Bo."}]}`
	checkReadings(t, []reading{
		{"TOML", "a.md", toml, []string{`kept by Bo. @ @Harl "É" Island`}, hidden},
		{"TOML of several lines", "a.md", long, []string{"kept by Bo. @ @Harl Island"}, hidden},
		{"TOML that is open", "a.md", "+++\ntitle = 1\nThe port is kept by Bo.\n", []string{"kept by Bo."}, nil},
		{"plus signs", "a.md", "+++\nSome text.\n+++\nThe port is kept by Bo.\n", []string{"Some text.\n+++\nThe port"}, nil},
		{"notes between plus signs", "a.md", "+++\n[1] See the report.\n\nLong text by Al.\n+++\nRest", []string{"Long text by Al."}, nil},
		{"a sum between plus signs", "a.md", "+++\nWe assume that a=b holds.\nText by Al.\n+++\nRest", []string{"Text by Al."}, nil},
		{"a number between plus signs", "a.md", "+++\n[1]\nText by Al.\n+++\nRest", []string{"Text by Al."}, nil},
		{"only a table", "a.md", "+++\n[menu] # hidden\n'main item'.weight = 1\n+++\nBy Bo.", []string{"By Bo."}, hidden},
		{"TOML with a list", "a.md", "+++\ntags = [\n  'hidden',\n]\ntitle = 'Harl'\n+++\nBy Bo.", []string{"By Bo. @ @Harl"}, hidden},
		{"two blocks in a notebook", "a.ipynb", `{"cells":[{"cell_type":"markdown","source":"---\ntitle: T\n---\n---\nNote: read this\n---\n` +
			`# A\n\nBy Al.` + cells, []string{"By Al. @cell 1 @T > A", "Note: read this"}, []string{"title"}},
		{"two blocks in an attachment", "a.eml", attached("g.md", "---\ntitle: T\n---\n---\nNote: read this\n---\nText by Al."),
			[]string{"Note: read this"}, []string{"title"}},
		{"an attachment", "a.eml", attached("g.md", yaml), []string{"kept by Bo. @attachment g.md @S > g.md > Ports"}, hidden},
		{"an attachment with TOML", "a.eml", attached("g.md", toml), []string{"kept by Bo. @attachment g.md"}, hidden},
		{"a compressed one", "a.eml", attached("g.md.gz", gzipped(t, yaml)), []string{"kept by Bo. @attachment g.md.gz @S > g.md.gz > Ports"},
			hidden},
		{"in a mailbox", "a.mbox", "From a@b Mon Mar  2 10:00:00 2026\n" + attached("g.md", yaml),
			[]string{"kept by Bo. @message 1, attachment g.md"}, hidden},
		{"compressed", "a.md.gz", gzipped(t, yaml), []string{"kept by Bo. @ @Harl > Ports"}, hidden},
		{"a notebook", "a.ipynb", `{"cells":[{"cell_type":"raw","source":"---\ntitle: Harl\nauthor: hidden\n---` + cells,
			[]string{"kept by Bo. @cell 2 @Harl"}, hidden},
		{"its first text", "a.ipynb", `{"cells":[{"cell_type":"markdown","source":"---\ntitle: Harl\nauthor: hidden\n---\nBy Al.` + cells,
			[]string{"By Al. @cell 1 @Harl", "kept by Bo. @cell 2 @Harl"}, hidden},
	})
}

func TestAttributesOfHeadings(t *testing.T) {
	checkReadings(t, []reading{
		{"an anchor", "a.md", "# Guide {#intro}\n\nBy Al.\n\n## Part {: .wide #p }\n\nBy Bo.\n", []string{"By Al. @ @Guide",
			"By Bo. @ @Guide > Part"}, nil},
		{"braces", "a.md", "# The set {1, 2}\n\nBy Al.\n", []string{"By Al. @ @The set {1, 2}"}, nil},
	})
}

func TestResultsOfNotebooks(t *testing.T) {
	result := func(fields string) string {
		return `{"cells":[{"cell_type":"code","source":"x","outputs":[{` + fields + `}]},{"cell_type":"markdown","source":"By Al."}]}`
	}
	checkReadings(t, []reading{
		{"format 3", "a.ipynb", `{"worksheets":[{"cells":[{"cell_type":"heading","level":2,"source":["Depths"]},{"cell_type":"markdown",` +
			`"source":` +
			`["By Al."]}]}]}`, []string{"By Al. @cell 2 @Depths"}, nil},
		{"a level as a text", "a.ipynb", `{"cells":[{"cell_type":"heading","level":"2","source":"Depths"},{"cell_type":"markdown",` +
			`"level":2.5,"source":"By Al."}]}`, []string{"By Al. @cell 2 @Depths"}, nil},
		{"Markdown", "a.ipynb", result(`"data":{"text/plain":["<IPython.core.display.Markdown object>"],"text/markdown":["Shown by Bo."]}`),
			[]string{"Shown by Bo."}, []string{"IPython"}},
		{"a page", "a.ipynb", result(`"data":{"text/plain":"<IPython.core.display.HTML object>","text/html":"<tr><td>Boat</td><td>by Bo<` +
			`/td></tr>"}`),
			[]string{"Boat by Bo"}, []string{"IPython", "td"}},
		{"a table", "a.ipynb", result(`"data":{"text/plain":"Boat  by Bo","text/html":"<b>Boat</b>"}`), []string{"Boat  by Bo"},
			[]string{"<b>"}},
		{"an error", "a.ipynb", result(`"ename":"ValueError","evalue":"no tide"`), []string{"ValueError: no tide"}, nil},
		{"colours", "a.ipynb", result(`"text":["\u001b[1;31mRed by Bo\u001b[0m\n"]`), []string{"Red by Bo"}, []string{"\x1b"}},
		{"numbers", "a.ipynb", result(`"data":{"text/plain":5,"application/json":{"a":1}}`), []string{"By Al. @cell 2"}, nil},
	})
}

func TestTimesAndMarksOfSubtitles(t *testing.T) {
	checkReadings(t, []reading{
		{"no milliseconds", "a.srt", "1\n00:00:01 --> 00:00:03\nBy Al.\n", []string{"By Al. @0:00:01"}, nil},
		{"colons", "a.srt", "1\n00:00:01:500 --> 00:00:03:000\nBy Al.\n", []string{"By Al. @0:00:01"}, nil},
		{"how a word is read", "a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<ruby>Kestrel<rt>gloss</rt></ruby> by Al.\n",
			[]string{"Kestrel gloss  by Al."}, nil},
	})
}

func TestBeginningsAndBytesOfRTF(t *testing.T) {
	checkReadings(t, []reading{
		{"a mark", "a.rtf", "\ufeff" + rtf, []string{"keeper is Wanda Bræ"}, nil},
		{"a line", "a.rtf", "\r\n" + rtf, []string{"keeper is Wanda Bræ"}, nil},
		{"UTF-8", "a.rtf", `{\rtf1\ansi\ansicpg1252 Café, \u28783灯\u21488台 by Al.\par}`, []string{"Café, 灯台 by Al."}, nil},
		{"bytes of the code page", "a.rtf", "{\\rtf1\\ansi\\ansicpg1251 \xcc\xe0\xff\xea\\par}", []string{"Маяк"}, nil},
	})
}
