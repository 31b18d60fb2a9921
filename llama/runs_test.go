//go:build cgo

package llama

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/internal/tokentest"
)

// preTokenizers are one name of each of llama.cpp's.
var preTokenizers = strings.Fields(`default minicpm5 llama3 jais-2 deepseek-llm deepseek-coder deepseek-v3 spark2_5 youtu falcon mpt
	starcoder gpt-2 gemma4 sarvam-moe whitespace refact command-r qwen2 qwen35 stablelm2 olmo dbrx smaug-bpe poro-chat glm4 viking
	jais tekken smollm codeshell bloom gpt3-finnish exaone exaone-moe chameleon minerva-7b gpt-4o granite-embed-multi-97m tiny_aya
	superbpe trillion granite-docling bailingmoe seed-coder hunyuan hunyuan-dense hy_v4 joyai-llm kimi-k2 ufakzeka grok-2 afmoe
	laguna minimax-m2 solar-open mellum2`)

// runs are texts without a boundary, to be repeated: letters, marks, digits, spaces, line ends, signs and what patterns mix.
var runs = []string{"a", "A", "漢", "क\u0940", "1", " ", "\t\n", "-", "。", "😀", "a1", "word "}

func repeated(run string, size int) string { return strings.Repeat(run, size/len(run)+1) }

func preModel(t *testing.T, pre string) string {
	return testmodel.New(t, testmodel.Spec{Pre: pre, Layers: 1, Width: 16, Heads: 2, FeedForward: 32, Context: 64})
}

// tokensOf tokenizes, and reports nothing where llama.cpp itself refuses a text, as some vocabularies do with blanks.
func tokensOf(t *testing.T, m *Model, text string) []Token {
	tokens, err := m.Tokenize(text, TokenizeOptions{})
	require.NoError(t, err)
	return tokens
}

// spaced says whether a pre-tokenizer's vocabulary has no spaces, so that llama.cpp rejects texts with them.
func spaced(pre string) bool {
	return pre == "gemma4" || pre == "sarvam-moe" || pre == "whitespace" || pre == "laguna"
}

// Texts without a run of more than 16 kB give the tokens that llama.cpp gives by itself.
func TestTextIsCutOnlyInLongRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("57 pre-tokenizers")
	}
	prose := repeated("The mill at Gorse Bay, which Petra Lund bought in 1904 for 12,500 crowns, isn't open.\n\n  It's WET! ", 20_000)
	foreign := repeated("戈斯湾的磨坊归佩特拉·伦德所有。Мельница стоит у залива; 1904 год. पेट्रा लुंड की चक्की। ", 20_000)
	code := repeated("func (v *T) Has(t Token) bool { return t >= 0 && int(t) < len(v.ends) } // ==== ----\n\t\tx += 0xff<<8;\r\n", 20_000)
	for _, pre := range preTokenizers {
		t.Run(pre, func(t *testing.T) {
			path := preModel(t, pre)
			m, alone := mustLoad(t, path), tokentest.Open(t, path)
			texts := []string{prose, foreign, code}
			for _, run := range []string{"a", "1", "\n", "漢"} {
				texts = append(texts, "Before. "+repeated(run, 16<<10)+"x, after it.")
			}
			for _, text := range texts {
				if spaced(pre) {
					text = strings.ReplaceAll(text, " ", "_")
				}
				if pre == "superbpe" { // takes minutes for long numbers: TestLongNumbers
					text = strings.ReplaceAll(text, repeated("1", 16<<10), "123456789")
				}
				require.Equal(t, alone.Tokens(t, text), tokensOf(t, m, text))
			}
		})
	}
}

// No run crashes, and what is said can be read back.
func TestLongRuns(t *testing.T) {
	for _, pre := range preTokenizers {
		t.Run(pre, func(t *testing.T) {
			if testing.Short() && pre != "gpt-4o" {
				t.Skip()
			}
			m := mustLoad(t, preModel(t, pre))
			for _, run := range runs {
				if spaced(pre) && strings.ContainsAny(run, " \u00a0") {
					continue
				}
				text := repeated(run, 28_000/utf8.RuneCountInString(run)*len(run)) // more than a stack of 8 MiB is enough for
				tokens := tokensOf(t, m, text)
				back, err := m.Detokenize(tokens)
				require.NoError(t, err)
				require.True(t, back == text || spaced(pre), "%.8q", text)
			}
		})
	}
}

func TestMegabyteOfOneLetter(t *testing.T) {
	for _, pre := range []string{"gpt-4o", "default", "qwen2"} {
		m := mustLoad(t, preModel(t, pre))
		require.Len(t, tokensOf(t, m, strings.Repeat("q", 1<<20)), 1<<20)
	}
}

// SuperBPE's digits are cut where it groups them, so that long numbers take no minutes and have the same tokens.
func TestLongNumbers(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Pre: "superbpe", Layers: 1, Width: 16, Heads: 2, FeedForward: 32, Context: 64,
		Vocab: []string{"11", "111", "1111"}})
	m, alone := mustLoad(t, path), tokentest.Open(t, path)
	for _, n := range []int{299, 300, 301, 302, 603, 604, 1000} {
		text := "no. " + strings.Repeat("1", n) + " and 1111"
		require.Equal(t, alone.Tokens(t, text), tokensOf(t, m, text), n)
	}
	require.NotEmpty(t, tokensOf(t, m, strings.Repeat("1", 100_000)))
}

// A program may have threads with small stacks. Those of Go's runtime have the size that the shell sets.
func TestSmallStack(t *testing.T) {
	const variable = "RAGFT_TEST_SMALL_STACK"
	if os.Getenv(variable) == "" {
		if runtime.GOOS != "linux" {
			t.Skip("the stack of a thread is set by the shell on Linux only")
		}
		program, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.Command("sh", "-c", `ulimit -s 512 && exec "$0" -test.run '^TestSmallStack$'`, program)
		cmd.Env = append(os.Environ(), variable+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	for _, pre := range []string{"gpt-4o", "deepseek-v3", "default", "exaone-moe"} {
		m := mustLoad(t, preModel(t, pre))
		for _, run := range []string{"a", "漢", "1", "-", " ", "a "} {
			require.NotEmpty(t, tokensOf(t, m, repeated(run, 16<<10)))
			require.NotEmpty(t, tokensOf(t, m, repeated(run, 60<<10)))
		}
		tokens, err := m.TokenizeChat([]Message{{Role: "user", Content: repeated("a", 60<<10)}}, ChatOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, tokens)
	}
}
