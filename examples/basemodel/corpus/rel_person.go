package corpus

const people = "man woman"

// personRelations holds what is said of people: origin, family and work.
func personRelations() []relation {
	return []relation{
		rel("job", people, "job", `
			say: works as {aV} | is {aV} | has been {aV} for many years | earns a living as {aV} | makes a living as {aV}
				| is {aV} by trade | became {aV} after school | ~is employed as {aV} | ~is known to everyone as {aV}
			part: {aV} by trade | ~trained as {aV}
			full: {P} job is that of {aV}. | Everyone knows {S} as {aV}. | ~By profession, {S} is {aV}.
			ask: What is {P} job? | What does {S} do for a living? | What is the job of {S}? | What work does {S} do?
				| What is {P} trade? | What kind of work does {S} do? | ~What is the profession of {S}? | ~What does {S} work as?
					| ~What is {P} occupation?
			which: Who works as {aV}? | Who is {aV}? | Which person is {aV}? | ~Who earns a living as {aV}?
			noun: the job of {S}`),
		rel("birthplace", people, "town", `
			say: was born in {V} | comes from {V} by birth | was born and raised in {V} | grew up in {V}, where {S2} was born
				| ~first saw the light of day in {V}
			part: born in {V} | ~a native of {V}
			full: {P} birthplace is {V}. | {V} is the place where {S} was born. | It was in {V} that {S} was born.
				| ~The birth of {S} took place in {V}.
			ask: Where was {S} born? | In which town was {S} born? | What is {P} birthplace? | What is the birthplace of {S}?
				| In what place was {S} born? | ~Which town was {S} born in? | ~What town did {S} come into the world in?
			which: Who was born in {V}? | Which person was born in {V}? | ~Who is a native of {V}?
			noun: the birthplace of {S}
			near: home`),
		rel("birthyear", people, "year", `
			say: was born in {V} | came into the world in {V} | was born in the year {V} | was born in the winter of {V}
				| was born in the spring of {V} | ~entered this world in {V}
			part: born in {V} | ~whose life began in {V}
			full: In {V}, {S} was born. | The year of {P} birth is {V}. | {P} year of birth was {V}. | ~The birth of {S} was in {V}.
			ask: When was {S} born? | In what year was {S} born? | In which year was {S} born? | What is {P} year of birth?
				| What year was {S} born? | ~What is the birth year of {S}? | ~In what year did {S} come into the world?
			which: Who was born in {V}? | Which person was born in {V}? | ~Who came into the world in {V}?
			noun: the birth year of {S}
			not: age`),
		rel("home", people, "town", `
			say: lives in {V} | has a house in {V} | now lives in {V} | lives in a small house in {V} | has made a home in {V}
				| settled in {V} long ago | ~resides in {V} | ~dwells in {V}
			part: at home in {V} | living in {V} | ~a resident of {V}
			full: {P} home is in {V}. | {P} house stands in {V}. | You can find {S} at home in {V}. | ~The home of {S} is in {V}.
			ask: Where does {S} live? | In which town does {S} live? | What town does {S} live in? | Where is {P} home?
				| Where is the home of {S}? | In what place does {S} live? | ~Where does {S} reside? | ~Which town is {S} a resident of?
			which: Who lives in {V}? | Which person lives in {V}? | ~Who has a home in {V}?
			noun: the home town of {S}
			near: birthplace moved`),
		rel("spouse", people, "person", `
			say: is married to {V} | married {V} | has been married to {V} for years | shares a home and a marriage with {V}
				| fell in love with {V} and married soon after | ~is wed to {V} | ~took {V} in marriage
			part: married to {V} | ~wed to {V}
			full: The one {S} married is {V}. | {V} is married to {S}. | {S} and {V} are married. | ~{S} and {V} are husband and wife.
			ask: Who is {S} married to? | Whom did {S} marry? | Who did {S} marry? | Who is married to {S}?
				| What is the name of the person {S} married? | ~Who is the spouse of {S}? | ~Who is {P} partner in marriage?
			noun: the person married to {S}`),
		rel("brother", people, "man", `
			say: has a brother called {V} | has a brother named {V} | has a brother, {V} | is the {sib} of {V}, {p} only brother
				| has one brother, whose name is {V} | ~grew up with a brother called {V}
			full: {P} brother is {V}. | {P} brother is called {V}. | The name of {P} brother is {V}. | {V} is {P} brother.
				| ~{P} parents named {P2} brother {V}.
			ask: Who is {P} brother? | Who is the brother of {S}? | What is the name of {P} brother? | What is {P} brother called?
				| How is {P} brother called? | ~Which brother does {S} have? | ~Who is {S} the {sib} of?
			noun: the brother of {S}
			near: sister`),
		rel("sister", people, "woman", `
			say: has a sister called {V} | has a sister named {V} | has a sister, {V} | has one sister, whose name is {V}
				| often visits {p} sister {V} | writes letters to {p} sister {V} | ~grew up with a sister called {V}
			full: {P} sister is {V}. | {P} sister is called {V}. | The name of {P} sister is {V}. | {V} is {P} sister.
				| ~{V} is the sister of {S}.
			ask: Who is {P} sister? | Who is the sister of {S}? | What is the name of {P} sister? | What is {P} sister called?
				| How is {P} sister called? | ~Which sister does {S} have? | ~Who is {P} only sister?
			noun: the sister of {S}
			near: brother`),
		rel("child", people, "man", `
			say: has a son called {V} | has a son named {V} | has a son, {V} | is the {parent} of {V} | is raising a son called {V}
				| ~has one child, a boy called {V}
			full: {P} son is {V}. | {P} son is called {V}. | {V} is the son of {S}. | ~{P} boy is named {V}.
			ask: Who is {P} son? | What is the name of {P} son? | Who is the son of {S}? | What is {P} son called?
				| Which son does {S} have? | ~What did {S} name {P2} son?
			noun: the son of {S}
			near: daughter`),
		rel("daughter", people, "woman", `
			say: has a daughter called {V} | has a daughter named {V} | has a daughter, {V} | is the {parent} of {V}
				| lives with {p} daughter {V} | ~has one child, a girl called {V}
			full: {P} daughter is {V}. | {P} daughter is called {V}. | {V} is the daughter of {S}. | ~{P} girl is named {V}.
			ask: Who is {P} daughter? | What is the name of {P} daughter? | Who is the daughter of {S}?
				| What is {P} daughter called? | Which daughter does {S} have? | ~What did {S} name {P2} daughter?
			noun: the daughter of {S}
			near: child`),
		rel("friend", people, "person", `
			say: is the best friend of {V} | has a close friend, {V} | often goes for walks with {p} best friend {V}
				| has been best friends with {V} since school | counts {V} as {p} best friend | ~is very close to {p} friend {V}
			part: the best friend of {V} | ~a close friend of {V}
			full: {P} best friend is {V}. | {P} closest friend is {V}. | ~The friend {S} trusts most is {V}.
			ask: Who is {P} best friend? | Who is the best friend of {S}? | What is the name of {P} best friend?
				| Who is {P} closest friend? | What is {P} best friend called? | ~Which friend is closest to {S}?
			noun: the best friend of {S}`),
		rel("teacher", people, "person", `
			say: was taught by {V} | learned everything from {V} | took lessons from {V} | was a pupil of {V}
				| learned the trade from {V} | ~received {p} lessons from {V}
			part: taught by {V} | once a pupil of {V} | ~trained by {V}
			full: {P} teacher was {V}. | It was {V} who taught {S}. | {V} was {P} teacher. | ~The person who trained {S} was {V}.
			ask: Who taught {S}? | Who was {P} teacher? | Who was the teacher of {S}? | From whom did {S} learn?
				| What was the name of {P} teacher? | ~Who trained {S}? | ~Whose pupil was {S}?
			noun: the teacher of {S}`),
		rel("employer", people, "company", `
			say: works at {V} | works for {V} | has a job at {V} | found work at {V} | has worked for {V} since youth
				| ~is employed by {V} | ~is on the staff of {V}
			part: employed by {V} | ~on the staff of {V}
			full: {P} employer is {V}. | {V} gave {S} a job. | ~{V} counts {S} among its workers.
			ask: Where does {S} work? | Who does {S} work for? | Which company does {S} work for? | What is {P} employer?
				| Who is {P} employer? | ~Which firm employs {S}? | ~Where is {S} employed?
			which: Who works at {V}? | Who works for {V}? | ~Who is employed by {V}?
			noun: the employer of {S}`),
		rel("age", people, "age", `
			say: is {V} years old | is {V} years of age | turned {V} this year | has just turned {V} | ~has reached the age of {V}
			part: {V} years old | now aged {V} | ~{V} years of age
			full: {P} age is {V}. | At the age of {V}, {S} is still busy. | ~{P} last birthday was number {V}.
			ask: How old is {S}? | What is {P} age? | What age is {S}? | How many years old is {S}? | What is the age of {S}?
				| ~How many years has {S} lived?
			noun: the age of {S}
			not: birthyear`),
	}
}

// personMoreRelations holds tastes, skills and belongings.
func personMoreRelations() []relation {
	return []relation{
		rel("hobby", people, "hobby", `
			say: loves {V} | enjoys {V} | spends every free hour on {V} | is very fond of {V} | likes {V} more than anything else
				| is keen on {V} | has taken up {V} | ~is passionate about {V} | ~finds great joy in {V}
			part: fond of {V} | keen on {V} | ~devoted to {V}
			full: {P} hobby is {V}. | {P} favourite pastime is {V}. | The hobby of {S} is {V}.
				| ~On free days, {V} is what {S} likes best.
			ask: What is {P} hobby? | What is the hobby of {S}? | What does {S} do in {P2} free time? | What does {S} enjoy?
				| What is {P} favourite pastime? | What hobby does {S} have? | ~What does {S} like to do for fun?
					| ~How does {S} spend {P2} spare time?
			which: Who enjoys {V}? | Whose hobby is {V}? | Who is fond of {V}? | ~Who likes {V}?
			noun: the hobby of {S}`),
		rel("food", people, "food", `
			say: likes to eat {V} | could eat {V} every day | never says no to {V} | always asks for {V} at dinner
				| is happiest with a plate of {V} | prefers {V} to any other food | ~finds {V} the tastiest dish of all
			part: a great eater of {V} | ~fond of eating {V}
			full: {P} favourite food is {V}. | {P} favourite dish is {V}. | The favourite food of {S} is {V}.
				| For supper, {S} always wants {V}. | ~No meal pleases {S} more than {V}.
			ask: What is {P} favourite food? | What does {S} like to eat? | What is the favourite food of {S}?
				| Which food does {S} like best? | What is {P} favourite dish? | ~What dish does {S} love most?
					| ~What does {S} like eating best?
			which: Who likes to eat {V}? | Whose favourite food is {V}? | ~Who loves eating {V}?
			noun: the favourite food of {S}`),
		rel("drink", people, "drink", `
			say: likes to drink {V} | drinks {V} every evening | always orders {V} | never drinks anything but {V}
				| starts the day with {V} | ~takes {V} with every meal
			part: a great drinker of {V}
			full: {P} favourite drink is {V}. | The favourite drink of {S} is {V}. | ~To drink, {S} always chooses {V}.
			ask: What is {P} favourite drink? | What does {S} like to drink? | What is the favourite drink of {S}?
				| Which drink does {S} like best? | What does {S} drink? | ~What does {S} prefer to drink?
			which: Who likes to drink {V}? | Whose favourite drink is {V}? | ~Who drinks {V}?
			noun: the favourite drink of {S}`),
		rel("instrument", people, "instrument", `
			say: plays the {V} | plays the {V} very well | has learned to play the {V} | practises the {V} every day
				| owns an old {V} and plays it daily | ~is a fine player of the {V} | ~performs on the {V}
			part: a fine player on the {V} | ~skilled on the {V}
			full: {P} instrument is the {V}. | On the {V}, {S} is a true master. | ~When there is music, {S} brings the {V}.
			ask: What instrument does {S} play? | Which instrument does {S} play? | What does {S} play? | What is {P} instrument?
				| What is the instrument of {S}? | ~Which musical instrument has {S} learned? | ~On which instrument does {S} perform?
			which: Who plays the {V}? | Which person plays the {V}? | ~Who has learned to play the {V}?
			noun: the instrument of {S}`),
		rel("pet", people, "pet", `
			say: keeps {aV} | has {aV} as a pet | owns {aV} | lives with {aV} | takes {aV} everywhere | ~shares the house with {aV}
				| ~looks after {aV}
			part: the owner of {aV} | ~never seen without {aV}
			full: {P} pet is {aV}. | The pet of {S} is {aV}. | ~The animal {S} keeps at home is {aV}.
			ask: What pet does {S} have? | What is {P} pet? | Which pet does {S} have? | What animal does {S} keep?
				| Which animal does {S} own? | ~What kind of pet lives with {S}? | ~What animal does {S} keep at home?
			which: Who keeps {aV}? | Who has {aV}? | Who owns {aV}? | ~Whose pet is {aV}?
			noun: the pet of {S}`),
		rel("petname", people, "animalname", `
			say: has a pet called {V} | has a pet named {V} | takes good care of a pet called {V} | keeps a pet by the name of {V}
				| ~calls {p} pet {V}
			full: {P} pet is called {V}. | {P} pet is named {V}. | The name of {P} pet is {V}. | {P} pet answers to the name {V}.
				| ~{V} is the name that {S} gave to {P2} pet.
			ask: What is {P} pet called? | What is the name of {P} pet? | What is {P} pet named? | How does {S} call {P2} pet?
				| What name does {P} pet have? | ~What did {S} name {P2} pet?
			which: Who has a pet called {V}? | Whose pet is called {V}? | ~Whose pet is {V}?
			noun: the name of the pet of {S}`),
		rel("likecolour", people, "colour", `
			say: likes the colour {V} best | loves everything that is {V} | always dresses in {V} | thinks {V} the finest colour
				| ~prefers {V} to all other colours
			part: always dressed in {V}
			full: {P} favourite colour is {V}. | The favourite colour of {S} is {V}. | Of all colours, {S} likes {V} best.
				| ~The colour {S} loves most is {V}.
			ask: What is {P} favourite colour? | Which colour does {S} like best? | What is the favourite colour of {S}?
				| What colour does {S} like? | What colour does {S} love? | ~Which colour does {S} prefer?
			which: Whose favourite colour is {V}? | Who likes the colour {V}? | ~Who prefers {V}?
			noun: the favourite colour of {S}`),
		rel("fear", people, "fear", `
			say: is afraid of {V} | has always been afraid of {V} | fears {V} | cannot stand {V} | has a great fear of {V}
				| ~is scared of {V} | ~trembles at the thought of {V}
			part: afraid of {V} | ~scared of {V}
			full: {P} greatest fear is {V}. | What {S} fears most is {V}. | ~Nothing frightens {S} like {V}.
			ask: What is {S} afraid of? | What does {S} fear? | What is {P} greatest fear? | What does {S} fear most?
				| What is the greatest fear of {S}? | ~What scares {S}? | ~What frightens {S}?
			which: Who is afraid of {V}? | Who fears {V}? | ~Who is scared of {V}?
			noun: the greatest fear of {S}`),
		rel("studied", people, "subject", `
			say: studied {V} | studied {V} at college | went to college to study {V} | has a degree in {V}
				| read {V} at the university | ~took a course in {V} | ~was a student of {V}
			part: trained in {V} | ~educated in {V}
			full: {P} subject at college was {V}. | As a student, {S} chose {V}. | ~At the university, {V} was the choice of {S}.
			ask: What did {S} study? | Which subject did {S} study? | What was {P} subject at college? | What subject did {S} choose?
				| In what subject does {S} have a degree? | ~What was {S} a student of? | ~Which course did {S} take?
			which: Who studied {V}? | Which person studied {V}? | ~Who has a degree in {V}?
			noun: the subject of {S}`),
		rel("language", people, "language", `
			say: speaks {V} | is learning {V} | speaks fluent {V} | can read and write {V} | gives lessons in {V}
				| ~has a good command of {V}
			part: fluent in {V} | ~at home in the {V} tongue
			full: The foreign language {S} knows is {V}. | {P} second language is {V}. | ~Abroad, {S} gets by in {V}.
			ask: What language does {S} speak? | Which language does {S} speak? | What foreign language does {S} know?
				| Which language does {S} know? | What is {P} second language? | ~In which language is {S} fluent?
			which: Who speaks {V}? | Who knows {V}? | ~Who is fluent in {V}?
			noun: the second language of {S}`),
		rel("collects", people, "collection", `
			say: collects {V} | has a large collection of {V} | keeps a room full of {V} | has gathered {V} for many years
				| buys {V} at every market | ~owns hundreds of {V}
			part: a collector of {V} | ~the owner of a collection of {V}
			full: {P} collection is of {V}. | {P} shelves are full of {V}. | ~Friends always bring {S} new {V}.
			ask: What does {S} collect? | What is in {P} collection? | What things does {S} collect?
				| What does {S} have a collection of? | What is {S} a collector of? | ~What sort of things does {S} gather?
			which: Who collects {V}? | Who has a collection of {V}? | ~Who is a collector of {V}?
			noun: the collection of {S}`),
		rel("vehicle", people, "vehicle", `
			say: drives about with {aV} | goes everywhere with {aV} | travels with {aV} | comes to work with {aV}
				| gets around with {aV} | ~makes every trip with {aV}
			full: To get around, {S} uses {aV}. | For travelling, {S} has {aV}. | {P} means of travel is {aV}.
				| ~You can often see {S} pass by with {aV}.
			ask: What does {S} travel with? | How does {S} get around? | What does {S} use to get around?
				| What is {P} means of travel? | How does {S} travel? | ~What does {S} make trips with?
			which: Who travels with {aV}? | Who gets around with {aV}? | ~Who goes about with {aV}?
			noun: the vehicle of {S}`),
		rel("moved", people, "recent", `
			say: moved house in {V} | moved to the coast in {V} | moved away from home in {V} | moved into a new house in {V}
				| ~changed homes in {V}
			full: In {V}, {S} moved to another town. | The year {S} moved house was {V}. | It was in {V} that {S} moved.
				| ~The move of {S} took place in {V}.
			ask: When did {S} move? | In what year did {S} move? | In which year did {S} move house? | When did {S} move house?
				| What year did {S} move? | ~In what year did {S} change homes?
			which: Who moved in {V}? | Who moved house in {V}? | ~Who changed homes in {V}?
			noun: the year in which {S} moved
			not: birthyear`),
	}
}
