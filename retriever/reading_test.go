package retriever

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/htmlindex"
)

// passages returns "title: text" of each chunk of a file.
func passages(t *testing.T, name, content string) (out []string) {
	t.Helper()
	docs, report, err := loaded(ctx, fstest.MapFS{name: {Data: []byte(content)}}, LoadOptions{})
	require.NoError(t, err, "%v", report.Skipped)
	for _, doc := range docs {
		chunks, err := Split(doc, SplitOptions{})
		require.NoError(t, err)
		checkChunks(t, doc, SplitOptions{}, chunks)
		for _, c := range chunks {
			out = append(out, c.Title+": "+c.Text)
		}
	}
	return out
}

func TestXHTMLElementsCloseThemselves(t *testing.T) {
	page := func(head, body string) string {
		return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Crow Point</title>` +
			head + "</head>\n<body>" + body + "</body></html>"
	}
	const text = "<h1>Crow Point</h1><p>The light is kept by Osk Varley.</p>"
	want := []string{"Crow Point: # Crow Point\n\nThe light is kept by Osk Varley."}
	for _, p := range []string{
		page(`<script type="text/javascript" src="reader.js"/>`, text),
		page(`<style/><title/><meta charset="utf-8"/>`, text),
		page("", `<iframe src="x"/><textarea/><object data="y" />`+text),
		page("", `<a id="p12"/>`+text+`<button/><select/>`),
		page("<script>//<![CDATA[\nif (a < b) { }\n//]]></script>", text),
		page("", strings.Replace(text, "Osk Varley", "<![CDATA[Osk Varley]]>", 1)),
		page("", `<svg viewBox="0 0 1 1"><style/><title/><path d="M0 0"/></svg>`+text),
	} {
		require.Equal(t, want, passages(t, "page.xhtml", p), p)
		require.Equal(t, want, passages(t, "page.html", strings.TrimPrefix(p, `<?xml version="1.0" encoding="UTF-8"?>`)), p)
	}
}

func TestSVGAndMathML(t *testing.T) {
	for body, want := range map[string]string{
		`<svg width="10"><style/><title/><path d="M0 0"/></svg><p>The mill is Petra's.</p>`:    "The mill is Petra's.",
		`<svg><script href="x.js"/></svg><p>The mill is Petra's.</p>`:                          "The mill is Petra's.",
		`<math><annotation/></math><p>The mill is Petra's.</p>`:                                "The mill is Petra's.",
		`<p>The <svg><title>icon</title></svg> mill <svg/> is <math><mi>x</mi></math>Petra's.`: "The mill is Petra's.",
		`<svg><foreignObject><p>no</p></foreignObject></svg>The mill is Petra's.`:              "The mill is Petra's.",
		`<svg><g><p>The mill is Petra's.</p>`:                                                  "The mill is Petra's.",
		`<svg><style>.a{}</style><path d="M0 0"/>The mill is Petra's.`:                         "The mill is Petra's.",
		`<svg><path d="M0"/><p>The mill is Petra's.</p><svg></svg>`:                            "The mill is Petra's.",
		`<svg title="</svg>"><path/></svg>The mill is Petra's.<svg><svg></svg></svg>`:          "The mill is Petra's.",
	} {
		require.Equal(t, []string{"Gorse Bay: " + want}, passages(t, "i.html", "<title>Gorse Bay</title><body>"+body), body)
	}
}

func TestUnclosedElementsHideNothing(t *testing.T) {
	const text = "<p>The pilot of Selby is Fay Horn.</p>"
	for _, before := range []string{
		"<button>Menu", "<select><option>A<option>B", "<object data=x>", "<svg>", "<math><mi>", "<noscript>", "<template>", "<iframe src=x>",
		"<textarea>", "<script>f(1);", "<style>p{}", "<noembed>", "<noframes>", "<!-- note", "<button><button>x</button>",
		"<object><object></object>", `<a href="x`, "<button>A" + text + "<button>B</button>", "<style>a{}</style><style>b{}",
		"<noscript>off<style>.a{}</noscript>", "<button>off<script>f(1);</button>", "<template>off<style>.a{}<b></b></template>",
	} {
		got := strings.Join(passages(t, "b.html", "<html><head><title>B</title></head><body>"+before+text+"</body></html>"), "\n")
		require.Contains(t, got, "The pilot of Selby is Fay Horn.", before)
		require.NotContains(t, got, "<p>", before)
		require.NotContains(t, got, "f(1)", before)
		require.NotContains(t, got, "off", before)
	}
	require.Equal(t, []string{"b: B\n\nThe pilot of Selby is Fay Horn."}, passages(t, "b.html", "<title>B<body>"+text), "a title left open")
}

// The number of a note is no part of the word before it, as an exponent is.
func TestNumbersOfNotesInHTML(t *testing.T) {
	for body, want := range map[string]string{
		`Osk Varley<a href="#fn1"><sup>1</sup></a>.`:              "Osk Varley 1.",
		`Osk Varley<sup><a href="#fn1">1</a></sup>.`:              "Osk Varley 1.",
		`Osk Varley<sup id="r"><a href="#fn1"><b>1</b></a></sup>`: "Osk Varley 1",
		`Osk Varley<sup><a>1</a></sup><sup><a>2</a></sup>.`:       "Osk Varley 1 2.",
		`In 1990.<sup><a>1</a></sup>`:                             "In 1990. 1",
		`Osk Varley<sup>[<a>1</a>]</sup>.`:                        "Osk Varley[1].",
		`Osk Varley<sup><a>[1]</a></sup>.`:                        "Osk Varley[1].",
		`Osk Varley<sup><a></a></sup>s`:                           "Osk Varleys",
		`9 m<sup>2</sup>, the <a href="x">5<sup>th</sup></a>.`:    "9 m2, the 5th.",
		`<a href="x">Osk</a> has 9 m<sup>2</sup>`:                 "Osk has 9 m2",
		"<pre>Osk\n<a><sup>1</sup></a></pre>":                     "Osk\n1",
		`<h1>Osk<sup><a>1</a></sup></h1>`:                         "# Osk 1",
	} {
		require.Equal(t, want, htmlDocument(body).Text, body)
	}
	require.Equal(t, "Osk 1", htmlDocument(`<h1>Osk<sup><a>1</a></sup></h1>`).Title)
}

func TestTextLikeMarkdownInHTML(t *testing.T) {
	page := func(body string) string {
		return "<title>Install guide</title><h1>Install guide</h1><h2>Linux</h2><p>Run these.</p>" + body + "<p>The port is 8443.</p>"
	}
	for _, body := range []string{
		"<pre>\n# fetch the sources\ngit clone repo\n# build them\nmake all\n</pre>", "<dl><dt>Inn<dd># of rooms: 9</dl>", "A<br># 4<br># 5",
		"<ul><li><pre># in a list\n## too</pre></ul>", "<p># paragraph</p>",
	} {
		got := passages(t, "pre.html", page(body))
		require.Len(t, got, 1, body)
		require.True(t, strings.HasPrefix(got[0], "Install guide > Linux: # Install guide\n\n## Linux\n\nRun these."), got[0])
		require.True(t, strings.HasSuffix(got[0], "The port is 8443."), got[0])
	}
	require.Equal(t, []string{"T: # 1", "T > A B C: ## A B\nC\n\ntext"},
		passages(t, "h.html", "<title>T</title># 1<h2>A <b>B</b><br>C</h2>text"))
}

func TestDeclaredEncodings(t *testing.T) {
	encode := func(name, text string) string {
		e, err := htmlindex.Get(name)
		require.NoError(t, err)
		out, err := e.NewEncoder().String(text)
		require.NoError(t, err)
		return out
	}
	const japanese = "灯台の番人は田中です。"
	for _, head := range []string{
		"<meta charset=iso-2022-jp>", `<meta http-equiv="Content-Type" content="text/html; charset=ISO-2022-JP">`, "",
		strings.Repeat("<link rel=icon href=x>", 80) + `<meta charset="iso-2022-jp">`,
	} {
		page := "<html><head>" + head + "<title>T</title></head><body><p>" + japanese + "</p>"
		require.Equal(t, []string{"T: " + japanese}, passages(t, "jp.html", encode("iso-2022-jp", page)), head)
	}
	page := func(charset string) string {
		return "<meta charset=" + charset + "><title>T</title><p>Café, schön — gut</p>"
	}
	require.Equal(t, []string{"T: Café, schön — gut"}, passages(t, "a.html", page("windows-1252")), "it is UTF-8")
	require.Equal(t, []string{"T: Café, schön — gut"}, passages(t, "a.html", encode("windows-1252", page("windows-1252"))))
	require.Equal(t, []string{"T: Маяк"}, passages(t, "a.html", encode("windows-1251", "<meta charset=windows-1251><title>T</title>Маяк")))
	require.Equal(t, []string{"T: Маяк"},
		passages(t, "a.xhtml", encode("koi8-r", `<?xml version="1.0" encoding="koi8-r"?><html><title>T</title>Маяк</html>`)))
	for _, utf16 := range []string{"utf-16le", "utf-16be"} {
		mark := encode(utf16, "\ufeff")
		for _, mark := range []string{mark, ""} {
			require.Equal(t, []string{"T: The light."}, passages(t, "a.html", mark+encode(utf16, "<title>T</title><p>The light.")), utf16)
			require.Equal(t, []string{"a: The light at Crow Point."}, passages(t, "a.txt", mark+encode(utf16, "The light at Crow Point.")), utf16)
		}
	}
	for name, text := range map[string]string{
		"shift_jis": "灯台の番人は田中です。町の灯台は北にあります。", "iso-2022-jp": japanese, "windows-1251": "Маяк на мысе Крау охраняет Оск Варли, и он живёт там.",
		"windows-1252": "Das Café in der Straße öffnet um neun Uhr und schließt spät.", "gbk": "灯塔的看守人是王伟。灯塔在镇的北边。",
	} {
		require.Equal(t, []string{"a: " + text}, passages(t, "a.txt", encode(name, text)), name)
	}
	require.Equal(t, []string{"a: Ännchen, Café, Straße, schön, \ufffd, für"},
		passages(t, "a.txt", "Ännchen, Café, Straße, schön, \xff, für"), "one broken character")
	const german = "Das Café in der Straße öffnet um neun Uhr und schließt spät."
	for text, want := range map[string]string{
		"The mast of Caf\xe9 Zoë is new.": "The mast of Caf\ufffd Zoë is new.", "The mast \xff is new.": "The mast \ufffd is new.",
		encode("windows-1252", german): german, // a mark that is wrong
	} {
		require.Equal(t, []string{"a: " + want}, passages(t, "a.txt", utf8BOM+text), text)
		require.Equal(t, []string{"a: " + want}, passages(t, "a.html", utf8BOM+text), text)
	}
}

func TestHashInOtherBlocksOfMarkdown(t *testing.T) {
	for name, text := range map[string]string{
		"comment":          "<!--\n# Old heading\nThe port is 1111.\n\n## More\n-->\n\nThe port is 2222.",
		"within a line":    "See <!-- this\n\n# Old\n\n--> there.\nThe port is 2222.",
		"pre":              "<pre>\n# Old\n\n# Older\n</pre>\n\nThe port is 2222.",
		"script":           "<script>\n# Old\n\n# Older\n</script>\n\nThe port is 2222.",
		"fence":            "````sh\n# Old\n```\n# Older\n````\nThe port is 2222.",
		"tilde":            "~~~\n# Old\n```\n~~~\nThe port is 2222.",
		"fence in a list":  "- item\n\n    ```sh\n# Old\n    ```\n\nThe port is 2222.",
		"two spaces":       "- item\n  ```sh\n# Old\n\n# Older\n  ```\n\nThe port is 2222.",
		"numbered":         "1. Install:\n   ```\n# Old\n   ```\n2. Run.\n\nThe port is 2222.",
		"after the mark":   "1. ```\n# Old\n   ```\n\nThe port is 2222.",
		"quote":            "> ```\n> # Old\n> ```\n\nThe port is 2222.",
		"lazy quote":       "> ```\n# Old\n> ```\n\nThe port is 2222.",
		"indented":         "    # Old\n\nThe port is 2222.",
		"quoted heading":   "> # Old\n\nThe port is 2222.",
		"rule":             "One line,\nanother.\n---\nThe port is 2222.",
		"code of comments": "Write `<!--` first.\n\nThe port is 2222.",
		"in a paragraph":   "See\n    <!-- this\n\n# Old\n\n--> there.\nThe port is 2222.",
		"beside code":      "Write ``a`` <!-- this\n\n# Old\n\n--> or `` ` ``.\nThe port is 2222.",
	} {
		for _, end := range []string{"\n", "\r\n", "\r"} {
			content := strings.ReplaceAll("# Guide\n\n"+text+"\n\n# Real\n\nbody real\n", "\n", end)
			got := passages(t, "g.md", content)
			require.Len(t, got, 2, "%s: %q", name, got)
			require.True(t, strings.HasPrefix(got[0], "Guide: # Guide"), "%s: %q", name, got)
			require.True(t, strings.HasSuffix(got[0], "The port is 2222."), "%s: %q", name, got)
			require.Equal(t, "Guide > Real: # Real"+end+end+"body real", got[1], name)
		}
	}
	for _, text := range []string{
		"# Top\n\n- item\n\n    ```sh\n    x\n\n# Real\n\nbody real\n",
		"# Top\n\n- item\n  ```sh\n  x\n\n# Real\n\nbody real\n\n- ```go\n  y\n  ```\n",
		"# Top\n\ntext <!-- never closed\n\n# Real\n\nbody real\n",
		"# Top\n\nuse `<!--`\n\n# Real\n\nbody `-->` real\n",
		"# Top\n\nuse ``<!--``\n\n# Real\n\nbody ``-->`` real\n",
		"# Top\n\nuse `` `<!--` ``\n\n# Real\n\nbody `` `-->` ``\n",
		"# Top\n\nuse\n\n    <!--\n\n# Real\n\nbody\n\n    -->\n",
		"# Top\n\nuse\n\n    a\n    <!--\n\n# Real\n\nbody\n\n    -->\n",
		"# Top\n\tx <!--\n\n# Real\n\nbody\n\n    -->\n",
		"# Top\n\n```\nx\n```\n    <!--\n\n# Real\n\nbody -->\n",
	} {
		got := passages(t, "g.md", text)
		require.Len(t, got, 2, "%q", got)
		require.True(t, strings.HasPrefix(got[1], "Top > Real: # Real"), "%q", got)
	}
}

func TestLineEnds(t *testing.T) {
	require.Equal(t, []string{
		"Harl Island: # Harl Island\rThe light is kept by Osk Varley.", "Harl Island > Ferry: ## Ferry\rThe ferry leaves at nine.",
	}, passages(t, "mac.md", "# Harl Island\rThe light is kept by Osk Varley.\r\r## Ferry\rThe ferry leaves at nine.\r"))
	require.Equal(t, []string{"A > B: B\r===\rone\r\n\ntwo", "A > C: # C\n\rthree"},
		passages(t, "m.md", "---\rtitle: A\r---\rB\r===\rone\r\n\ntwo\r# C\n\rthree"))
	docs, _, err := loaded(ctx, fstest.MapFS{"r.jsonl": {Data: []byte("{\"text\":\"a\"}\r{\"text\":\"b\"}\r\n\r{\"text\":\"c\"}\n")}},
		LoadOptions{})
	require.NoError(t, err)
	require.Equal(t, []string{"r.jsonl#1", "r.jsonl#2", "r.jsonl#4"}, []string{docs[0].Source, docs[1].Source, docs[2].Source})
	chunks, err := Split(Document{Text: strings.Repeat("word ", 120) + "\r\r" + strings.Repeat("next ", 150)}, SplitOptions{})
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(chunks[1].Text, "next"), "CR divides paragraphs")
}

func TestFrontMatterIsYAML(t *testing.T) {
	for block, want := range map[string]string{
		`title: "A: B # c"   # comment`: "A: B # c", "Title: Upper": "Upper", "title: 'It''s here'": "It's here", `"title": X`: "X",
		`title: "caf\u00e9"`: "café", "title: >\n  two\n  lines": "two lines", "a: &x T\ntitle: *x": "T", "title: A: B": "A: B",
		"title:": "f", "tags: [x]\nTITLE: y\ntitle: z": "z", "# only a comment": "f", "title: 12": "12", "title: [a]": "f",
	} {
		require.Equal(t, []string{want + ": body"}, passages(t, "f.md", "---\n"+block+"\n---\nbody"), block)
	}
	require.Equal(t, []string{"f: ---\nno: yaml, no: block.\nJust prose here.\n\n---\nbody"},
		passages(t, "f.md", "---\nno: yaml, no: block.\nJust prose here.\n\n---\nbody")[:1])
}

func TestTitlesAreBounded(t *testing.T) {
	long := strings.Repeat("word ", 1<<18)
	for name, text := range map[string]string{
		"a.md": "# " + long + "\n" + strings.Repeat("A line of text.\n\n", 1000), "r.jsonl": `{"title":"` + long + `","text":"x"}`,
		"a.html": "<title>" + long + "</title><h1>" + long + "</h1><h2>" + long + "</h2><p>text",
	} {
		docs, _, err := loaded(ctx, fstest.MapFS{name: {Data: []byte(text)}}, LoadOptions{})
		require.NoError(t, err)
		chunks, err := Split(docs[0], SplitOptions{})
		require.NoError(t, err)
		for _, c := range chunks {
			require.LessOrEqual(t, len(c.Title), 7*(maxHeading+len("…")+len(titleSeparator)), name)
		}
	}
}

// Pages and texts that are made to be slow cost time in proportion to their length.
func TestReadingIsLinear(t *testing.T) {
	for name, part := range map[string]string{
		"<.html": "<", "a.html": `<a "`, "b.html": "<button>", "s.html": "<svg>", "p.html": "<svg><p>", "c.html": "<!--", "t.html": "<title>",
		"x.xhtml": "<?xml <a/><![CDATA[", "m.html": "<math><mi>", "f.md": "- ```\n", "g.md": "~~~~\n", "q.md": "> ", "h.md": "<!--",
		"i.md": "# a\n",
		"u.md": "a\n=\n", "l.md": "- ", "pre.md": "<pre>\n", "back.md": "`<!--", "scr.html": "<script></scrip", "n.md": "1. > - ",
	} {
		fsys := fstest.MapFS{name: {Data: []byte(strings.Repeat(part, 200_000/len(part)))}}
		start := time.Now()
		docs, _, _ := loaded(ctx, fsys, LoadOptions{})
		for _, doc := range docs {
			_, err := Split(doc, SplitOptions{})
			require.NoError(t, err)
		}
		took := time.Since(start)
		t.Logf("%s: %v", name, took.Round(time.Millisecond))
		require.Less(t, took, 10*time.Second, name)
	}
}
