package charsets

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

var samples = map[string]string{
	"english":  "The “light” — at Crow Point – is kept by Osk Varley…\n",
	"mixed":    "The light is kept by Иван Петров of the harbour.\n",
	"russian":  "Маяк на мысе Ворон хранит смотритель Иван Петров. Он живёт там с осени, и каждое утро проверяет лампу.\n",
	"greek":    "Τον φάρο στο ακρωτήρι φυλάει ο Νίκος Παπάς.\n",
	"hebrew":   "המגדלור בכף העורב נשמר בידי דוד כהן.\n",
	"arabic":   "يحرس المنارة في رأس الغراب الرجل أحمد علي.\n",
	"thai":     "ประภาคารที่แหลมกาดูแลโดยนายสมชาย เขาอยู่ที่นั่นตั้งแต่ฤดูใบไม้ร่วง และตรวจตะเกียงทุกเช้า\n",
	"hindi":    "कौवा अंतरीप का दीपस्तंभ रमेश देखता है।\n",
	"japanese": "烏岬の灯台は　小沢守が管理しています。毎朝ランプを点検し、夜になると火を入れます。\n港の料金表は毎年春に改定されます。\n",
	"chinese":  "乌鸦角的灯塔由王小明看守。他每天早上检查灯，晚上点亮。\n港口的费用每年春天调整。潮汐表由李红保管。\n",
	"taiwan":   "烏鴉角的燈塔由王小明看守。他每天早上檢查燈，晚上點亮。\n港口的費用每年春天調整。潮汐表由李紅保管。\n",
	"korean":   "까마귀 곶의 등대는 김민수가 지킵니다. 그는 매일 아침 등을 점검하고 저녁에 불을 켭니다.\n",
}

func encoded(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	out, err := e.NewEncoder().String(text)
	require.NoError(t, err)
	return out
}

// Two or four bytes for each character, in either order, with a mark and without one.
func TestWideTextsOfAllScripts(t *testing.T) {
	for name, text := range samples {
		for _, e := range []encoding.Encoding{
			unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
			utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
		} {
			for _, mark := range []string{"", "\uFEFF"} {
				data := encoded(t, e, mark+text+"😀\n")
				got, ok := Text(data)
				require.True(t, ok, "%s %v", name, e)
				require.Equal(t, text+"😀\n", got, "%s %v", name, e)
				require.False(t, Binary([]byte(data[:min(len(data), 200)/4*4])), "%s %v", name, e)
				got, ok = HTML(data)
				require.True(t, ok && got == text+"😀\n", "%s %v", name, e)
			}
		}
	}
	require.Equal(t, `{"a": "é"}`, string(Unmarked([]byte(encoded(t, utf32.UTF32(utf32.BigEndian, utf32.UseBOM), `{"a": "é"}`)))))
}

func TestOldEncodingsAreRecognised(t *testing.T) {
	for _, test := range []struct {
		sample string
		e      encoding.Encoding
	}{
		{"russian", charmap.KOI8R}, {"russian", charmap.Windows1251}, {"russian", charmap.CodePage866}, {"russian", charmap.ISO8859_5},
		{"greek", charmap.Windows1253}, {"hebrew", charmap.Windows1255}, {"thai", charmap.Windows874}, {"korean", korean.EUCKR},
		{"japanese", japanese.ShiftJIS}, {"japanese", japanese.EUCJP}, {"japanese", japanese.ISO2022JP},
		{"chinese", simplifiedchinese.GB18030}, {"taiwan", traditionalchinese.Big5},
	} {
		want := samples[test.sample]
		got, ok := Text(encoded(t, test.e, want))
		require.True(t, ok && got == want, "%v: %q", test.e, got)
	}
}

func TestShortWordsWithAnAccentAreWestern(t *testing.T) {
	for _, word := range []string{"Zo\xeb", "\xe9t\xe9", "d\xe9j\xe0 \xe9t\xe9"} {
		got, _ := HTML(word)
		require.NotContains(t, got, "ы")
		require.NotContains(t, got, "щ")
	}
}

func TestWhatOnlyResemblesWideTextIsBinary(t *testing.T) {
	numbers := func(size, from, n int) string {
		var b strings.Builder
		for i := from; i < from+n; i++ {
			b.Write(binary.LittleEndian.AppendUint32(nil, uint32(i))[:size])
		}
		return b.String()
	}
	floats := func(list ...float32) string {
		var b strings.Builder
		for _, f := range list {
			b.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(f)))
		}
		return b.String()
	}
	for name, data := range map[string]string{
		"a zero byte in a text": "Hello\x00World!", "several": strings.Repeat("The keeper\x00 of the light ", 9),
		"numbers of two bytes": numbers(2, 0, 300), "numbers of four bytes": numbers(4, 0, 300), "large numbers": numbers(4, 1_000_000, 300),
		"words": "abc\x00def\x00ghi\x00jkl\x00", "paths": "./a\x00./b\x00./c\x00", "all paths": ".\x00./a\x00./b\x00./c\x00",
		"letters of four bytes": numbers(4, 0xc0, 9), "Greek ones": numbers(4, 0x3b1, 20), "some signs": numbers(4, 300, 12),
		"round numbers with a point": floats(1, 2, 3, 4, 8, 16, 100, 0.5), "larger ones": floats(10, 20, 30, 40, 50, 60),
		"zeros":     strings.Repeat("\x00", 64),
		"a picture": "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01",
		"a program": "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00",
	} {
		require.True(t, Binary([]byte(data)), name)
		_, ok := Text(data)
		require.False(t, ok, name)
	}
}

// Words and lists in other encodings, which might be Russian of code page 866 or Thai by some of their letters.
func TestWhatIsNeitherThaiNorCodePage866(t *testing.T) {
	const vegetables = "картофель морковь лук капуста свекла огурец помидор перец чеснок горох фасоль рис гречка макароны "
	for text, e := range map[string]encoding.Encoding{
		vegetables: charmap.Windows1251, strings.Repeat(vegetables, 9): charmap.Windows1251,
		"светлината на фара се пази от стария пазач, който всяка сутрин почиства лампата и вечер я запалва отново": charmap.Windows1251,
		"светилникот го чува стариот чувар кој секое утро ја чисти ламбата а навечер повторно ја пали":             charmap.Windows1251,
		"你好": simplifiedchinese.GBK, "你好世界": simplifiedchinese.GBK, "测试": simplifiedchinese.GBK, "地址": simplifiedchinese.GBK,
		"安装说明": simplifiedchinese.GBK, "감사합니다": korean.EUCKR, "한국": korean.EUCKR, "주소": korean.EUCKR,
		"電話番号": japanese.EUCJP, "さくら": japanese.EUCJP, "產品名稱": traditionalchinese.Big5,
		strings.Repeat("さくらのはなが、むらのひろばにもふりつもる。", 4): japanese.EUCJP,
		"привет": charmap.KOI8R, "превед": charmap.CodePage866, "ΚΑΛΗΜΕΡΑ": charmap.ISO8859_7,
	} {
		require.Nil(t, unlisted([]byte(encoded(t, e, text))), "%v %s", e, text)
	}
	for _, text := range []string{vegetables, samples["russian"], "маяк на мысе хранит смотритель"} {
		require.Equal(t, charmap.CodePage866, unlisted([]byte(encoded(t, charmap.CodePage866, text))), text)
	}
	require.Equal(t, charmap.Windows874, unlisted([]byte(encoded(t, charmap.Windows874, samples["thai"]))))
}

// One character that no text should have does not make a text without a mark a binary file.
func TestOddCharactersInWideText(t *testing.T) {
	text := strings.Repeat("The keeper of the light writes a line each day.\n", 3)
	for _, e := range []encoding.Encoding{
		unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	} {
		for _, odd := range []string{"\x1b", "\v", "\u2028", "\uf0b7", "\u0085", "中"} {
			got, ok := Text(encoded(t, e, text+odd+text))
			require.True(t, ok && got == text+odd+text, "%q: %.40q", odd, got)
		}
		for _, cut := range []string{"\xd8\xd8", "\xdc\xdc"} { // half a character, in either order
			got, ok := Text(encoded(t, e, text) + cut + encoded(t, e, text))
			require.True(t, ok && got == text+"\uFFFD"+text, "%.40q", got)
		}
		_, ok := Text(encoded(t, e, text) + "\xff\xff" + encoded(t, e, text))
		require.False(t, ok)
	}
}
