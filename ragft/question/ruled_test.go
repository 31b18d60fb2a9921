package question

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestBaseForms(t *testing.T) {
	for _, pair := range strings.Fields(`abandoned:abandon achieved:achieve acquired:acquire admitted:admit allowed:allow appointed:appoint
		assembled:assemble assumed:assume attached:attach attacked:attack benefited:benefit bestowed:bestow blamed:blame bored:bore burned:burn
		canceled:cancel captured:capture carried:carry cloned:clone commanded:command committed:commit composed:compose
		conceded:concede contributed:contribute crossed:cross damaged:damage danced:dance defended:defend defined:define
		demanded:demand devoted:devote died:die discovered:discover earned:earn employed:employ enabled:enable ended:end
		endorsed:endorse ensured:ensure examined:examine exceeded:exceed exhibited:exhibit expanded:expand explored:explore
		expressed:express filed:file granted:grant guided:guide housed:house imprisoned:imprison increased:increase
		inspired:inspire instituted:institute issued:issue joined:join judged:judge landed:land leaked:leak lived:live
		loaded:load mentioned:mention merged:merge mined:mine moved:move needed:need noted:note obliged:oblige occurred:occur
		offered:offer operated:operate pardoned:pardon passed:pass planned:plan positioned:position prepared:prepare
		proposed:propose pursued:pursue pushed:push raided:raid raised:raise reduced:reduce repaired:repair restored:restore
		routed:route ruled:rule secured:secure seemed:seem seized:seize sensed:sense separated:separate served:serve
		shaped:shape sponsored:sponsor staked:stake strengthened:strengthen stroked:stroke submitted:submit threatened:threaten
		toiled:toil touched:touch traced:trace trained:train translated:translate turned:turn used:use valued:value
		visited:visit voted:vote wiped:wipe worked:work`) {
		past, want, _ := strings.Cut(pair, ":")
		auxiliary, got := base(past)
		require.Equal(t, want, got, past)
		require.Equal(t, "did", auxiliary)
	}
	for verb, want := range map[string]string{"has": "have", "contains": "contain", "carries": "carry", "lies": "lie"} {
		auxiliary, got := base(verb)
		require.Equal(t, want, got)
		require.Equal(t, "does", auxiliary)
	}
	_, got := base("quickly")
	require.Empty(t, got)
}

func TestRulesLeaveOut(t *testing.T) {
	for sentence, text := range map[string]string{
		"Dora Skell is a musician from Brindle Quay.": "Brindle Quay", // "Who is Dora Skell a musician from?"
		"Vida Crome founded it in 1856.":              "1856",         // what is it?
	} {
		kind := name
		if text == "1856" {
			kind = year
		}
		at := strings.Index(sentence, text)
		require.Empty(t, ruled(candidate{text: text, kind: kind, sentence: sentence, start: at, end: at + len(text)}), sentence)
	}
	require.NotContains(t, texts("Three Oars is famous for its walnut cake."), "Three", "it is a part of a name")
}

func TestFramesAreSafe(t *testing.T) {
	for _, sentence := range []string{
		"The treaty signed in 1763 ended the war.", // "signed" is no finite verb
		"It burned in 1912.",
		"The inn that Ann Lee opened burned in 1912.",
	} {
		f, ok := framed(sentence)
		require.False(t, ok, "%q: %+v", sentence, f)
	}
	f, ok := framed("The abandoned mill burned in 1912.")
	require.True(t, ok)
	require.Equal(t, frame{subject: "the abandoned mill", auxiliary: "did", verb: "burn", rest: " in 1912."}, f)
}

func TestClausesAreAskedAboutApart(t *testing.T) {
	chunk := retriever.Chunk{ID: "c", Text: "The war ended the voyage of Ann Lee, and the Dunmore fort was closed in 1912."}
	inside := namesInside([]retriever.Chunk{chunk})
	var got []string
	for _, a := range answers(chunk, inside, 6, 1) {
		got = append(got, ruled(a)...)
	}
	require.Contains(t, got, "When was the Dunmore fort closed?")
	whole := inClauses("The inn of Ann Lee, and her brother, was closed in 1912.", inside)
	require.Len(t, whole, 2)
	for _, a := range whole {
		require.Contains(t, a.sentence, "and her brother", "the second part is no clause")
	}
}

func TestPlaces(t *testing.T) {
	chunks := []retriever.Chunk{
		{ID: "a", Text: "The miller lives in Varn. Tom Fox was sent to Varn in 1912. They met Varn's mayor and the Lowmen."},
		{ID: "b", Text: "Hay dries near Corran. The Highmen of Corran sell it to Ilse Brandt."},
	}
	n := collect(chunks)
	require.Equal(t, "place", n.class("Varn"))
	require.Equal(t, "place", n.class("Corran"))
	require.NotContains(t, n.names["place"], "Varn's")
	sentence := "Tom Fox was sent to Varn in 1912."
	at := strings.Index(sentence, "Varn")
	c := candidate{text: "Varn", kind: name, sentence: sentence, start: at, end: at + 4, located: true}
	require.Equal(t, []string{"Where was Tom Fox sent in 1912?"}, ruled(c))

	for _, a := range n.alterations("Who was sent to Varn's mill in 1912?", chunks[0], 1) {
		require.NotContains(t, a.question, "Ilse", "a place is replaced by a place")
	}
	all := n.alterations("Who was sent to Varn's old mill?", chunks[0], 1)
	require.NotEmpty(t, all)
	require.Equal(t, "Who was sent to Varn's new mill?", all[0].question, "a word before a name")
	require.Equal(t, "Who was sent to Corran's old mill?", all[len(all)-1].question)
}
