/**
 * 1024 plain, short words, in alphabetical order: ten bits a word. A word's place is its value, so the list must never change:
 * people compare words that two versions of Tapestry may show.
 */
export const wordList: readonly string[] = `
acid acorn acre actor adult agent air album alley almond amber anchor angle ankle ant apple april apron arch
arena arm armor army arrow artist ash atlas atom attic aunt autumn avenue axe baby back bacon badge bag bagel
baker ball ballet bamboo banana band bank banner bar bark barley barn barrel basil basin basket bath beach
bead beak beam bean bear beard beaver bed bee beef beet bell belt bench berry bike bird bishop bite black blade
blanket block blood bloom blue board boat body bolt bone bonus book boot border bottle bottom boulder bow bowl
box boy brain branch brand brass bread brick bride bridge bronze brook broom brother brown brush bubble bucket
buckle bud bull bundle bush butter button cabin cable cactus cage cake camel camera camp canal candle candy
cane canoe canyon cap captain car caramel card cargo carpet carrot cart castle cat cattle cave cedar ceiling
cellar cement chain chair chalk chapel charm chart cheek cheese chef cherry chess chest chick chief child chin
chip choir church cider cinema circle circus city clan class clay clerk clever cliff clinic cloak clock cloth
cloud clover clown club coach coal coast coat cobra cocoa coffee coin collar color column comb comet compass
cook cookie copper coral cork corn corner cotton couch cousin cow crab cradle crane crater crayon cream creek
crew cricket crop cross crow crowd crown crumb crust crystal cube cuff cup curtain curve cushion cycle dairy
daisy dam dance dawn day deck deer delta dentist desert desk diamond diary dice dinner dish ditch doctor dog
doll dollar dolphin domino donkey door dough dove dragon drama drawer dream dress drill drink drop drum duck
duke dune dust eagle ear earth east echo egg eight elbow elder elm empire engine evening eye fabric face factory
fairy falcon family fan farm father faucet feast feather fence fern ferry festival fiddle field fig film finger
fire fish fist flag flame flask fleet flock flood floor flower flute fly foam fog folder food foot forest fork
fort fountain four fox frame friend frog frost fruit fuel funnel fur galaxy gallery game garage garden garlic
gate gem ghost giant gift ginger giraffe girl glacier glass globe glove glue goal goat gold golf goose gorilla
gown grain grape grass gravel gravy green grill grove guard guest guide guitar gulf gull gum habit hail hair
hall hammer hand handle harbor harp hat hawk hay hazel head heart heat hedge heel helmet hen herb hero heron
hill hinge hippo hobby hockey hole holly honey hood hoof hook horn horse hose hotel hour house hunter hut ice
icon igloo inch ink inn insect iris iron island ivory ivy jacket jaguar jam jar jaw jazz jelly jewel job joke
journal judge juice july jump june jungle jury kettle key kid king kiss kitchen kite kitten knee knife knight
knot koala label lace ladder lady lake lamb lamp lane lantern lap laser lawn lawyer leaf leather leg lemon lens
leopard letter level lever lid lift light lily lime line linen lion lip list liver lizard loaf lobby lobster
lock locust log lotus lumber lunch lung lute magic magnet mail major mango mantle map maple marble march mark
market marsh mask mast mat match meadow meal meat medal melon menu mercury metal meter milk mill mind mineral
mint mirror mist mitten moat model mole moment money monk monkey month moon moose morning moss moth mother motor
mound mouse mouth movie mud muffin mule muscle museum music nail name napkin navy neck needle nephew nerve nest
net nettle night nine noodle noon north nose note novel number nurse nut oak oar oasis oat ocean office oil olive
onion opal opera orange orbit orchard orchid organ otter oven owl owner oyster paddle page paint palace palm pan
panda panel paper parade parcel parent park parrot party pasta path peace peach peanut pear pearl pebble pedal pen
pencil penguin penny people pepper perch perfume person petal piano picnic pie pig pigeon pill pillow pilot pin
pine pink pioneer pipe pirate pizza planet plank plant plate player plow plum pocket poem poet point poker pole
police pond pony pool poppy porch port post pot potato pouch powder prairie prince print prize puddle pulse pump
pumpkin puppet puppy purple purse puzzle pyramid python quail quarry quarter queen quill quilt quiz rabbit radar
radio raft rag rail rain raisin ram ranch raven razor recipe reef ribbon rice riddle ring river road robe robin
robot rock rocket roof room root rope rose ruby rug ruler rumor runner rust rye sack saddle safari sail salad
salmon salt sand satin sauce saucer sausage scale scarf school scout screen screw sea seal season seat seed seven
shadow shark shed sheep sheet shelf shell shield ship shirt shoe shop shore shovel shower shrimp sign signal silk
silver singer sink sister six skate sketch ski skin skirt skull sky sled sleeve slice slipper slope smile smoke
snack snail snake snow soap sock soda sofa soil soldier song sound soup south space spark sparrow spear spice
spider spike spinach spiral sponge spoon sport spring square squash squid stable stadium staff stage stair stamp
star station statue steam steel stem step stone stool store storm stove straw stream street string student sugar
suit summer sun supper surf swamp swan sweater swing sword syrup table tablet tail tailor tank tape target tart
taxi tea teacher team temple ten tennis tent theater thorn thread three throat throne thumb thunder ticket tide
tiger tile timber tin tire toad toast toe tomato tongue tool tooth top torch tornado tower town toy track tractor
trade trail train tray treasure tree tribe truck trumpet trunk tuba tube tulip tuna tunnel turkey turnip turtle
twig twin two umbrella uncle uniform union valley valve van vase vault velvet vest village vine vinegar violet
violin visit voice volcano voyage wafer wagon waist waiter wall wallet walnut walrus wand wasp watch water wave
wax weasel wedding wedge week well west whale wheat wheel whip whisker whistle white willow wind window wine
wing winter wire wizard wolf woman wood wool word work worm wreath wrist yacht yard yarn year yellow yogurt yolk
zebra zero zinc zone zoo
`
  .trim()
  .split(/\s+/);
