"""What a blood culture reports: the true organism, a contaminant from the skin, or no growth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.cohort.infections import KINDS

CONTAMINATED = 0.02
"""Share of cultures that grow a contaminant (2 to 3 % is usual, unverified)."""
UNDER_TREATMENT = 0.5
"""How many times as often a culture grows when antimicrobials were running (assumed)."""
SEEN_FROM = 0.1
"""Burden of infection below which no bottle grows."""
NO_GROWTH = "no growth"
COMMENSAL = "Staphylococcus epidermidis"
OF_THE_LINE = 0.2
"""Share of bloodstream infections with a central line that its commensal causes (assumed)."""

FLORA: dict[str, tuple[tuple[str, float], ...]] = {
    "bloodstream": (
        ("Escherichia coli", 0.34),
        ("Klebsiella pneumoniae", 0.16),
        ("Pseudomonas aeruginosa", 0.12),
        ("Staphylococcus aureus", 0.16),
        ("Enterococcus faecium", 0.22),
    ),
    "pneumonia": (
        ("Streptococcus pneumoniae", 0.4),
        ("Klebsiella pneumoniae", 0.25),
        ("Pseudomonas aeruginosa", 0.2),
        ("Staphylococcus aureus", 0.15),
    ),
    "fungal": (("Candida albicans", 0.6), ("Candida glabrata", 0.4)),
}
"""Organisms by kind of infection (shares assumed); any other kind has those of the blood."""
FLORA_ELSE = FLORA["bloodstream"]
NEVER_IN_BLOOD = "viral"
"""No bottle grows this kind; what grows beside it is a contaminant."""


@dataclass(frozen=True)
class Cultures:
    """The blood taken, one entry a culture: hidden truth and circumstances.

    `kind`: running number of the infection, 0 none. `burden`: of it. `treated`: antimicrobials ran
    before. `line`: a central line lies.
    """

    kind: npt.NDArray[np.int64]
    burden: npt.NDArray[np.float64]
    treated: npt.NDArray[np.bool_]
    line: npt.NDArray[np.bool_]


def reports(
    cultures: Cultures, chances: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Text and minutes until it is known, by four uniform numbers a culture (4 x culture).

    A true organism grows in both bottles within 10 to 30 hours, a contaminant in one and later;
    no growth is reported after a day.
    """
    grows = np.array([0.0, *(0.0 if k.name == NEVER_IN_BLOOD else k.grows for k in KINDS)])
    likely = grows[cultures.kind] * np.where(cultures.treated, UNDER_TREATMENT, 1.0)
    true = chances[0] < np.where(cultures.burden > SEEN_FROM, likely, 0.0)
    contaminated = ~true & (chances[1] < CONTAMINATED)
    text = np.full(len(true), NO_GROWTH, dtype=object)
    organism = _organisms(cultures, chances[2])
    text[true] = organism[true] + " in 2 of 2 bottles"
    text[contaminated] = f"{COMMENSAL} in 1 of 2 bottles"
    hours = np.select(
        [true, contaminated], [10.0 + 20.0 * chances[3], 20.0 + 30.0 * chances[3]],
        24.0 + 6.0 * chances[3],
    )  # fmt: skip
    return text, (60.0 * hours).astype(np.int64)


def _organisms(cultures: Cultures, chance: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """What each culture would grow, if its infection showed."""
    organism = np.full(len(chance), "", dtype=object)
    for number, kind in enumerate(KINDS, start=1):
        mine = cultures.kind == number
        names, shares = zip(*FLORA.get(kind.name, FLORA_ELSE), strict=True)
        place = np.searchsorted(np.cumsum(shares)[:-1], chance[mine])
        organism[mine] = np.array(names, dtype=object)[place]
    in_blood = cultures.kind == 1 + [kind.name for kind in KINDS].index("bloodstream")
    of_the_line = in_blood & cultures.line & (chance * 7.0 % 1.0 < OF_THE_LINE)
    organism[of_the_line] = COMMENSAL
    return organism
