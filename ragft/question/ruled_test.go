package question

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBaseForms(t *testing.T) {
	for _, pair := range strings.Fields(`abandoned:abandon achieved:achieve acquired:acquire admitted:admit allowed:allow appointed:appoint assembled:assemble
		assumed:assume attached:attach attacked:attack benefited:benefit bestowed:bestow blamed:blame bored:bore burned:burn
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

func TestFramesAreSafe(t *testing.T) {
	for _, sentence := range []string{
		"The treaty signed in 1763 ended the war.", // "signed" is no finite verb
		"The abandoned mill burned in 1912.",       // nor is "abandoned"
		"It burned in 1912.",
		"The inn that Ann Lee opened burned in 1912.",
	} {
		f, ok := framed(sentence)
		require.False(t, ok, "%q: %+v", sentence, f)
	}
}
