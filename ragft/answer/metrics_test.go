package answer

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/words"
	"github.com/stretchr/testify/require"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"The Mill":                  "mill",
		"  the\tOLD   mill. ":       "old mill",
		"an apple, a pear":          "apple pear",
		"U.S.A.":                    "usa",
		"Ada's":                     "adas",
		"Ada’s":                     "adas",
		"well-known":                "well known",
		"1912–1915":                 "1912 1915",
		"12.5 m":                    "12.5 m",
		"1912-1915":                 "1912 1915",
		"1912–15":                   "1912 15",
		"1912 - 1915":               "1912 1915",
		"5--3":                      "5 3",
		"-5 °C":                     "-5 °c",
		"\u22125 °C":                "-5 °c",
		"at (-5)":                   "at -5",
		"-5-3":                      "-5 3",
		"x.-5":                      "x 5",
		"(b)-5":                     "b 5",
		"- 5":                       "5",
		"COVID-19":                  "covid 19",
		"1/2":                       "1/2",
		"2019/20":                   "2019/20",
		"1//2":                      "12",
		"and/or":                    "andor",
		"1,200":                     "1200",
		"in 1912.":                  "in 1912",
		"$5":                        "5",
		"ﬁne":                       "fine",
		"CAFÉ":                      "café",
		"cafe\u0301":                "café",
		"e'\u0301":                  "é",
		"the":                       "the",
		"A":                         "a",
		"theatre":                   "theatre",
		"«Zum Löwen»":               "zum löwen",
		"\x00a\xffb":                "b",
		"non\u00a0breaking":         "non breaking",
		"Straße":                    "straße",
		"the a an":                  "the a an",
		"\u200b":                    "\u200b",
		"12.5.":                     "12.5",
		"1..5":                      "15",
		"Who? Mara Venn (a miller)": "who mara venn miller",
		// Chinese and Japanese have no blanks.
		"这座桥于1912年建成。":                        "这 座 桥 于 1912 年 建 成",
		"答案是 北京":                              "答 案 是 北 京",
		"コーヒー、１９１２年":                          "コ ー ヒ ー 1912 年",
		"ギター12本":                              "ギ タ ー 12 本",
		"「Apple」、Google。":                     "apple google",
		"2010年-2015年":                         "2010 年 2015 年",
		"（2010年）-2015年":                       "2010 年 2015 年",
		"气温 -5度":                              "气 温 -5 度",
		"3.5公里/小时":                            "3.5 公 里 小 时",
		"Python语言":                            "python 语 言",
		"ｶﾞ":                                  "ガ",
		"서울 특별시":                              "서울 특별시", // Korean has blanks
		"กรุงเทพ":                             "กรุงเทพ",
		"l'Europe":                            "l europe",
		"de l’Europe":                         "de l europe",
		"L\u02bceau":                          "l eau",
		"l'Île-de-France":                     "l île de france",
		"d'Artagnan, qu'il":                   "d artagnan qu il",
		"dell'arte e all'Università, nell'83": "dell arte e all università nell83",
		"don't, it's O'Neill":                 "dont its oneill",
		"aujourd'hui jusqu'ici":               "aujourdhui jusquici",
		"y'all're, all’s well, Dell's":        "yallre alls well dells",
	} {
		require.Equal(t, want, Normalize(in), "Normalize(%q)", in)
	}
}

func TestExactMatch(t *testing.T) {
	require.True(t, ExactMatch("The mill.", []string{"Mill"}))
	require.True(t, ExactMatch("nineteen twelve", []string{"1912", "Nineteen-Twelve"}), "an alias is as good as the answer")
	require.False(t, ExactMatch("the old mill", []string{"mill"}))
	require.False(t, ExactMatch("", []string{""}), "nothing equals nothing")
	require.False(t, ExactMatch("x", nil))
	require.False(t, ExactMatch("12.5", []string{"125"}))
	require.False(t, ExactMatch("5 °C", []string{"-5 °C"}))
	require.False(t, ExactMatch("12", []string{"1/2"}))
	require.True(t, ExactMatch("\u22125", []string{"-5"}), "a minus sign")
}

func TestF1(t *testing.T) {
	for _, c := range []struct {
		pred  string
		golds []string
		want  float64
	}{
		{"Mara Venn", []string{"Mara Venn"}, 1},
		// One of two tokens right, one of two found: P = R = 1/2.
		{"Mara Lind", []string{"Mara Venn"}, 0.5},
		// P = 2/4, R = 2/2: 2 * 0.5 * 1 / 1.5.
		{"founded by Mara Venn", []string{"Mara Venn"}, 2.0 / 3},
		// A word said twice counts once where the gold has it once: P = 1/2, R = 1/1.
		{"mill mill", []string{"mill"}, 2.0 / 3},
		// The best alias counts: P = 1, R = 1.
		{"the miller", []string{"Mara Venn", "miller"}, 1},
		{"", []string{"mill"}, 0},
		{"mill", []string{""}, 0},
		{"mill", nil, 0},
	} {
		require.InDelta(t, c.want, F1(c.pred, c.golds), 1e-12, "%q against %q", c.pred, c.golds)
	}
}

func TestContains(t *testing.T) {
	require.True(t, Contains("It was built in 1912, by hand.", []string{"1912"}))
	require.False(t, Contains("number 19123", []string{"1912"}), "a part of a token is not the answer")
	require.True(t, Contains("She is called Mara Venn, the miller", []string{"mara venn"}))
	require.False(t, Contains("Mara and Ada Venn", []string{"Mara Venn"}), "tokens must stand together")
	require.False(t, Contains("Venn Mara", []string{"Mara Venn"}), "and in order")
	require.True(t, Contains("by the sea", []string{"Lake Orn", "sea"}))
	require.False(t, Contains("anything", []string{"", "."}))
	require.False(t, Contains("12.5", []string{"12", "5"}))
	require.True(t, Contains("这座桥于1912年建成。", []string{"1912年"}))
	require.False(t, Contains("这座桥于1912年建成。", []string{"912年", "建桥"}))
	require.True(t, Contains("答案是北京。", []string{"北京"}))
	require.True(t, Contains("東京タワーは港区にあります。", []string{"港区"}))
	require.True(t, Contains("au cœur de l’Europe", []string{"Europe"}))
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"The Mill", "e'\u0301", "1.'2", "\xff\xfe", "ǅ", "İ", "ᴬ", "\u1E9E", "a\u0345'\u0301", "１．５", "The. the",
		"x.-5", "-1/2", "−5", "2010年-2015", "年−5", "か\u3099", "l'a'b", "l.ʼx", "d’the"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Normalize(s)
		if twice := Normalize(once); twice != once {
			t.Fatalf("Normalize(%q) = %q, again %q", s, once, twice)
		}
		if strings.TrimSpace(once) != once || strings.Contains(once, "  ") {
			t.Fatalf("Normalize(%q) = %q has blank space to spare", s, once)
		}
	})
}

func FuzzF1(f *testing.F) {
	f.Add("founded by Mara Venn", "Mara Venn")
	f.Add("", "the")
	f.Add("\xff", "a a a")
	f.Fuzz(func(t *testing.T, pred, gold string) {
		f1, rouge := F1(pred, []string{gold}), words.RougeL(pred, []string{gold})
		if !(f1 >= 0 && f1 <= 1) || !(rouge >= 0 && rouge <= f1+1e-12) {
			t.Fatalf("F1 = %v, ROUGE-L = %v for %q, %q", f1, rouge, pred, gold)
		}
		if back := F1(gold, []string{pred}); back != f1 && (back-f1 > 1e-12 || f1-back > 1e-12) {
			t.Fatalf("F1 is not symmetric: %v, %v", f1, back)
		}
		if ExactMatch(pred, []string{gold}) {
			if f1 != 1 || !Contains(pred, []string{gold}) {
				t.Fatalf("exact, but F1 = %v", f1)
			}
		}
		if Normalize(pred) != "" && !ExactMatch(pred, []string{pred}) {
			t.Fatalf("%q does not match itself", pred)
		}
	})
}
