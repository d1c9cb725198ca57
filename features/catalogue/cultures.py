"""The words in which laboratories report a blood culture, and the organisms that they name.

Words are in lower case without hyphens and full stops; a star stands for any ending. A report is
read phrase by phrase (features/harmonising/cultures.py); one that holds none of these words is
counted as not understood, never as growth.
"""

NOT_REPORTED = (
    "pending", "growth pending", "in progress", "preliminary", "incubat*", "to follow", "await*",
    "see comment*", "see note*", "see below", "specimen received", "not done", "not performed",
    "not tested", "not collected", "not received", "not sent", "not available", "no specimen",
    "no sample", "no result*", "cancel*", "rejected", "insufficient", "unsatisfactory",
    "duplicate order",
)  # fmt: skip
"""Words that say nothing about growth."""

CONTAMINATED = ("contamin*", "skin flora", "mixed flora", "normal flora")
"""Words by which the laboratory itself holds what grew for not the patient's."""

DENIALS = ("unlikely", "excluded", "ruled out", "not likely", "not suspected", "improbable")
"""Words behind a contamination that say that it was none."""

PREVIOUS = ("previous*", "prior", "earlier", "history", "known", "last")
"""Words that speak of another culture than this one."""

NEGATIONS = (
    "no",
    "not",
    "nothing",
    "without",
    "excluded",
    "ruled out",
    "absent",
    "0 of",
    "0 out of",
    "0/1",
    "0/2",
    "0/3",
    "0/4",
)
"""Words that turn the words of growth in their phrase into no growth."""

STERILE = ("negative", "neg", "sterile", "none", "nil")
"""Words that say no growth without another."""

DESCRIBED_AS_NEGATIVE = ("coagulase", "coag", "gram", "oxidase", "catalase", "indole", "lactose")
"""What "negative" behind these describes is an organism, not the absence of one."""

GROWTH = (
    "positive", "positiv", "pos", "growth", "grow", "grew", "grown", "detected", "isolated",
    "isolate*", "seen", "organism*", "microorganism*", "bacteria", "pathogen*", "fung*", "mould*",
    "mold*", "evidence", "anaerobe*",
)  # fmt: skip
"""Words that speak of growth without a name or a shape."""

PLUS_SIGNS = ("+", "++", "+++", "++++")
"""A whole report that says growth by signs alone."""

SHAPES = ("cocci", "rod", "rods", "bacilli", "bacillus", "coccobacill*", "yeast*", "hyphae")
"""What the microscope shows of an organism without a name yet."""

SKIN_COMMENSALS = (
    "coagulase negative staph*", "coag negative staph*", "coag neg staph*",
    "staph* coagulase negative", "staph* epidermidis", "staph* hominis", "staph* haemolyticus",
    "staph* capitis", "s epidermidis", "s hominis", "s haemolyticus", "s capitis", "cons",
    "corynebacteri*", "cutibacteri*", "propionibacteri*", "micrococc*", "bacillus cereus",
    "bacillus sp", "bacillus spp", "bacillus species", "bacillus subtilis",
    "viridans streptococc*", "viridans group strep*", "strep* viridans", "strep* mitis",
)  # fmt: skip
"""Organisms that count as infection only when a second culture grows them too.

Definition of laboratory-confirmed bloodstream infection, CDC National Healthcare Safety Network
(https://www.cdc.gov/nhsn/pdfs/pscmanual/4psc_clabscurrent.pdf, its list of common commensals;
unverified in detail). A culture that names one and no other organism is repeated under
`skin_commensal`.
"""

ORGANISMS = (
    "abiotrophia", "achromobacter", "acinetobacter", "actinomyces", "aerococcus", "aeromonas",
    "alcaligenes", "anaerococcus", "aspergillus", "bacteroides", "bartonella", "bifidobacterium",
    "brevibacterium", "brevundimonas", "brucella", "burkholderia", "campylobacter", "candida",
    "capnocytophaga", "cardiobacterium", "cedecea", "chryseobacterium", "citrobacter",
    "clostridi*", "comamonas", "cronobacter", "cryptococc*", "delftia", "dermabacter",
    "dermacoccus", "eggerthella", "eikenella", "elizabethkingia", "enterobacter*", "enterococc*",
    "erysipelothrix", "escherichia", "finegoldia", "fusarium", "fusobacteri*", "gardnerella",
    "gemella", "geotrichum", "granulicatella", "haemophilus", "hafnia", "helicobacter",
    "histoplasma", "kingella", "klebsiella", "kluyvera", "kocuria", "kodamaea", "lactobacill*",
    "lacticaseibacillus", "lactococcus", "leclercia", "legionella", "leptotrichia", "leuconostoc",
    "listeria", "lomentospora", "magnusiomyces", "malassezia", "methylobacterium", "moraxella",
    "morganella", "mycobacteri*", "nakaseomyces", "neisseria", "nocardia", "ochrobactrum",
    "paenibacillus", "pantoea", "parabacteroides", "parvimonas", "pasteurella", "pediococcus",
    "peptoniphilus", "peptostreptococc*", "pichia", "plesiomonas", "pneumococc*", "porphyromonas",
    "prevotella", "proteus", "providencia", "pseudomonas", "ralstonia", "raoultella", "rhizobium",
    "rhodococcus", "rhodotorula", "roseomonas", "rothia", "saccharomyces", "salmonella",
    "scedosporium", "serratia", "shewanella", "shigella", "sphingobacterium", "sphingomonas",
    "staph*", "stenotrophomonas", "strep*", "sutterella", "trichosporon", "trueperella",
    "veillonella", "vibrio", "weissella", "yersinia", "e coli", "s aureus", "k pneumoniae",
    "p aeruginosa", "p mirabilis", "a baumannii", "s pneumoniae", "e faecalis", "e faecium",
    "e cloacae", "s maltophilia", "c albicans", "mrsa", "mssa", "vre", "esbl", "bacillus anthracis",
)  # fmt: skip
"""Genera found in blood, and short forms in use (listed by hand; unverified)."""
