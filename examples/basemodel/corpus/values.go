package corpus

import (
	"fmt"
	"strings"
)

// value draws a value of a named kind. Values of people and places may be entities of the scene.
func (s *scene) value(name string) string {
	r := s.rng
	switch name {
	case "person":
		return s.somebody()
	case "town":
		return s.somewhere()
	case "island":
		if e := s.anyOf("island"); e != nil && r.chance(0.4) {
			return bareName(e.name)
		}
		return s.names.root()
	case "river", "lake", "hill":
		return map[string]string{"river": "", "lake": "Lake ", "hill": ""}[name] + s.names.root() + map[string]string{"hill": " Hill"}[name]
	case "school":
		return s.names.root() + " School"
	case "company":
		return s.names.root() + " " + r.pick([]string{"Works", "Brothers", "Mills", "Trading"})
	case "animalname":
		return s.names.animal()
	case "title":
		return s.names.sign()
	case "year":
		return fmt.Sprint(r.between(1480, 2019))
	case "oldyear":
		return fmt.Sprint(r.between(1480, 1899))
	case "recent":
		return fmt.Sprint(r.between(1900, 2019))
	case "date":
		return fmt.Sprintf("%d %s", r.between(1, 28), r.pick(words(months)))
	case "hour":
		return fmt.Sprint(r.between(5, 11)) + r.pick([]string{" in the morning", " o'clock"})
	case "metres":
		return s.number(9, 90) + r.pick([]string{" metres", " metres", " feet"})
	case "longmetres":
		return s.number(12, 400) + r.pick([]string{" metres", " metres", " feet", " yards"})
	case "km":
		return s.number(3, 320) + r.pick([]string{" kilometres", " kilometres", " miles"})
	case "high":
		return fmt.Sprint(r.between(110, 2900)) + r.pick([]string{" metres", " metres", " feet"})
	case "few":
		return s.number(3, 60)
	case "many":
		return s.number(20, 900)
	case "thousands":
		n := r.between(1001, 40000)
		if r.chance(0.3) {
			return fmt.Sprintf("%d,%03d", n/1000, n%1000)
		}
		return fmt.Sprint(n)
	case "age":
		return s.number(19, 94)
	case "price":
		return s.number(2, 30) + r.pick([]string{" pounds", " pounds", " crowns", " shillings", " euros", " dollars"})
	}
	list, ok := s.lore.values[name]
	if !ok {
		panic("corpus: no values of kind " + name)
	}
	return r.pick(list)
}

// number writes a number, one time in five in words where it is below a hundred.
func (s *scene) number(lo, hi int) string {
	n := s.rng.between(lo, hi)
	if n < 100 && s.rng.chance(0.2) {
		return inWords(n)
	}
	return fmt.Sprint(n)
}

// inWords spells a number below 100.
func inWords(n int) string {
	small := words(`zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
		sixteen seventeen eighteen nineteen`)
	if n < 20 {
		return small[n]
	}
	s := words("twenty thirty forty fifty sixty seventy eighty ninety")[n/10-2]
	if n%10 > 0 {
		s += "-" + small[n%10]
	}
	return s
}

// withArticle puts "a" or "an" before a noun phrase.
func withArticle(s string) string {
	if s == "" {
		return ""
	}
	if strings.ContainsRune("aeiouAEIOU", rune(s[0])) && !strings.HasPrefix(s, "uni") && !strings.HasPrefix(s, "eu") {
		return "an " + s
	}
	return "a " + s
}

const months = "January February March April May June July August September October November December"

func list(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		out = append(out, strings.Join(strings.Fields(part), " "))
	}
	return out
}

// valueLists holds the values that are common words. They are the same in both splits: only names are disjoint.
func valueLists() map[string][]string {
	return map[string][]string{
		"month": words(months),
		"day":   words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
		"colour": list(`red,blue,green,yellow,white,black,grey,brown,orange,purple,pink,dark green,pale blue,bright yellow,
			dark red,silver,golden,turquoise,cream,violet,crimson,navy blue,sky blue,olive green`),
		"coat": list(`brown,black,white,grey,golden,chestnut,cream,silver,dark brown,reddish,pale grey,sandy`),
		"material": list(`granite,oak,brick,limestone,timber,iron,sandstone,marble,slate,concrete,red brick,grey stone,steel,
			pine,white stone,flint,larch,copper,chestnut wood,clay`),
		"job": list(`baker,carpenter,teacher,doctor,fisherman,tailor,blacksmith,nurse,painter,gardener,clockmaker,postman,
			librarian,farmer,baker,cook,pilot,engineer,singer,lawyer,weaver,shoemaker,potter,beekeeper,miner,judge,dentist,
			musician,plumber,glassblower,photographer,journalist,barber,goldsmith,shepherd,bookbinder,surveyor,printer,
			chemist,architect,butcher,bus driver,forester,ferryman,midwife,accountant,sculptor,watchmaker,translator,vet`),
		"hobby": list(`stamp collecting,bird watching,knitting,fishing,chess,dancing,gardening,painting,cycling,swimming,
			sailing,mountain climbing,woodcarving,embroidery,skating,running,baking,astronomy,archery,kite flying,pottery,
			model railways,juggling,rowing,weaving,photography,crossword puzzles,horse riding,singing,card games,skiing,
			star gazing,beekeeping,basket weaving,calligraphy,hiking,fencing,mushroom picking`),
		"food": list(`plum cake,onion soup,roast duck,apple pie,cheese pancakes,potato dumplings,fish stew,mushroom soup,
			lemon tart,honey bread,baked beans,cherry pudding,smoked trout,rice pudding,chicken pie,pea soup,walnut bread,
			strawberry jam,fried herring,lamb stew,ginger biscuits,pumpkin soup,tomato salad,carrot cake,oat porridge,
			goat cheese,pickled eggs,cabbage rolls,rhubarb crumble,roast chestnuts,noodle soup,poppy seed cake`),
		"drink": list(`black tea,apple juice,hot chocolate,coffee,mint tea,cider,ginger beer,lemonade,cold milk,plum brandy,
			elderflower cordial,pear juice,red wine,herbal tea,dark beer,buttermilk`),
		"instrument": list(`violin,flute,cello,trumpet,piano,harp,accordion,guitar,drum,clarinet,organ,fiddle,oboe,banjo,
			mandolin,trombone,viola,lute,double bass,bagpipes,saxophone,horn,recorder,tuba`),
		"pet": list(`parrot,tortoise,grey cat,white rabbit,goldfish,hedgehog,black cat,spaniel,canary,hamster,ferret,goat,
			terrier,tame crow,lizard,guinea pig,pony,snake,budgerigar,duck,greyhound,owl,donkey,poodle`),
		"fear": list(`spiders,thunder,heights,deep water,snakes,mice,the dark,wasps,bats,geese,fog,small rooms,crowds,
			moths,horses,lightning`),
		"subject": list(`botany,law,history,medicine,mathematics,geology,music,chemistry,philosophy,astronomy,Latin,
			engineering,painting,architecture,zoology,geography,physics,economics,theology,drama`),
		"language": list(`Spanish,Greek,Welsh,Russian,Latin,Portuguese,Danish,Arabic,Hindi,Japanese,Polish,Finnish,Swahili,
			Turkish,Dutch,Hungarian,Italian,Norwegian,Korean,Persian`),
		"collection": list(`old maps,buttons,sea shells,clocks,postcards,coins,walking sticks,teapots,butterflies,feathers,
			bottles,keys,hats,music boxes,stones,dolls,lamps,matchboxes,spoons,masks`),
		"vehicle": list(`red bicycle,old van,motorcycle,blue car,horse cart,green tractor,yellow scooter,white lorry,
			small boat,grey pony,silver car,black bicycle,tricycle,wooden cart`),
		"product": list(`blue cheese,honey,wool blankets,rye bread,glass beads,clay pots,smoked fish,apple cider,lace,
			leather boots,wooden toys,candles,soap,baskets,mustard,ginger cake,pearl buttons,silver spoons,rope,sausages,
			almond biscuits,felt hats,tiles,paper,cherry jam,carved chairs,salt,linen,knives,oat cakes,plum jam,bells,
			copper pans,straw hats,pickled herring,goat cheese,umbrellas,kites,ink,violins,meat pies,seed bread`),
		"cargo": list(`salt,timber,wool,coal,grain,tea,iron ore,spices,barley,wine,sugar,cotton,oranges,marble,copper,rice,
			potatoes,oil,silk,bricks,cheese,dried fish,coffee,tobacco,apples,slate,furs,paper,tin,flour`),
		"exhibit": list(`whale skeleton,stuffed bear,Roman helmet,golden crown,stone axe,steam engine,old fire engine,
			wooden plough,meteorite,painted chariot,giant squid,silver sword,dinosaur egg,ship's bell,weaving loom,
			bronze mirror,mammoth tusk,royal carriage,viking boat,mechanical clock`),
		"flower": list(`roses,tulips,lilies,orchids,dahlias,daffodils,lavender,irises,peonies,magnolias,sunflowers,poppies,
			rhododendrons,violets,camellias,snowdrops,hydrangeas,foxgloves`),
		"crop": list(`barley,potatoes,apples,wheat,hops,cabbages,pears,oats,carrots,strawberries,maize,beans,flax,turnips,
			pumpkins,grapes,onions,cherries`),
		"bird": list(`puffins,gannets,seals,wild goats,terns,otters,sea eagles,rabbits,ponies,deer,cormorants,owls,storks,
			black sheep,lizards,swans`),
		"fish": list(`trout,pike,perch,carp,eels,salmon,char,bream,roach,catfish,sturgeon,whitefish`),
		"music": list(`jazz,folk songs,sea shanties,dance music,church music,waltzes,marches,blues,polkas,opera,swing,
			lullabies,tango,rock music`),
		"breed": list(`sheepdog,terrier,spaniel,greyhound,poodle,beagle,collie,dachshund,bulldog,hound,setter,mastiff,pug`),
		"trick": list(`open doors,fetch the newspaper,walk on two legs,ring a bell,carry baskets,climb ladders,count to five,
			catch fish,pull a cart,find mushrooms,jump through hoops,dance,swim across the river,play dead`),
		"topic": list(`a lost treasure,a shipwreck,two brothers,a blind painter,a stolen horse,a long journey,a haunted
			house,a young queen,a talking cat,a great flood,a murder,an old soldier,a secret garden,a poor weaver`),
		"damage": list(`a fire,a flood,a storm,lightning,an earthquake,a landslide,cannon fire,a falling tree`),
		"use":    list(`a barn,a prison,a hospital,a warehouse,a stable,a chapel,a bank,a cinema,a post office,a brewery,a bathhouse,a court`),
	}
}
