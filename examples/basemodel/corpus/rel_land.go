package corpus

// landRelations holds what is said of villages, islands, rivers, lakes, hills, farms and gardens.
func landRelations() []relation {
	return []relation{
		rel("population", "village town island", "thousands", `
			say: has {V} inhabitants | has a population of {V} | is home to {V} people | counts {V} inhabitants
				| ~is inhabited by {V} people | ~numbers {V} souls
			part: home to {V} people | ~with a population of {V}
			full: There are {V} people in {S}. | {P} population is {V}. | The population of {S} is {V}. | In {S} live {V} people.
				| ~At the last count, {S} had {V} residents.
			ask: How many people live in {S}? | What is the population of {S}? | How many inhabitants does {S} have?
				| How many people are there in {S}? | How large is the population of {S}? | ~How many residents does {S} have?
					| ~By how many people is {S} inhabited?
			which: Which {k} has {V} inhabitants? | Which {k} has a population of {V}? | ~What {k} is home to {V} people?
			noun: the population of {S}`),
		rel("mayor", "village town", "person", `
			say: has a mayor called {V} | chose {V} as mayor | is governed by its mayor, {V} | has {V} as its mayor
				| elected {V} as mayor | ~put {V} into the mayor's chair
			full: The mayor of {S} is {V}. | {P} mayor is {V}. | {V} is the mayor of {S}. | {V} became mayor of {S}.
				| ~As mayor, {V} speaks for {S}.
			ask: Who is the mayor of {S}? | Who is {P} mayor? | What is the name of the mayor of {S}? | Who became mayor of {S}?
				| Who was elected mayor of {S}? | ~Who governs {S} as mayor? | ~Whom did {S} choose as mayor?
			which: Of which {k} is {V} the mayor? | Which {k} has {V} as its mayor? | ~Which {k} chose {V} as mayor?
			noun: the mayor of {S}`),
		rel("onriver", "village town mill castle", "river", `
			say: lies on the River {V} | stands on the banks of the River {V} | is on the River {V} | lies beside the River {V}
				| ~is to be found along the River {V}
			part: built beside the River {V} | ~on the banks of the River {V}
			full: The River {V} flows past {S}. | The River {V} runs beside {S}. | ~The water of the River {V} passes close to {S}.
			ask: On which river is {S}? | What river is {S} on? | Which river flows past {S}? | On which river does {S} lie?
				| Beside which river does {S} stand? | ~By which river is {S} found? | ~Along which river is {S}?
			which: Which {k} is on the River {V}? | Which {k} stands beside the River {V}? | ~What {k} is along the River {V}?
			noun: the river of {S}`),
		rel("crosses", "bridge", "river", `
			say: crosses the River {V} | leads over the River {V} | carries the road over the River {V}
				| takes travellers across the River {V} | ~spans the River {V}
			part: built across the River {V} | ~spanning the River {V}
			full: Under {S} flows the River {V}. | The River {V} flows under {S}. | To get over the River {V}, people use {S}.
				| ~Without {S} nobody could get over the River {V}.
			ask: Which river does {S} cross? | What river does {S} cross? | What river flows under {S}?
				| Over which river does {S} lead? | Which river flows under {S}? | ~Which river does {S} span?
			which: Which {k} crosses the River {V}? | What {k} leads over the River {V}? | ~Which {k} spans the River {V}?
			noun: the river under {S}`),
		rel("riverlength", "river", "km", `
			say: is {V} long | has a length of {V} | runs for {V} | flows for {V} to the sea | ~covers a distance of {V}
			part: {V} long
			full: {P} length is {V}. | The length of {S} is {V}. | From its spring to the sea, {S} measures {V}.
				| ~After {V}, {S} reaches the sea.
			ask: How long is {S}? | What is the length of {S}? | What length is {S}? | For how long a way does {S} run?
				| What is {P} length? | ~What distance does {S} cover?
			which: Which {k} is {V} long? | What {k} is {V} long? | ~Which {k} has a length of {V}?
			noun: the length of {S}`),
		rel("source", "river", "hill", `
			say: rises on {V} | has its source on {V} | begins on {V} | springs from the side of {V} | ~starts its way on {V}
			part: rising on {V}
			full: {P} source is on {V}. | The source of {S} is on {V}. | On {V} is the spring of {S}.
				| ~High on {V}, {S} comes out of the ground.
			ask: Where does {S} rise? | Where is the source of {S}? | On which hill does {S} rise? | Where does {S} begin?
				| Where does {S} spring? | ~From where does {S} come? | ~Where does {S} start?
			which: Which {k} rises on {V}? | Which {k} begins on {V}? | ~What {k} has its source on {V}?
			noun: the source of {S}`),
		rel("flowsinto", "river", "lake", `
			say: flows into {V} | ends in {V} | runs down to {V} | carries its water to {V} | ~empties into {V}
			part: flowing into {V}
			full: At its end, {S} reaches {V}. | The water of {S} goes to {V}. | ~The mouth of {S} is at {V}.
			ask: Where does {S} end? | Into which lake does {S} flow? | What does {S} flow into? | Which lake does {S} flow into?
				| Into what does {S} flow? | ~Into which lake does {S} empty?
			which: Which {k} flows into {V}? | What {k} ends in {V}? | ~Which {k} empties into {V}?
			noun: the lake at the end of {S}`),
		rel("depth", "lake river", "metres", `
			say: is {V} deep | has a depth of {V} | reaches a depth of {V} | is {V} deep in the middle
				| ~goes down {V} at its deepest point
			part: {V} deep | ~with a depth of {V}
			full: {P} depth is {V}. | The depth of {S} is {V}. | In the middle, {S} measures {V} from top to bottom.
				| ~The bottom of {S} lies {V} down.
			ask: How deep is {S}? | What is the depth of {S}? | What depth does {S} have? | What depth does {S} reach?
				| What is {P} depth? | ~How far down is the bottom of {S}?
			which: Which {k} is {V} deep? | What {k} is {V} deep? | ~Which {k} has a depth of {V}?
			noun: the depth of {S}`),
		rel("fish", "lake river", "fish", `
			say: is full of {V} | is a good place to catch {V} | is known among anglers for its {V} | holds many {V} | ~teems with {V}
			part: full of {V} | ~rich in {V}
			full: In {S} people catch {V}. | {P} water is full of {V}. | The fish caught in {S} are {V}.
				| ~Those who fish in {S} bring home {V}.
			ask: What fish live in {S}? | Which fish are caught in {S}? | What can be caught in {S}? | What fish is {S} full of?
				| What do people catch in {S}? | ~With what fish does {S} teem?
			which: Which {k} is full of {V}? | In which {k} do people catch {V}? | ~Which {k} is rich in {V}?
			noun: the fish in {S}`),
		rel("hillheight", "hill", "high", `
			say: is {V} high | rises to {V} | has a height of {V} | stands {V} above the sea | ~reaches up to {V}
			part: {V} high | ~with a height of {V}
			full: {P} height is {V}. | The height of {S} is {V}. | {P} top is {V} above the sea. | The top of {S} is at {V}.
				| ~To stand on {S} is to stand at {V}.
			ask: How high is {S}? | What is the height of {S}? | What height is {S}? | How high is the top of {S}?
				| What is {P} height? | ~To what height does {S} rise?
			which: Which {k} is {V} high? | What {k} is {V} high? | ~Which {k} reaches {V}?
			noun: the height of {S}`),
		rel("highest", "island", "hill", `
			say: has its highest point on {V} | rises highest at {V} | is crowned by {V} | ~is at its highest on {V}
			full: The highest point of {S} is {V}. | {P} highest point is {V}. | {P} highest hill is {V}.
				| No place on {S} is higher than {V}. | ~From {V} one looks down on all of {S}.
			ask: What is the highest point of {S}? | What is the highest hill on {S}? | Which hill is the highest on {S}?
				| Where is the highest point of {S}? | What is {P} highest point? | ~Which is the tallest hill of {S}?
			which: On which {k} is {V}? | Which {k} has {V} as its highest point? | ~Which {k} is crowned by {V}?
			noun: the highest point of {S}`),
		rel("animals", "island lake hill", "bird", `
			say: is home to many {V} | is known for its {V} | has more {V} than people | is a good place to watch {V}
				| ~shelters a great number of {V}
			part: home to many {V} | ~rich in {V}
			full: On {S} you can see {V}. | {P} best known animals are the {V}. | People come to {S} to watch the {V}.
				| ~Whoever visits {S} will meet {V}.
			ask: What animals live on {S}? | Which animals can be seen on {S}? | What animals is {S} known for?
				| What animals is {S} home to? | What do people watch on {S}? | ~What animals does {S} shelter?
			which: Which {k} is home to {V}? | Which {k} is known for its {V}? | ~What {k} shelters {V}?
			noun: the animals of {S}`),
		rel("crop", "farm village island", "crop", `
			say: grows mostly {V} | is known for growing {V} | has fields full of {V} | lives from growing {V} | ~plants {V} every year
			part: surrounded by fields of {V}
			full: In the fields of {S} grow {V}. | {P} main crop is {V}. | The main crop of {S} is {V}.
				| ~At harvest time {S} brings in {V}.
			ask: What does {S} grow? | What is the main crop of {S}? | What grows in the fields of {S}? | What crop does {S} grow?
				| What is {P} main crop? | ~What is planted at {S}?
			which: Which {k} grows {V}? | What {k} grows {V}? | ~Which {k} plants {V}?
			noun: the main crop of {S}`),
		rel("flower", "garden", "flower", `
			say: is famous for its {V} | is full of {V} | is known for its {V} | is planted with {V} | ~delights visitors with its {V}
			part: full of {V} | ~bright with {V}
			full: The flowers of {S} are mostly {V}. | {P} best known flowers are its {V}. | In {S} grow the finest {V}.
				| ~People walk through {S} to see the {V}.
			ask: What flowers is {S} famous for? | Which flowers grow in {S}? | What grows in {S}? | What flowers is {S} known for?
				| What flowers can be seen in {S}? | ~With what flowers does {S} delight visitors?
			which: Which {k} is famous for its {V}? | Which {k} is full of {V}? | ~In which {k} does one see {V}?
			noun: the flowers of {S}`),
		rel("bloom", "garden", "month", `
			say: is at its best in {V} | is most beautiful in {V} | is in full flower in {V} | should be seen in {V} | ~blooms in {V}
			full: In {V}, {S} is in full flower. | The best month to see {S} is {V}. | {P} best month is {V}.
				| ~When {V} comes, {S} is a sea of colour.
			ask: In which month is {S} at its best? | What is the best month to see {S}? | In what month is {S} most beautiful?
				| When is {S} at its best? | When is {S} in full flower? | ~In which month does {S} bloom?
			which: Which {k} is at its best in {V}? | Which {k} is in full flower in {V}? | ~Which {k} blooms in {V}?
			noun: the best month of {S}`),
		rel("gardener", "garden", "person", `
			say: is looked after by {V} | is tended by its gardener, {V} | has a gardener called {V} | was planted by {V}
				| ~is in the good hands of {V}, its gardener
			part: tended by {V}
			full: The gardener of {S} is {V}. | {P} gardener is {V}. | {V} is the gardener of {S}. | In {S}, {V} works as gardener.
				| ~{V} waters and weeds {S}.
			ask: Who is the gardener of {S}? | Who looks after {S}? | What is the name of the gardener of {S}? | Who is {P} gardener?
				| Who works as gardener in {S}? | ~Who tends {S}?
			which: Which {k} is looked after by {V}? | Of which {k} is {V} the gardener? | ~Which {k} does {V} tend?
			noun: the gardener of {S}
			near: keeper`),
		rel("market", "village town", "day", `
			say: holds its market on {V} | has a market every {V} | has its market day on {V} | is busy with a market on {V}
				| ~sets up its market stalls on {V}
			full: On {V} there is a market in {S}. | {P} market day is {V}. | The market of {S} is on {V}.
				| Every {V} farmers come to the market of {S}. | ~Whoever wants to buy at the market of {S} comes on {V}.
			ask: On which day is the market of {S}? | When is the market in {S}? | What is the market day of {S}?
				| On what day does {S} hold its market? | When does {S} have its market? | ~On which day are market stalls set up in {S}?
			which: Which {k} has its market on {V}? | Which {k} holds its market on {V}? | ~Which {k} sets up its market on {V}?
			noun: the market day of {S}`),
	}
}
