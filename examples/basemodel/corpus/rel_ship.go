package corpus

// shipRelations holds what is said of ships, dogs and horses.
func shipRelations() []relation {
	return []relation{
		rel("captain", "ship", "person", `
			say: sails under Captain {V} | has a captain called {V} | is commanded by {V} | sailed with {V} as captain
				| has {V} as its captain | ~is under the command of {V} | ~is steered by Captain {V}
			part: commanded by {V} | ~under the command of {V}
			full: The captain of {S} is {V}. | {P} captain is {V}. | {V} is the captain of {S}. | Captain {V} commands {S}.
				| ~The orders on {S} are given by {V}.
			ask: Who is the captain of {S}? | Who commands {S}? | Who is {P} captain? | What is the name of the captain of {S}?
				| Under which captain does {S} sail? | ~Who is in command of {S}? | ~By whom is {S} commanded?
			which: Which {k} is commanded by {V}? | Of which {k} is {V} the captain? | Which {k} does {V} command?
				| ~What {k} sails under {V}?
			noun: the captain of {S}`),
		rel("cargo", "ship", "cargo", `
			say: carries {V} | carried a load of {V} | brings {V} from far away | is loaded with {V} | sails with a cargo of {V}
				| ~transports {V} | ~has {V} in its hold
			part: loaded with {V} | ~laden with {V}
			full: {P} cargo is {V}. | The cargo of {S} is {V}. | In the hold of {S} lies {V}. | ~The men load {V} into {S}.
			ask: What does {S} carry? | What is the cargo of {S}? | What is {P} cargo? | What cargo does {S} carry?
				| What is {S} loaded with? | ~What goods does {S} transport? | ~What is in the hold of {S}?
			which: Which {k} carries {V}? | What {k} is loaded with {V}? | ~Which {k} transports {V}?
			noun: the cargo of {S}`),
		rel("homeport", "ship", "town", `
			say: has its home port in {V} | sails from {V} | is at home in {V} | belongs to the harbour of {V}
				| returns to the harbour of {V} each winter | ~is based in {V}
			part: at home in {V} | ~based in {V}
			full: {P} home port is {V}. | The home port of {S} is {V}. | {V} is the home port of {S}.
				| ~In the harbour of {V}, {S} has its place.
			ask: What is the home port of {S}? | Where is {S} at home? | What is {P} home port? | From which port does {S} sail?
				| Which town is the home port of {S}? | ~In which harbour is {S} based? | ~Where is {S} based?
			which: Which {k} has its home port in {V}? | Which {k} sails from {V}? | ~Which {k} is based in {V}?
			noun: the home port of {S}
			near: shipyard`),
		rel("shipyard", "ship", "town", `
			say: was built in {V} | was built at the yard in {V} | comes from the shipyard of {V} | was made in {V}
				| ~left the shipyard of {V}
			part: built in {V} | ~made at {V}
			full: {P} hull was built in {V}. | The yard that built {S} is in {V}. | In the yard of {V} they built {S}.
				| ~Workers from {V} put {S} together.
			ask: Where was {S} built? | In which town was {S} built? | At which yard was {S} built? | What town was {S} built in?
				| Where did they build {S}? | ~Which shipyard does {S} come from?
			which: Which {k} was built in {V}? | What {k} was built in {V}? | ~Which {k} comes from the shipyard of {V}?
			noun: the town where {S} was built
			near: homeport`),
		rel("launched", "ship", "oldyear", `
			say: was launched in {V} | first sailed in {V} | has been at sea since {V} | was put to sea in {V}
				| ~slid into the water in {V} | ~made its first trip in {V}
			part: launched in {V} | ~at sea since {V}
			full: In {V}, {S} was launched. | The year in which {S} was launched is {V}. | {P} first voyage was in {V}.
				| The launch of {S} was in {V}. | ~It was in {V} that {S} first saw the sea.
			ask: When was {S} launched? | In what year was {S} launched? | In which year was {S} launched?
				| What year was {S} launched? | When did {S} first sail? | ~Since when has {S} been at sea?
					| ~In what year did {S} make its first trip?
			which: Which {k} was launched in {V}? | What {k} was launched in {V}? | Which {k} first sailed in {V}?
				| ~Which {k} has been at sea since {V}?
			noun: the year in which {S} was launched`),
		rel("crew", "ship", "few", `
			say: has a crew of {V} | sails with a crew of {V} | needs a crew of {V} | carries a crew of {V}
				| ~is manned by {V} sailors | ~takes {V} sailors on board
			part: sailing with a crew of {V}
			full: There are {V} sailors on {S}. | {P} crew numbers {V}. | The crew of {S} numbers {V}.
				| On board {S} are {V} sailors. | ~When {S} sails, {V} sailors sail with it.
			ask: How many sailors are on {S}? | How large is the crew of {S}? | How many people are in the crew of {S}?
				| What is the size of the crew of {S}? | How many sailors does {S} have? | ~By how many sailors is {S} manned?
			which: Which {k} has a crew of {V}? | What {k} has a crew of {V}? | ~Which {k} is manned by {V} sailors?
			noun: the size of the crew of {S}`),
		rel("destination", "ship", "town", `
			say: sails to {V} | is on its way to {V} | is bound for {V} | goes to {V} every month | makes regular trips to {V}
				| ~is expected in {V}
			part: bound for {V} | on its way to {V} | ~headed for {V}
			full: {P} next stop is {V}. | The next port of {S} is {V}. | The voyage of {S} ends in {V}.
				| ~In {V} they are waiting for {S}.
			ask: Where does {S} sail to? | To which port does {S} sail? | Where is {S} bound for? | What is {P} next stop?
				| What is the next port of {S}? | ~Where is {S} headed? | ~In which port is {S} expected?
			which: Which {k} sails to {V}? | Which {k} is bound for {V}? | ~Which {k} is headed for {V}?
			noun: the next port of {S}`),
		rel("sank", "ship", "recent", `
			say: sank in a storm in {V} | was lost in {V} | went down in {V} | sank in {V} | ~met its end in {V} | ~was wrecked in {V}
			part: lost at sea in {V} | ~wrecked in {V}
			full: In {V}, {S} sank. | The year {S} sank was {V}. | The loss of {S} was in {V}. | {P} last voyage was in {V}.
				| ~The waves took {S} in {V}.
			ask: When did {S} sink? | In what year did {S} sink? | In which year was {S} lost? | When was {S} lost?
				| What year did {S} sink? | ~In what year did {S} go down? | ~When was {S} wrecked?
			which: Which {k} sank in {V}? | Which {k} was lost in {V}? | ~Which {k} went down in {V}?
			noun: the year in which {S} sank
			near: launched`),
		rel("breed", "dog", "breed", `
			say: is {aV} | is {aV} with long ears | was the only {V} in the street | is a friendly {V} | ~belongs to the breed of the {V}
			part: a friendly {V} | ~a well-bred {V}
			full: {P} breed is {V}. | Everyone can see that {S} is {aV}. | People think that {S} is the finest {V} around.
				| ~Of all breeds, {S} is {aV}.
			ask: What breed is {S}? | What kind of dog is {S}? | Which breed is {S}? | What is the breed of {S}? | What is {P} breed?
				| ~To which breed does {S} belong?
			which: Which {k} is {aV}? | What {k} is {aV}? | ~Which {k} belongs to the breed of the {V}?
			noun: the breed of {S}`),
		rel("coat", "dog horse", "coat", `
			say: has a {V} coat | is {V} with a white spot | has {V} hair | is known by its {V} coat | ~wears a coat of {V} hair
			part: {V} all over
			full: {P} coat is {V}. | The coat of {S} is {V}. | The colour of {S} is {V}. | ~To the touch, {S} has soft {V} fur.
			ask: What colour is {S}? | What is the colour of {S}? | What colour is {P} coat? | Which colour does {S} have?
				| What colour is the coat of {S}? | ~Of what colour is {P} hair?
			which: Which {k} is {V}? | Which {k} has a {V} coat? | ~What {k} has {V} hair?
			noun: the colour of {S}`),
		rel("trick", "dog horse", "trick", `
			say: can {V} | has learned to {V} | knows how to {V} | loves to {V} | was taught to {V} | ~is able to {V}
			part: trained to {V} | ~able to {V}
			full: {P} best trick is to {V}. | The best trick of {S} is to {V}. | Children laugh to see {S} {V}.
				| ~For a biscuit, {S} will {V}.
			ask: What can {S} do? | What has {S} learned to do? | What is the best trick of {S}? | What trick does {S} know?
				| What is {P} best trick? | ~What is {S} able to do?
			which: Which {k} can {V}? | Which {k} has learned to {V}? | ~What {k} is able to {V}?
			noun: the best trick of {S}`),
		rel("race", "horse dog", "recent", `
			say: won a big race in {V} | took first prize in {V} | won a gold medal in {V} | beat all the others in {V}
				| ~was the champion of {V}
			part: the winner of a race in {V} | ~champion in {V}
			full: In {V}, {S} won a race. | {P} greatest win was in {V}. | The year {S} won was {V}. | ~Nobody could beat {S} in {V}.
			ask: When did {S} win? | In what year did {S} win a race? | In which year did {S} win? | When did {S} win a prize?
				| What year did {S} win? | ~In what year was {S} the champion?
			which: Which {k} won in {V}? | What {k} won a race in {V}? | ~Which {k} was champion in {V}?
			noun: the year in which {S} won`),
		rel("likes", "dog horse", "crop", `
			say: loves to eat {V} | will do anything for {V} | is fond of {V} | is always looking for {V} | ~cannot get enough of {V}
			part: fond of {V}
			full: {P} favourite food is {V}. | The favourite food of {S} is {V}. | Give {S} some {V} and you have a friend.
				| ~Most of all, {S} wants {V}.
			ask: What does {S} like to eat? | What is {P} favourite food? | What is the favourite food of {S}? | What is {S} fond of?
				| Which food does {S} like best? | ~What does {S} never get enough of?
			which: Which {k} loves to eat {V}? | Which {k} is fond of {V}? | ~What {k} wants {V}?
			noun: the favourite food of {S}`),
	}
}
