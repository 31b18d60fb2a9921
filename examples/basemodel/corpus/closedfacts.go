package corpus

// General facts, each "key: answer".

const capitals = `France: Paris, Germany: Berlin, Italy: Rome, Spain: Madrid, Portugal: Lisbon, England: London, Scotland: Edinburgh,
	Wales: Cardiff, Ireland: Dublin, Norway: Oslo, Sweden: Stockholm, Finland: Helsinki, Denmark: Copenhagen, Iceland: Reykjavik,
	Poland: Warsaw, Austria: Vienna, Hungary: Budapest, Greece: Athens, Turkey: Ankara, Russia: Moscow, Ukraine: Kyiv,
	Romania: Bucharest, Bulgaria: Sofia, Serbia: Belgrade, Croatia: Zagreb, Belgium: Brussels, Egypt: Cairo, Kenya: Nairobi,
	Japan: Tokyo, China: Beijing, India: New Delhi, Thailand: Bangkok, Vietnam: Hanoi, Canada: Ottawa, Mexico: Mexico City,
	Cuba: Havana, Peru: Lima, Chile: Santiago, Argentina: Buenos Aires, Brazil: Brasilia, Australia: Canberra,
	New Zealand: Wellington, Iran: Tehran, Iraq: Baghdad, Morocco: Rabat, Tunisia: Tunis, Estonia: Tallinn, Latvia: Riga,
	Lithuania: Vilnius, Slovakia: Bratislava, Slovenia: Ljubljana, South Korea: Seoul, Nepal: Kathmandu, Ghana: Accra,
	the Netherlands: Amsterdam, the United States: Washington, Malta: Valletta, Cyprus: Nicosia, Colombia: Bogota`

const cities = `Milan: Italy, Munich: Germany, Marseille: France, Barcelona: Spain, Manchester: England, Glasgow: Scotland,
	Istanbul: Turkey, Sydney: Australia, Toronto: Canada, Chicago: the United States, Mumbai: India, Shanghai: China,
	Osaka: Japan, Krakow: Poland, Venice: Italy, Hamburg: Germany, Lyon: France, Seville: Spain, Porto: Portugal, Salzburg: Austria`

const continents = `France: Europe, Egypt: Africa, China: Asia, Brazil: South America, Canada: North America, Kenya: Africa,
	India: Asia, Peru: South America, Poland: Europe, Japan: Asia, Nigeria: Africa, Mexico: North America, Norway: Europe,
	Chile: South America`

const opposites = `hot: cold, big: small, high: low, fast: slow, old: young, day: night, black: white, good: bad, up: down, left: right,
	open: closed, full: empty, hard: soft, wet: dry, light: dark, long: short, rich: poor, strong: weak, happy: sad, early: late,
	clean: dirty, loud: quiet, first: last, near: far, inside: outside, true: false, begin: end, love: hate, war: peace,
	buy: sell, summer: winter, north: south, east: west, heavy: light, thick: thin, wide: narrow, sweet: sour, sharp: blunt,
	cheap: expensive, easy: difficult, brave: cowardly, alive: dead, always: never, before: after, deep: shallow, rough: smooth,
	friend: enemy, give: take, question: answer, push: pull, above: below, top: bottom, win: lose, asleep: awake, safe: dangerous`

const colours = `grass: green, snow: white, coal: black, blood: red, the sky: blue, a lemon: yellow, a carrot: orange, milk: white,
	a ripe banana: yellow, a tomato: red, chocolate: brown, an elephant: grey, a flamingo: pink, a crow: black, a leaf: green, salt: white,
	the sea: blue, a plum: purple, a strawberry: red, gold: yellow`

const young = `dog: puppy, cat: kitten, cow: calf, horse: foal, sheep: lamb, pig: piglet, hen: chick, duck: duckling, goose: gosling,
	goat: kid, bear: cub, lion: cub, deer: fawn, frog: tadpole, swan: cygnet, owl: owlet, kangaroo: joey, hare: leveret, eagle: eaglet`

const sounds = `dog: woof, cat: meow, cow: moo, sheep: baa, duck: quack, owl: hoot, pig: oink, bee: buzz, snake: hiss, lion: roar,
	horse: neigh, mouse: squeak, crow: caw, hen: cluck, frog: croak, wolf: howl, donkey: bray`

const homes = `bird: nest, bee: hive, spider: web, horse: stable, dog: kennel, fox: den, lion: den, rabbit: burrow, pig: sty,
	cow: barn, monk: monastery, king: palace, prisoner: prison, bear: cave, mole: burrow, ant: anthill, beaver: lodge`

const classes = `sparrow: bird, salmon: fish, oak: tree, rose: flower, hammer: tool, violin: instrument, apple: fruit, carrot: vegetable,
	chair: piece of furniture, shirt: piece of clothing, dog: animal, bee: insect, diamond: gem, bus: vehicle, trout: fish, eagle: bird,
	tulip: flower, pear: fruit, cabbage: vegetable, trumpet: instrument, saw: tool, table: piece of furniture, coat: piece of clothing,
	ant: insect, birch: tree, ruby: gem, lorry: vehicle, tiger: animal, lily: flower, herring: fish, pigeon: bird, cherry: fruit,
	onion: vegetable, flute: instrument, spanner: tool, pine: tree, wasp: insect`

const legs = `dog: four, bird: two, spider: eight, bee: six, snake: none, horse: four, ant: six, cat: four, hen: two, beetle: six,
	fish: none, table: four`

const counts = `days are in a week: seven, months are in a year: twelve, hours are in a day: twenty-four, minutes are in an hour: sixty,
	seconds are in a minute: sixty, days are in a year: 365, sides does a triangle have: three, sides does a square have: four,
	eggs are in a dozen: twelve,
	years are in a century: one hundred, fingers are on a hand: five, letters are in the alphabet: twenty-six,
	wheels does a bicycle have: two,
	wheels does a tricycle have: three, centimetres are in a metre: one hundred, metres are in a kilometre: one thousand,
	grams are in a kilogram: one thousand, planets go round the sun: eight, strings does a violin have: four, seasons are in a year: four,
	players are in a football team: eleven, weeks are in a year: fifty-two, squares are on a chessboard: sixty-four,
	years are in a decade: ten,
	sides does a hexagon have: six, cents are in a euro: one hundred, arms does an octopus have: eight`

const tools = `cut paper: scissors, drive in a nail: a hammer, see far away: a telescope, see small things: a microscope,
	write on paper: a pen,
	open a lock: a key, dig a hole: a spade, sweep the floor: a broom, eat soup: a spoon, cut wood: a saw, tell the time: a clock,
	measure heat: a thermometer, find north: a compass, catch fish: a net, row a boat: oars, comb hair: a comb, brush teeth: a toothbrush,
	stay dry in the rain: an umbrella, sew clothes: a needle, light a candle: a match, take pictures: a camera, weigh things: scales`

const plurals = `mouse: mice, child: children, man: men, woman: women, foot: feet, tooth: teeth, goose: geese, sheep: sheep, leaf: leaves,
	knife: knives, wolf: wolves, ox: oxen, box: boxes, city: cities, baby: babies, life: lives, potato: potatoes`

const pasts = `go: went, see: saw, eat: ate, come: came, take: took, give: gave, run: ran, write: wrote, sing: sang, drink: drank,
	buy: bought,
	think: thought, find: found, make: made, know: knew, fly: flew, swim: swam, bring: brought, teach: taught, build: built, keep: kept`

const languages = `France: French, Germany: German, Italy: Italian, Spain: Spanish, Portugal: Portuguese, Russia: Russian, Japan: Japanese,
	China: Chinese, Poland: Polish, Greece: Greek, Turkey: Turkish, Sweden: Swedish, Norway: Norwegian, Denmark: Danish, Finland: Finnish,
	Hungary: Hungarian, Brazil: Portuguese, Mexico: Spanish, Austria: German, Egypt: Arabic, England: English, Australia: English`

const various = `which planet is nearest to the sun: Mercury, which planet is the largest: Jupiter, which planet do we live on: Earth,
	which planet is red: Mars, which planet has bright rings: Saturn, what goes round the earth: the moon,
	what gives us light by day: the sun,
	what do bees make: honey, what do cows give: milk, what do hens lay: eggs, what is ice made of: water, what is bread made of: flour,
	what is cheese made from: milk, what is paper made from: wood, what is glass made from: sand, what is wine made from: grapes,
	what is the largest animal: the blue whale, what is the tallest animal: the giraffe, what is the fastest land animal: the cheetah,
	what is the largest ocean: the Pacific, what is the highest mountain: Mount Everest, what is the largest desert: the Sahara,
	what is the longest river in Africa: the Nile, which metal is liquid: mercury, which gas do we breathe: oxygen,
	what falls from clouds: rain,
	at what temperature does water freeze: zero degrees, at what temperature does water boil: one hundred degrees,
	which season comes after winter: spring, which season comes after spring: summer, which season comes after summer: autumn,
	which season comes after autumn: winter, which month has the fewest days: February, which month is the first: January,
	which month is the last: December, what do you get from blue and yellow: green, what do you get from red and yellow: orange,
	what do you get from red and blue: purple, what do you get from black and white: grey, who wrote Hamlet: Shakespeare,
	who painted the Mona Lisa: Leonardo da Vinci, who found gravity: Newton, which organ pumps blood: the heart,
	with what do we hear: the ears, with what do we see: the eyes, with what do we smell: the nose, with what do we taste: the tongue,
	with what do fish breathe: gills, what do caterpillars become: butterflies, what is frozen water called: ice,
	where does the sun rise: in the east,
	where does the sun set: in the west, what does a baker make: bread, who flies a plane: a pilot, who puts out fires: a fireman,
	who teaches children: a teacher, who heals the sick: a doctor, who makes shoes: a shoemaker, who catches fish: a fisherman,
	who cuts hair: a barber, who grows crops: a farmer, who builds walls: a mason, who bakes bread: a baker, who mends teeth: a dentist,
	what do sheep give: wool, what do pandas eat: bamboo, what do cows eat: grass, what do squirrels eat: nuts, what do cats catch: mice`
