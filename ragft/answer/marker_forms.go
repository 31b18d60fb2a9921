package answer

import (
	"regexp"
	"strings"
)

// The forms in which models cite by number: [1], [1, 2], [1-3], [^1], [^1^], 【1】, 【1†source】, [1, p. 3], [Document 1], [Doc 2, 3],
// [doc1], [citation:1], [Document 1: Title], (Document 1), (see documents 1 and 2), (Source: Document 1, p. 3), <sup>1</sup>. In round
// brackets the word is needed: (1) counts an item.
var (
	markerOpen, markerClose = `\\?[\[［【〔]`, `\\?[\]］】〕]`

	// markerNoun names a passage in the languages of the prompts. What has numbers of its own in a text (article, section, page,
	// figure) is no such name.
	markerNoun = `(?:(?i:documents?|docs?|passages?|sources?|texts?|excerpts?|snippets?|references?|refs?|chunks?|contexts?|` +
		`citations?|cites?|dokumente?n?|quellen?|textstellen?|documentos?|fuentes?|pasajes?|fragmentos?|textos?|extraits?|textes?)|` +
		`文档|文件|资料|来源|段落|文献|文書|資料|出典|文章|引用|参考)`

	markerSign  = `\.?\s*(?:[:：#_-]|` + markerNo + `)?\s*`
	markerNo    = `(?i:no\.|nos\.|nr\.|n[°º]|number|numbers|num\.|núm\.|nummer|numéro|número)`
	markerRange = `[-–—‑−~～〜]|\.\.\.?|…|\b(?i:to|through|thru|bis|à|a|hasta)\b|至|到|から`
	markerAnd   = `(?i:and|or|und|oder|et|ou|y|o)\b`
	markerJoin  = `(?:(?:,|，|;|；)\s*(?:&|` + markerAnd + `)?|[&+、]|和|与|と|\b` + markerAnd + `|` + markerRange + `)`

	markerOne  = `\^?#?[\d０-９]{1,3}\^?`
	markerList = markerOne + `(?:\s*` + markerJoin + `\s*(?:` + markerNoun + markerSign + `)?` + markerOne + `)*`

	// What stands between the bracket and the noun, and behind the last number.
	markerLead = `(?i:(?:see|cf\.?|from|in|per|e\.g\.,?|according to|based on|as (?:stated|said|noted|described|shown|mentioned|given) in|` +
		`siehe|vgl\.|laut|aus|voir|selon|d['’]après|ver|véase|según|de)\s+)?(?:见|参见|根据|参照)?(?i:(?:also|the|le|les|los|el)\s+){0,2}`
	markerNames = `\s*` + markerLead + `(?:` + markerNoun + `\s*[:：]\s*)?` + markerNoun
	markerTitle = `(?:\s*(?:[:：,，|]|\s[-–—])[^\]］】〕)）\n]{0,100})?`
	markerPage  = `(?i:pp?\.|pages?\b|lines?\b|l\.|para(?:graph)?s?\b|sections?\b|sect?\.|chapters?\b|ch\.|§|S\.|Seiten?\b|` +
		`Zeilen?\b|páginas?\b|págs?\.|第)`
	markerPlace = `(?:\s*[,，:]\s*` + markerPage + `[^\]］】〕\n]{0,60})?`

	// In round brackets no colon or hyphen follows the noun, and no other number the list: "(documents: 3, photos: 10)" counts.
	roundSign  = `\.?\s*(?:[#_]|` + markerNo + `)?\s*`
	roundTitle = `(?:\s*(?:[:：|]|\s[-–—])[^\]］】〕)）\n]{0,100}|\s*[,，]\s*(?:(?:["“”„«「『]|` + markerPage + `)[^)）\n]{0,100}|` +
		`[^\]］】〕)）\d０-９\n]{0,100}))?`
	markerDagger = `(?:†[^\]］】〕\n]*)?`

	markerPattern = regexp.MustCompile(
		markerOpen + `\s*(` + markerList + `)\s*` + markerPlace + markerDagger + markerClose +
			`|` + markerOpen + markerNames + markerSign + `(` + markerList + `)` + markerTitle + `\s*` + markerDagger + markerClose +
			`|[(（]` + markerNames + roundSign + `(` + markerList + `)` + roundTitle + `\s*` + markerDagger + `[)）]` +
			`|<sup>\s*(` + markerList + `)\s*</sup>`)

	// markerName is a name within a list. Its hyphen makes no range: [doc-1, doc-3].
	markerName = regexp.MustCompile(markerNoun + markerSign)

	markerNumber = regexp.MustCompile(`\d+|` + markerRange)

	// between is what stands between the ends of a range that has brackets of their own: [1]-[3]. With blanks it is a dash, or
	// begins an item of a list.
	between = regexp.MustCompile(`^[-–‑−~～〜]$`)
)

// digits turns digits of full width into those of ASCII.
var digits = strings.NewReplacer("０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9")
