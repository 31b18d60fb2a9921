package corpus

import "strings"

// namer invents names of one split. Names that it gave before are not given again until reset.
type namer struct {
	rng   *rng
	split split
	used  map[string]bool
}

func newNamer(r *rng, s split) *namer { return &namer{rng: r, split: s, used: map[string]bool{}} }

// fresh draws until the name is of the split and new. Alternation over so many names ends at once in practice.
func (n *namer) fresh(draw func() string) string {
	for {
		if s := draw(); splitOf(s) == n.split && !n.used[s] {
			n.used[s] = true
			return s
		}
	}
}

func words(s string) []string { return strings.Fields(s) }

// stem invents a root such as "Tarv" or "Oskel".
func (n *namer) stem() string {
	onset := words("b br c cr d dr f fl g gl gr h j k l m n p pl pr r s sk sl sp st t tr th v w y z sh ch bl cl b d h k l m n r s t v w m r t")
	nucleus := words("a e i o u a e i o u a e i o a e o ai ea ee oo y")
	coda := words("l r n m s t d k rn ll rd nd st sk lm rk nt mp ss ft rl ld sh ck rv ng x b g p v")
	mid := words("b d g k l m n r s t v l r n br dr nd lt rm st rk ll tt v z")
	r := n.rng
	var b strings.Builder
	if r.chance(0.88) {
		b.WriteString(r.pick(onset))
	}
	b.WriteString(r.pick(nucleus))
	if r.chance(0.45) {
		b.WriteString(r.pick(mid))
		b.WriteString(r.pick(words("a e i o u e i")))
	}
	b.WriteString(r.pick(coda))
	return capital(b.String())
}

func (n *namer) surname() string {
	return n.fresh(func() string {
		r := n.rng
		switch x := r.Float64(); {
		case x < 0.35:
			return r.pick(words(surnameStarts)) + r.pick(words(surnameEnds))
		case x < 0.55:
			return n.stem()
		}
		return n.stem() + r.pick(words("er son ley man ick ow ard wood ton ing ell by well en ova ski ins ett way"))
	})
}

func (n *namer) first(female bool) string {
	usual := words(usualMen)
	ends := words("o an er us is ek or en in ar ald ric ven")
	if female {
		usual, ends = words(usualWomen), words("a ia ine elle ina e is ara ena issa ette")
	}
	r := n.rng
	if r.chance(0.45) {
		return r.pick(usual)
	}
	for {
		if s := n.stem(); len(s) < 7 {
			return s + r.pick(ends)
		}
	}
}

// place invents a bare name of a settlement.
func (n *namer) place() string {
	return n.fresh(func() string {
		r := n.rng
		s := n.stem()
		if r.chance(0.4) {
			s = r.pick(words(placeStarts))
		}
		if len(s) > 3 && r.chance(0.1) {
			return s
		}
		if r.chance(0.85) {
			s += r.pick(words("ford ham ton by wick mouth stead ley mere dale thorpe combe field bury port holm sea ness minster well gate"))
		}
		switch r.n(14) {
		case 0:
			return "Little " + s
		case 1:
			return "Upper " + s
		case 2:
			return "Port " + s
		}
		return s
	})
}

// root invents a bare name for rivers, islands, lakes, bridges and firms.
func (n *namer) root() string {
	return n.fresh(func() string {
		r := n.rng
		if r.chance(0.35) {
			return r.pick(words(placeStarts)) + r.pick(words("an er low on den more ward well wood brook stone ridge moor vale ley ick all ock"))
		}
		return n.stem()
	})
}

// sign invents a name of the kind that inns and ships have, such as "Copper Heron".
func (n *namer) sign() string {
	return n.fresh(func() string { return n.rng.pick(words(signAdjectives)) + " " + n.rng.pick(words(signNouns)) })
}

// animal invents a name for a dog, a horse or a pet.
func (n *namer) animal() string {
	return n.fresh(func() string {
		if n.rng.chance(0.3) {
			return n.rng.pick(words(animalNames))
		}
		return n.stem() + n.rng.pick(words("o y a ie le er in us kin let bo"))
	})
}

// Parts of names as English has them. Most combinations are nobody's name.
const surnameStarts = `Har Bar Mar Wal Hol Win Ald Thorn Black White Wood Brad Cart Dal Ever Fair Gold Green Had Hart Hay Hill
Kel Lang Lind Lock Long Mill More Nor Oak Pem Pen Pres Quin Rad Ray Red Rich Rod Rus Sand Sel Shep Stan Stone Sut Tal Tan
Thorn Tuck Under Wain Ward War Wel Wes Whit Wil Wyn Yard Ash Bell Birch Bur Cal Chan Cob Cor Cran Dun El Fen Finch Gar Gil`

const surnameEnds = `ley ton ford man well wood field by ster ham ing low more land son kins ner bert den dale worth ridge
combe lock mer stead croft bank house shaw lin ler cott borne wick`

const placeStarts = `Ash Oak Elm Birch Thorn Raven Fox Hart Swan Crow Black White Red Green Grey Stone Sand Clay Mill King Queen
Bishop Abbot Monk Long Broad High Low East West North South Winter Summer Hol Wood Moor Marsh Brook Well Salt Silver Gold
Iron Honey Apple Pear Cherry Wheat Barley Wool Lamb Goat Ox Cold Bright Fair Stan Wex Dun Kirk Ald Bur Har Wal Pen Tre Glen
Strath Inver Cran Hazel Fern Heath Bramble Rose Lin Rush Reed Cliff Dray Tarn Fell Hollow Eagle Hawk Otter Badger`

const usualMen = `Adam Alan Albert Alfred Amos Andrew Anton Arthur Basil Ben Boris Bruno Carl Cedric Charles Conrad
Daniel David Dennis Edgar Edmund Edward Emil Eric Ernest Felix Francis Frank Fred George Gerald Gilbert Gregory Gustav
Harold Harry Hector Henry Herbert Hugo Ian Igor Isaac Ivan Jack Jacob James Jasper John Jonas Joseph Julian Karl Kenneth
Klaus Lars Leo Leon Lewis Lionel Louis Lucas Magnus Marcus Mark Martin Matthew Max Michael Miles Milo Nathan Ned Neil
Nicholas Nigel Noah Oliver Oscar Oswald Otto Patrick Paul Peter Philip Ralph Raymond Richard Robert Roger Roland Rupert
Samuel Silas Simon Stanley Stephen Theodore Thomas Tobias Victor Vincent Walter Wilfred William`

const usualWomen = `Ada Adele Agatha Agnes Alice Alma Amelia Amy Anna Anne Astrid Audrey Beatrice Bella Bertha Bridget
Camilla Carla Caroline Cecilia Celia Charlotte Clara Cora Daisy Daphne Diana Dora Doris Dorothy Edith Eleanor Elena Eliza
Ella Ellen Elsa Emily Emma Esther Eva Fiona Flora Florence Frances Freda Gerda Grace Greta Hannah Harriet Hazel Heidi
Helen Helga Hilda Ida Ingrid Irene Iris Isabel Ivy Jane Jean Joan Josephine Judith Julia Karin Kate Laura Lena Lily
Linda Lisa Louise Lucy Lydia Mabel Margaret Maria Marion Martha Mary Matilda Maud Mildred Minna Miriam Nancy Nina Nora
Olga Olive Pamela Paula Pauline Petra Phoebe Rachel Rosa Rose Ruth Sarah Selma Sophie Stella Susan Sybil Sylvia Tessa
Ursula Vera Viola Violet Wanda Winifred`

const signAdjectives = `Copper Silver Golden Iron Crimson White Black Red Green Blue Grey Crooked Merry Quiet Old Lost
Lucky Wild Painted Sleeping Laughing Flying Hidden Broken Blind Hungry Brave Gentle Velvet Amber Scarlet Crystal Winter
Morning Midnight Northern Southern Royal Humble Proud Dancing Drunken Singing Weary Wandering Frozen Burning Shining
Little Jolly Rusty Marble Ivory Misty Thirsty Patient Clever Noble Silent Stormy Sunny Speckled Spotted Wooden`

const signNouns = `Heron Fox Badger Lion Swan Goose Anchor Bell Crown Lantern Kettle Barrel Plough Wheel Rose Oak Thistle
Otter Raven Owl Falcon Salmon Dolphin Whale Petrel Gull Star Moon Compass Arrow Sword Shield Horse Stag Hare Bear Wolf
Boar Bull Ram Lamb Goat Cock Hen Duck Pheasant Magpie Robin Wren Lark Swallow Spur Pilgrim Miller Sailor Piper Drummer
Shepherd Hunter Monk Harp Fiddle Candle Kite Apple Pear Cherry Acorn Beehive Turtle Crab Lobster Herring Mermaid Dragon
Griffin Unicorn Phoenix Tiger Pigeon Beaver Weasel Squirrel Hedgehog Cat Hound Pony Donkey`

const animalNames = `Biscuit Pepper Rusty Shadow Bramble Patch Smoky Ginger Thunder Domino Pebble Clover Nutmeg Comet Sparkle
Barnaby Captain Duchess Muffin Button Buttons Toffee Treacle Marmalade Whisper Storm Blaze Bandit Rocket Scout Ranger Echo
Pickle Pumpkin Mango Olive Hazel Maple Willow Juniper Sable Copper Cinder Ember Frost Snowball Dusty Misty Sandy Socks`
