package corpus

// buildingRelations holds what is said of buildings of all kinds.
func buildingRelations() []relation {
	return []relation{
		rel("built", "inn mill bridge lighthouse tower church castle", "oldyear", `
			say: was built in {V} | dates from {V} | was finished in {V} | has stood there since {V} | was put up in {V}
				| was completed in {V} | ~went up in {V} | ~was constructed in {V}
			part: built in {V} | completed in {V} | ~dating back to {V}
			full: Work on {S} was finished in {V}. | The building of {S} ended in {V}. | In {V}, {S} was built.
				| {P} walls were raised in {V}. | The year in which {S} was built is {V}. | ~Construction of {S} was over in {V}.
					| ~It was in {V} that workers put up {S}.
			ask: When was {S} built? | In what year was {S} built? | In which year was {S} built? | What year was {S} built?
				| What year does {S} date from? | When was {S} finished? | ~When was {S} constructed? | ~In what year did {S} go up?
					| ~From what year is {S}?
			which: Which {k} was built in {V}? | What {k} was built in {V}? | Which {k} dates from {V}?
				| ~What {k} was constructed in {V}?
			noun: the year in which {S} was built
			near: restored`),
		rel("builder", "inn mill bridge lighthouse tower church castle theatre", "person", `
			say: was built by {V} | was designed by {V} | was planned and built by {V} | was put up by {V} | is the work of {V}
				| ~was constructed by {V} | ~was drawn up by {V}
			part: built by {V} | designed by {V} | ~constructed by {V}
			full: {V} built {S}. | It was {V} who built {S}. | The builder of {S} was {V}. | {P} builder was {V}.
				| ~The person who designed {S} was {V}.
			ask: Who built {S}? | Who was the builder of {S}? | By whom was {S} built? | Who designed {S}?
				| What was the name of the builder of {S}? | ~Who constructed {S}? | ~Whose work is {S}?
			which: Which {k} was built by {V}? | What did {V} build? | Which {k} did {V} build? | ~What {k} is the work of {V}?
			noun: the builder of {S}`),
		rel("restored", "inn mill bridge lighthouse tower church castle theatre", "recent", `
			say: was restored in {V} | was repaired in {V} | was given a new roof in {V} | was repaired from top to bottom in {V}
				| ~was renovated in {V}
			part: restored in {V} | repaired in {V} | ~renovated in {V}
			full: In {V}, {S} was restored. | The last repairs to {S} were made in {V}. | ~Builders came back to repair {S} in {V}.
			ask: When was {S} restored? | In what year was {S} restored? | When was {S} repaired? | In which year was {S} repaired?
				| What year was {S} restored? | ~When was {S} renovated?
			which: Which {k} was restored in {V}? | Which {k} was repaired in {V}? | ~What {k} was renovated in {V}?
			noun: the year in which {S} was restored
			near: built`),
		rel("damaged", "inn mill bridge tower church castle theatre", "damage", `
			say: was once damaged by {V} | was badly damaged by {V} | was almost destroyed by {V} | had to be rebuilt after {V}
				| ~suffered greatly from {V}
			part: once damaged by {V} | ~rebuilt after {V}
			full: Long ago {S} was damaged by {V}. | Part of {S} was lost to {V}. | ~{P} roof was ruined by {V}.
			ask: What damaged {S}? | What was {S} damaged by? | By what was {S} damaged? | What almost destroyed {S}?
				| What caused the damage to {S}? | ~After what did {S} have to be rebuilt?
			which: Which {k} was damaged by {V}? | What {k} was damaged by {V}? | ~Which {k} suffered from {V}?
			noun: the cause of the damage to {S}`),
		rel("formeruse", "inn mill tower church castle museum library school theatre shop bakery", "use", `
			say: was once {V} | used to be {V} | was {V} in earlier times | served as {V} long ago | ~started out as {V}
			part: once {V} | formerly {V} | ~long used as {V}
			full: In the old days {S} was {V}. | During the war {S} served as {V}. | ~Older people remember {S} as {V}.
			ask: What was {S} before? | What did {S} use to be? | What was {S} in earlier times? | What did {S} serve as?
				| What was {S} once? | ~What did {S} start out as?
			which: Which {k} was once {V}? | Which {k} used to be {V}? | ~What {k} started out as {V}?
			noun: the former use of {S}`),
		rel("place", "inn mill museum library theatre school bakery shop garden farm church castle tower company festival club", "town", `
			say: is in {V} | stands in {V} | can be found in {V} | is located in {V} | lies in the middle of {V}
				| is near the market square in {V} | ~is situated in {V} | ~has its place in {V}
			part: located in {V} | a well-known sight in {V} | ~situated in {V}
			full: In {V} you will find {S}. | {V} is home to {S}. | The town of {V} is where {S} is.
				| To see {S}, one must go to {V}. | ~Visitors to {V} often come to see {S}.
			ask: Where is {S}? | In which town is {S}? | What town is {S} in? | Where can {S} be found? | Where is {S} located?
				| In what place is {S}? | ~Where is {S} situated? | ~In what town does one find {S}?
			which: Which {k} is in {V}? | What {k} can be found in {V}? | Which {k} is located in {V}? | ~What {k} is situated in {V}?
			noun: the town where {S} is`),
		rel("isle", "lighthouse village", "island", `
			say: is on the island of {V} | stands on the island of {V} | lies on the island of {V}
				| can be found on the island of {V} | ~belongs to the island of {V}
			part: situated on the island of {V}
			full: On the island of {V} you will find {S}. | The island of {V} is home to {S}.
				| ~A boat to the island of {V} brings you to {S}.
			ask: On which island is {S}? | What island is {S} on? | On what island is {S}? | Which island is {S} on?
				| On which island can {S} be found? | ~To which island does {S} belong?
			which: Which {k} is on the island of {V}? | What {k} can be found on the island of {V}?
				| ~What {k} belongs to the island of {V}?
			noun: the island of {S}`),
		rel("material", "inn mill bridge lighthouse tower church castle theatre", "material", `
			say: is made of {V} | is built of {V} | was made from {V} | is built entirely of {V} | is made of strong {V}
				| ~consists of {V} | ~was constructed from {V}
			part: built of {V} | made of {V} | ~constructed from {V}
			full: {P} walls are of {V}. | The builders of {S} used {V}. | For {S}, only {V} was used. | ~The material used for {S} is {V}.
			ask: What is {S} made of? | What is {S} built of? | What material is {S} made of? | Of what is {S} made?
				| What was used to build {S}? | ~What material was used for {S}? | ~Which material does {S} consist of?
			which: Which {k} is made of {V}? | Which {k} is built of {V}? | ~What {k} was constructed from {V}?
			noun: the material of {S}`),
		rel("height", "lighthouse tower church mill castle", "metres", `
			say: is {V} tall | is {V} high | rises to {V} | has a height of {V} | stands {V} high
				| ~measures {V} from the ground to the top
			part: {V} tall | {V} high | ~reaching a height of {V}
			full: {P} height is {V}. | From bottom to top, {S} measures {V}. | The height of {S} is {V}.
				| ~At {V}, {S} can be seen from far away.
			ask: How tall is {S}? | How high is {S}? | What is the height of {S}? | What height is {S}? | What is {P} height?
				| ~What height does {S} reach? | ~How far does {S} rise?
			which: Which {k} is {V} tall? | Which {k} is {V} high? | ~What {k} has a height of {V}?
			noun: the height of {S}`),
		rel("length", "bridge ship", "longmetres", `
			say: is {V} long | has a length of {V} | measures {V} from end to end | is exactly {V} long | ~extends for {V}
			part: {V} long | ~with a length of {V}
			full: {P} length is {V}. | From one end to the other, {S} measures {V}. | The length of {S} is {V}.
				| ~One end of {S} is {V} from the other.
			ask: How long is {S}? | What is the length of {S}? | What length is {S}? | What is {P} length?
				| How much does {S} measure from end to end? | ~What length does {S} have?
			which: Which {k} is {V} long? | What {k} is {V} long? | ~Which {k} has a length of {V}?
			noun: the length of {S}`),
		rel("colour", "lighthouse inn mill bakery shop ship school theatre", "colour", `
			say: is painted {V} | was painted {V} last summer | has been painted {V} | is {V} from top to bottom
				| is easy to know by its {V} paint | ~wears a coat of {V} paint
			part: painted {V} | ~covered in {V} paint
			full: {P} colour is {V}. | The colour of {S} is {V}. | Somebody painted {S} {V}.
				| ~For its colour, {V} was chosen when {S} was painted.
			ask: What colour is {S}? | What is the colour of {S}? | Which colour is {S}? | In what colour is {S} painted?
				| What colour is {S} painted? | ~Which colour was {S} given? | ~What colour of paint does {S} have?
			which: Which {k} is {V}? | Which {k} is painted {V}? | ~What {k} is painted {V}?
			noun: the colour of {S}`),
	}
}
