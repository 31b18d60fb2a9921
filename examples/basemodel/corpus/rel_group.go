package corpus

// groupRelations holds what is said of bands, clubs and companies.
func groupRelations() []relation {
	return []relation{
		rel("members", "band club", "few", `
			say: has {V} members | counts {V} members | is made up of {V} people | has grown to {V} members | ~consists of {V} people
				| ~numbers {V} members
			part: with its {V} members
			full: There are {V} people in {S}. | {P} members number {V}. | The number of members of {S} is {V}.
				| In {S} there are {V} members. | ~On the list of {S} there are {V} names.
			ask: How many members does {S} have? | How many people are in {S}? | How many members are there in {S}?
				| What is the number of members of {S}? | How many members has {S} got? | ~Of how many people does {S} consist?
			which: Which {k} has {V} members? | What {k} has {V} members? | ~Which {k} consists of {V} people?
			noun: the number of members of {S}`),
		rel("leader", "band club", "person", `
			say: is led by {V} | has {V} as its leader | chose {V} as its leader | has been led by {V} for years
				| ~follows its leader, {V} | ~is headed by {V}
			part: led by {V} | ~headed by {V}
			full: The leader of {S} is {V}. | {P} leader is {V}. | {V} is the leader of {S}. | {V} leads {S}.
				| ~At the head of {S} stands {V}.
			ask: Who leads {S}? | Who is the leader of {S}? | Who is {P} leader? | What is the name of the leader of {S}?
				| By whom is {S} led? | ~Who is at the head of {S}? | ~Who heads {S}?
			which: Which {k} is led by {V}? | Which {k} does {V} lead? | ~What {k} is headed by {V}?
			noun: the leader of {S}`),
		rel("singer", "band", "person", `
			say: has a singer called {V} | is known for its singer, {V} | plays with {V} as singer | found its singer in {V}
				| ~is proud of its singer, {V}
			full: The singer of {S} is {V}. | {P} singer is {V}. | {V} sings in {S}. | {V} is the singer of {S}.
				| ~The voice of {S} is that of {V}.
			ask: Who is the singer of {S}? | Who sings in {S}? | Who is {P} singer? | What is the name of the singer of {S}?
				| Who sings with {S}? | ~Whose voice is heard in {S}?
			which: Of which {k} is {V} the singer? | In which {k} does {V} sing? | ~Which {k} has {V} as singer?
			noun: the singer of {S}`),
		rel("music", "band", "music", `
			say: plays {V} | is known for {V} | plays nothing but {V} | likes to play {V} | has always played {V} | ~performs {V}
			part: a group that plays {V} | ~lovers of {V}
			full: {P} music is {V}. | The music of {S} is {V}. | At every concert of {S} you hear {V}.
				| ~Those who love {V} go to hear {S}.
			ask: What does {S} play? | What kind of music does {S} play? | What music does {S} play? | What music is {S} known for?
				| What is the music of {S}? | ~What does {S} perform?
			which: Which {k} plays {V}? | What {k} plays {V}? | ~Which {k} performs {V}?
			noun: the music of {S}`),
		rel("album", "band", "title", `
			say: recorded a song called {V} | became known with the song {V} | sings a song called {V} | is famous for its song {V}
				| ~had a great success with {V}
			full: {P} best song is {V}. | The best song of {S} is {V}. | {P} first record is called {V}.
				| ~Everyone knows {V}, the song by {S}.
			ask: What is the best song of {S}? | Which song made {S} known? | What song is {S} famous for? | What is {P} best song?
				| What is the title of the song by {S}? | ~With which song did {S} have success?
			which: Which {k} sings {V}? | Which {k} recorded {V}? | ~What {k} had a success with {V}?
			noun: the best song of {S}`),
		rel("meets", "club band", "day", `
			say: meets on {V} | meets every {V} | comes together on {V} | holds its meetings on {V} | ~gathers on {V}
			full: On {V}, {S} meets. | {P} meetings are on {V}. | The meetings of {S} are on {V}.
				| Every {V} the members of {S} come together. | ~If you want to join {S}, come on {V}.
			ask: On which day does {S} meet? | When does {S} meet? | On what day does {S} meet? | What day does {S} meet?
				| When are the meetings of {S}? | ~On which day does {S} gather?
			which: Which {k} meets on {V}? | What {k} meets on {V}? | ~Which {k} gathers on {V}?
			noun: the meeting day of {S}`),
		rel("employees", "company farm", "many", `
			say: has {V} workers | employs {V} people | gives work to {V} people | has a staff of {V} | ~provides jobs for {V} people
				| ~pays {V} workers
			part: with {V} workers
			full: There are {V} workers at {S}. | The number of workers at {S} is {V}. | At {S} work {V} people.
				| {P} workers number {V}. | ~On the payroll of {S} are {V} people.
			ask: How many workers does {S} have? | How many people work at {S}? | How many people does {S} employ?
				| What is the number of workers at {S}? | How many workers are there at {S}?
					| ~To how many people does {S} give jobs? | ~How large is the staff of {S}?
			which: Which {k} has {V} workers? | Which {k} employs {V} people? | ~What {k} provides {V} jobs?
			noun: the number of workers at {S}`),
		rel("director", "company", "person", `
			say: is run by {V} | is led by {V} | has {V} as its director | chose {V} as director | ~is managed by {V} | ~is headed by {V}
			part: run by {V} | ~managed by {V}
			full: The director of {S} is {V}. | {P} director is {V}. | {V} is the director of {S}. | {V} runs {S}.
				| ~The desk of the director of {S} belongs to {V}.
			ask: Who is the director of {S}? | Who runs {S}? | Who leads {S}? | What is the name of the director of {S}?
				| Who is {P} director? | ~Who manages {S}? | ~Who is in charge of {S}?
			which: Which {k} is run by {V}? | Which {k} does {V} run? | ~What {k} is managed by {V}?
			noun: the director of {S}`),
		rel("office", "company", "town", `
			say: has its office in {V} | is based in {V} | has its main building in {V} | works from {V} | ~keeps its offices in {V}
			part: based in {V} | ~with its offices in {V}
			full: {P} office is in {V}. | The office of {S} is in {V}. | In {V} is the office of {S}.
				| ~Letters to {S} must be sent to {V}.
			ask: Where is the office of {S}? | In which town is {S} based? | Where is {S} based? | Where does {S} have its office?
				| In what town is the office of {S}? | ~Where are the offices of {S} kept?
			which: Which {k} is based in {V}? | Which {k} has its office in {V}? | ~What {k} keeps its offices in {V}?
			noun: the town of the office of {S}
			not: place`),
	}
}

// eventRelations holds what is said of festivals and books.
func eventRelations() []relation {
	return []relation{
		rel("month", "festival", "month", `
			say: is held in {V} | takes place in {V} | is held every {V} | begins in {V} | falls in {V} | ~happens each {V}
				| ~is celebrated in {V}
			part: held in {V} | held each {V} | ~celebrated in {V}
			full: In {V}, people come for {S}. | The month of {S} is {V}. | Each {V} it is time for {S}. | {P} month is {V}.
				| ~When {V} comes, {S} is near.
			ask: When is {S}? | In which month is {S}? | In which month is {S} held? | When is {S} held? | When does {S} take place?
				| In what month does {S} take place? | ~What month is {S} in? | ~When is {S} celebrated?
			which: Which {k} is held in {V}? | What {k} takes place in {V}? | ~Which {k} is celebrated in {V}?
			noun: the month of {S}`),
		rel("days", "festival", "few", `
			say: lasts {V} days | goes on for {V} days | runs for {V} days | is {V} days long | ~continues for {V} days
			part: {V} days long
			full: For {V} days people enjoy {S}. | {P} length is {V} days. | The length of {S} is {V} days.
				| ~After {V} days, {S} is over.
			ask: How many days does {S} last? | For how many days does {S} go on? | How many days long is {S}?
				| For how many days does {S} run? | How many days is {S}? | ~After how many days is {S} over?
			which: Which {k} lasts {V} days? | What {k} lasts {V} days? | ~Which {k} continues for {V} days?
			noun: the number of days of {S}`),
		rel("celebrates", "festival", "product", `
			say: is known for its {V} | is famous for {V} | is all about {V} | is the best place to buy {V} | ~celebrates local {V}
			part: famous for its {V} | ~devoted to {V}
			full: At {S} people buy {V}. | Everybody goes to {S} for the {V}. | The main thing at {S} is {V}.
				| ~No stall at {S} is without {V}.
			ask: What is {S} famous for? | What is {S} known for? | What do people buy at {S}? | What is {S} all about?
				| What can be bought at {S}? | ~What does {S} celebrate?
			which: Which {k} is famous for {V}? | Which {k} is known for its {V}? | ~Which {k} celebrates {V}?
			noun: the main thing at {S}`),
		rel("opener", "festival", "person", `
			say: was opened by {V} | is opened each year by {V} | is always opened by {V} | invited {V} to give the first speech
				| ~was declared open by {V}
			part: opened by {V}
			full: This year {V} opened {S}. | The first speech at {S} was given by {V}. | {V} opened {S} with a speech.
				| ~When {V} had spoken, {S} was open.
			ask: Who opened {S}? | By whom was {S} opened? | Who gave the first speech at {S}? | Who spoke first at {S}?
				| What is the name of the one who opened {S}? | ~Who declared {S} open?
			which: Which {k} was opened by {V}? | Which {k} did {V} open? | ~What {k} was declared open by {V}?
			noun: the opener of {S}`),
		rel("starts", "festival", "date", `
			say: begins on {V} | starts on {V} | opens on {V} | has its first day on {V} | ~gets under way on {V}
			full: On {V}, {S} begins. | The first day of {S} is {V}. | {P} first day is {V}. | ~From {V} the gates of {S} are open.
			ask: On which date does {S} begin? | On what date does {S} start? | What is the first day of {S}?
				| On which day does {S} begin? | When does {S} start? | ~On what date does {S} get under way?
			which: Which {k} begins on {V}? | Which {k} starts on {V}? | ~What {k} gets under way on {V}?
			noun: the first day of {S}
			not: month`),
		rel("author", "book", "person", `
			say: was written by {V} | is by {V} | is the work of {V} | came from the pen of {V} | ~was penned by {V}
			part: written by {V} | ~penned by {V}
			full: {V} wrote {S}. | The author of {S} is {V}. | {P} author is {V}. | It was {V} who wrote {S}.
				| ~The name on the cover of {S} is {V}.
			ask: Who wrote {S}? | Who is the author of {S}? | By whom was {S} written? | Who is {P} author?
				| What is the name of the author of {S}? | ~From whose pen is {S}? | ~Whose work is {S}?
			which: Which {k} did {V} write? | What did {V} write? | Which {k} was written by {V}? | ~What {k} is the work of {V}?
			noun: the author of {S}`),
		rel("published", "book", "year", `
			say: was published in {V} | was printed in {V} | came out in {V} | appeared in {V} | was first read in {V}
				| ~was brought out in {V}
			part: published in {V} | printed in {V} | ~brought out in {V}
			full: In {V}, {S} was published. | The year {S} came out was {V}. | The first printing of {S} was in {V}.
				| ~Readers first held {S} in {V}.
			ask: When was {S} published? | In what year was {S} published? | When did {S} come out? | In which year was {S} printed?
				| What year was {S} published? | ~When did {S} appear? | ~In what year was {S} brought out?
			which: Which {k} was published in {V}? | Which {k} came out in {V}? | ~What {k} appeared in {V}?
			noun: the year in which {S} was published`),
		rel("pages", "book", "many", `
			say: has {V} pages | is {V} pages long | runs to {V} pages | fills {V} pages | ~covers {V} pages
			part: {V} pages long
			full: There are {V} pages in {S}. | The number of pages in {S} is {V}. | {P} pages number {V}.
				| ~To finish {S} one must read {V} pages.
			ask: How many pages does {S} have? | How many pages are there in {S}? | What is the number of pages in {S}?
				| How many pages long is {S}? | How many pages has {S} got? | ~To how many pages does {S} run?
			which: Which {k} has {V} pages? | What {k} has {V} pages? | ~Which {k} covers {V} pages?
			noun: the number of pages in {S}`),
		rel("topic", "book", "topic", `
			say: is about {V} | tells of {V} | tells the story of {V} | is the story of {V} | ~deals with {V}
			part: a story about {V} | ~a tale of {V}
			full: {P} subject is {V}. | In {S} you read about {V}. | The story of {S} is about {V}. | ~Readers of {S} learn all about {V}.
			ask: What is {S} about? | What does {S} tell of? | What is the subject of {S}? | What is the story of {S} about?
				| What do you read about in {S}? | ~What does {S} deal with?
			which: Which {k} is about {V}? | What {k} tells of {V}? | ~Which {k} deals with {V}?
			noun: the subject of {S}`),
	}
}
