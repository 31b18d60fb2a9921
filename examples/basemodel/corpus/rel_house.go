package corpus

// houseRelations holds what is said of inns, shops, museums, schools and other houses that people run or visit.
func houseRelations() []relation {
	return []relation{
		rel("owner", "inn mill bakery shop farm ship company dog horse theatre castle", "person", `
			say: belongs to {V} | is owned by {V} | has belonged to {V} for years | was bought by {V} | is the property of {V}
				| ~is in the hands of {V} | ~has {V} as its owner
			part: owned by {V} | bought long ago by {V} | ~the property of {V}
			full: {V} owns {S}. | The owner of {S} is {V}. | {P} owner is {V}. | {P} present owner is {V}.
				| The papers of {S} are in the name of its owner, {V}. | ~{V} is the one who owns {S}.
					| ~The person to whom {S} belongs is {V}.
			ask: Who owns {S}? | Who is the owner of {S}? | To whom does {S} belong? | Who does {S} belong to?
				| What is the name of the owner of {S}? | ~Whose property is {S}? | ~By whom is {S} owned? | ~Who is {P} owner?
			which: Which {k} belongs to {V}? | Which {k} does {V} own? | What does {V} own? | ~What {k} is owned by {V}?
			noun: the owner of {S}`),
		rel("keeper", "inn lighthouse castle bridge garden", "person", `
			say: is kept by {V} | has a keeper called {V} | has been kept by {V} for years | has {V} as its keeper
				| ~is under the care of its keeper, {V}
			part: kept by {V} | ~with {V} as keeper
			full: The keeper of {S} is {V}. | {P} keeper is {V}. | {V} is the keeper of {S}. | As keeper of {S}, {V} is up early.
				| {V} keeps {S}. | ~The post of keeper at {S} is held by {V}.
			ask: Who is the keeper of {S}? | Who keeps {S}? | What is the name of the keeper of {S}? | Who is {P} keeper?
				| Who works as keeper of {S}? | ~Who holds the post of keeper at {S}? | ~By whom is {S} kept?
			which: Which {k} is kept by {V}? | Of which {k} is {V} the keeper? | ~Which {k} has {V} as its keeper?
			noun: the keeper of {S}`),
		rel("cook", "inn school", "person", `
			say: has a cook called {V} | is known for its cook, {V} | has had {V} as its cook for years | employs {V} as cook
				| ~leaves the kitchen to {V}
			full: The cook at {S} is {V}. | {P} cook is {V}. | In the kitchen of {S} the cook is {V}. | {V} is the cook at {S}.
				| ~The meals at {S} are made by {V}.
			ask: Who is the cook at {S}? | Who cooks at {S}? | Who is {P} cook? | What is the name of the cook at {S}?
				| Who works as cook at {S}? | ~Who makes the meals at {S}?
			noun: the cook at {S}`),
		rel("founder", "school museum library theatre bakery shop company club band village town garden festival", "person", `
			say: was founded by {V} | was started by {V} | was set up by {V} | owes its beginning to {V} | was begun by {V}
				| ~was established by {V} | ~was brought to life by {V}
			part: founded by {V} | started by {V} | ~established by {V}
			full: {V} founded {S}. | It was {V} who started {S}. | The founder of {S} was {V}. | {P} founder was {V}.
				| ~The idea for {S} came from its founder, {V}.
			ask: Who founded {S}? | Who started {S}? | Who was the founder of {S}? | By whom was {S} founded?
				| What was the name of the founder of {S}? | ~Who established {S}? | ~Who set up {S}?
			which: Which {k} was founded by {V}? | Which {k} did {V} found? | ~What {k} was established by {V}?
			noun: the founder of {S}`),
		rel("founded", "school museum library theatre bakery shop company club band village town garden festival farm", "year", `
			say: was founded in {V} | was started in {V} | was set up in {V} | goes back to {V} | began in {V}
				| has existed since {V} | ~was established in {V} | ~came into being in {V}
			part: founded in {V} | started in {V} | ~established in {V}
			full: In {V}, {S} was founded. | The founding of {S} was in {V}. | {P} history began in {V}.
				| The year {S} was founded is {V}. | ~The beginnings of {S} lie in {V}.
			ask: When was {S} founded? | In what year was {S} founded? | In which year was {S} started? | What year was {S} founded?
				| When did {S} begin? | When was {S} started? | ~When was {S} established? | ~Since what year has {S} existed?
			which: Which {k} was founded in {V}? | Which {k} was started in {V}? | Which {k} began in {V}?
				| ~What {k} was established in {V}?
			noun: the year in which {S} was founded`),
		rel("rooms", "inn museum school castle library", "few", `
			say: has {V} rooms | is a house of {V} rooms | contains {V} rooms | has no fewer than {V} rooms | ~boasts {V} rooms
			part: with its {V} rooms
			full: There are {V} rooms in {S}. | {P} rooms are {V} in number. | In {S} one can count {V} rooms.
				| The number of rooms in {S} is {V}. | ~If you count the rooms of {S}, you get to {V}.
			ask: How many rooms does {S} have? | How many rooms are there in {S}? | What is the number of rooms in {S}?
				| How many rooms are in {S}? | How many rooms has {S} got? | ~How many rooms does {S} contain?
			which: Which {k} has {V} rooms? | What {k} has {V} rooms? | ~Which {k} contains {V} rooms?
			noun: the number of rooms in {S}`),
		rel("sells", "bakery shop company farm inn village town", "product", `
			say: is famous for {V} | is known for its {V} | is best known for {V} | has a good name for {V}
				| is well known for its {V} | ~is celebrated for {V} | ~owes its fame to {V}
			part: famous for {V} | known for its {V} | ~celebrated for its {V}
			full: People come to {S} for the {V}. | The pride of {S} is the {V}. | What makes {S} famous is the {V}.
				| ~Nobody leaves {S} without trying the {V}.
			ask: What is {S} famous for? | What is {S} known for? | For what is {S} famous? | What is {S} best known for?
				| What makes {S} famous? | ~What is {S} celebrated for? | ~To what does {S} owe its fame?
			which: Which {k} is famous for {V}? | Which {k} is known for its {V}? | ~What {k} is celebrated for {V}?
			noun: the pride of {S}
			not: makes`),
		rel("makes", "company farm shop bakery", "product", `
			say: makes {V} | produces {V} | makes and sells {V} | sells mostly {V} | sends {V} all over the country
				| ~manufactures {V} | ~trades in {V}
			part: a maker of {V} | ~a producer of {V}
			full: {P} main product is {V}. | The main product of {S} is {V}. | At {S} they make {V}. | ~Most of what {S} sells is {V}.
			ask: What does {S} make? | What does {S} sell? | What is the main product of {S}? | What does {S} produce?
				| What is {P} main product? | What is sold at {S}? | ~What does {S} manufacture? | ~What can one buy from {S}?
			which: Which {k} makes {V}? | Which {k} sells {V}? | ~What {k} produces {V}?
			noun: the main product of {S}
			not: sells`),
		rel("head", "school museum library theatre", "person", `
			say: is led by {V} | is run by {V} | has {V} as its head | has been run by {V} for some years | ~is managed by {V}
				| ~is directed by {V}
			part: led by {V} | run by {V} | ~headed by {V}
			full: The head of {S} is {V}. | {P} head is {V}. | {P} director is {V}. | {V} is the head of {S}. | {V} runs {S}.
				| ~At the top of {S} is {V}.
			ask: Who is the head of {S}? | Who runs {S}? | Who leads {S}? | What is the name of the head of {S}? | Who is {P} head?
				| Who is the director of {S}? | ~Who is in charge of {S}? | ~By whom is {S} managed?
			which: Which {k} is led by {V}? | Which {k} does {V} run? | ~What {k} is headed by {V}?
			noun: the head of {S}`),
		rel("pupils", "school", "many", `
			say: has {V} pupils | teaches {V} children | is attended by {V} pupils | has room for {V} pupils
				| has {V} children in its classes | ~counts {V} pupils | ~educates {V} children
			part: with its {V} pupils
			full: There are {V} pupils at {S}. | {V} children go to {S}. | The number of pupils at {S} is {V}.
				| ~Each morning {V} pupils walk into {S}.
			ask: How many pupils does {S} have? | How many children go to {S}? | How many pupils are there at {S}?
				| What is the number of pupils at {S}? | How many pupils go to {S}? | ~How many students attend {S}?
					| ~How many children does {S} teach?
			which: Which {k} has {V} pupils? | ~What {k} teaches {V} children?
			noun: the number of pupils at {S}`),
		rel("subjectof", "school", "subject", `
			say: is known for teaching {V} | is the best place to learn {V} | puts {V} before all other subjects
				| gives {V} lessons every day | ~specialises in {V}
			full: {P} main subject is {V}. | The main subject at {S} is {V}. | At {S}, everybody learns {V}.
				| ~Those who want to learn {V} go to {S}.
			ask: What is the main subject at {S}? | What is {P} main subject? | Which subject is {S} known for?
				| What does everybody learn at {S}? | What subject does {S} teach? | ~In what does {S} specialise?
			which: At which {k} does everybody learn {V}? | Which {k} is known for teaching {V}? | ~Which {k} specialises in {V}?
			noun: the main subject at {S}`),
		rel("price", "museum garden theatre festival castle lighthouse", "price", `
			say: charges {V} for a ticket | can be visited for {V} | asks {V} at the entrance | costs {V} to visit
				| ~admits visitors for {V}
			full: A ticket for {S} costs {V}. | The price of a ticket to {S} is {V}. | Visitors to {S} pay {V}.
				| Entrance to {S} costs {V}. | {P} ticket price is {V}. | ~For {V} you may go into {S}.
			ask: How much does a ticket for {S} cost? | What does a ticket to {S} cost? | What is the price of a ticket for {S}?
				| How much is a ticket for {S}? | What do visitors pay at {S}? | How much do visitors to {S} pay?
					| ~What does it cost to enter {S}? | ~How much must one pay to visit {S}?
			which: Which {k} costs {V}? | For which {k} does a ticket cost {V}? | ~Which {k} charges {V}?
			noun: the ticket price of {S}`),
		rel("closed", "museum library shop bakery garden theatre", "day", `
			say: is closed on {V} | stays closed on {V} | is closed every {V} | has its day of rest on {V} | ~does not open on {V}
			part: closed on {V} | ~shut on {V}
			full: On {V}, {S} is closed. | Every {V} the doors of {S} stay closed. | The day on which {S} is closed is {V}.
				| ~Do not come to {S} on {V}, for it is shut.
			ask: On which day is {S} closed? | When is {S} closed? | On what day is {S} closed? | Which day is {S} closed?
				| On what day of the week is {S} closed? | ~When does {S} not open?
			which: Which {k} is closed on {V}? | What {k} is closed on {V}? | ~Which {k} does not open on {V}?
			noun: the closing day of {S}
			near: hour`),
		rel("exhibit", "museum castle library", "exhibit", `
			say: shows {aV} | is proud of {aV} | has {aV} in its main hall | is visited because of {aV} | keeps {aV} behind glass
				| ~puts {aV} on display | ~houses {aV}
			part: home to {aV} | ~proud owner of {aV}
			full: In the main hall of {S} stands {aV}. | {P} greatest treasure is {aV}. | The greatest treasure of {S} is {aV}.
				| ~What visitors remember of {S} is {aV}.
			ask: What is the greatest treasure of {S}? | What can be seen in {S}? | What does {S} show?
				| What is in the main hall of {S}? | What is {P} greatest treasure? | ~What does {S} have on display?
			which: Which {k} shows {aV}? | Which {k} has {aV}? | ~In which {k} is there {aV}?
			noun: the greatest treasure of {S}`),
		rel("hour", "museum library shop bakery garden", "hour", `
			say: opens at {V} | opens its doors at {V} | is open from {V} | opens every day at {V} | ~lets the first visitors in at {V}
			full: At {V}, {S} opens. | The doors of {S} open at {V}. | {P} doors open at {V}. | ~Nobody can enter {S} before {V}.
			ask: When does {S} open? | At what time does {S} open? | At what hour does {S} open? | What time does {S} open?
				| From what time is {S} open? | ~At what hour are the doors of {S} opened?
			noun: the opening hour of {S}
			near: closed`),
		rel("visitors", "museum festival garden castle theatre library", "thousands", `
			say: has {V} visitors a year | is visited by {V} people every year | draws {V} people each year
				| had {V} visitors last year | ~attracts {V} guests a year
			full: Each year {V} people come to {S}. | Last year {V} people visited {S}.
				| The number of visitors to {S} is {V} a year. | ~About {V} people find their way to {S} each year.
			ask: How many visitors does {S} have? | How many people visit {S}? | How many people come to {S}?
				| What is the number of visitors to {S}? | How many visitors come to {S} each year? | ~How many guests does {S} attract?
			which: Which {k} has {V} visitors? | ~Which {k} attracts {V} people?
			noun: the number of visitors to {S}`),
	}
}
