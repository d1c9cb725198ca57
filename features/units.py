"""Units as hospitals write them, read as UCUM, and the arithmetic from one unit to another.

UCUM is the Unified Code for Units of Measure (https://ucum.org/ucum). A catalogue row lists, in
UCUM, the units that its analyte converts from; this file turns a spelling into those words:

    written             read as
    K/uL, x10E3/µL      10*3/uL
    MG/DL               mg/dL
    ng/mL FEU           ng/mL{FEU}
    G/L                 g/L or 10*9/L: the analyte decides
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Conversion:
    """`slope * x + offset`, where x is the given number or, if `of_log10`, its decimal logarithm.

    >>> Conversion(1 / 1.8, -32 / 1.8).convert(104.0).round(6)
    np.float64(40.0)
    """

    slope: float
    offset: float = 0.0
    of_log10: bool = False

    def convert(self, numbers: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The numbers in the new unit; a logarithm of zero or less is NaN."""
        given = np.asarray(numbers, dtype=np.float64)
        if self.of_log10:
            given = np.log10(np.where(given > 0, given, np.nan))
        return self.slope * given + self.offset


_WHOLE_SPELLINGS = {
    "%": ("%", "percent", "pct", "%sat", "%o2", "vol%", "%(v/v)", "{%}"),
    "1": ("1", "fraction", "{fraction}", "ratio", "{ratio}", "decimal", "l/l", "v/v"),
    "{INR}": ("inr", "{inr}", "{i.n.r.}", "i.n.r."),
    "[pH]": ("ph", "[ph]", "{ph}", "phunits", "phunit", "{phunits}"),
    "{score}": ("score", "{score}", "points", "point", "pts"),
    "/min": ("bpm", "beats/min", "beat/min", "breaths/min", "breath/min", "br/min", "/min",
             "1/min", "permin", "perminute", "min-1", "beatsperminute", "breathsperminute",
             "insp/min", "resp/min", "rpm"),
    "Hz": ("hz",),
    "mm[Hg]": ("mmhg", "mm[hg]", "mmofhg", "torr"),
    "kPa": ("kpa",),
    "Cel": ("c", "cel", "degc", "deg_c", "celsius", "degreescelsius", "degreesc", "[degc]"),
    "[degF]": ("f", "[degf]", "degf", "deg_f", "fahrenheit", "degreesfahrenheit", "degreesf"),
    "K": ("kelvin",),
    "L/min": ("lpm", "l/m"),
    "[lb_av]": ("lb", "lbs", "pound", "pounds", "[lb_av]", "[lbs_av]"),
    "[oz_av]": ("oz", "ounce", "ounces", "[oz_av]"),
    "[in_i]": ("in", "inch", "inches", "[in_i]", '"'),
    "[ft_i]": ("ft", "foot", "feet", "[ft_i]"),
    "cm": ("cm", "centimeter", "centimetre"),
    "mm": ("mm", "millimeter", "millimetre"),
    "m": ("m", "meter", "metre"),
    "{cells}": ("cells", "cell", "{cells}"),
    "a": ("a", "y", "yr", "yrs", "year", "years"),
}  # fmt: skip

_EXACT_SPELLINGS = {
    "K": ("K",),  # kelvin: only the capital letter alone
    "G/L": ("g/L", "10*9/L"),  # grams in capitals, or giga (10^9) cells
    "G/l": ("g/L", "10*9/L"),
}

_TIMES = {
    "s": ("s", "sec", "secs", "second", "seconds", "sek"),
    "min": ("min", "mins", "minute", "minutes"),
    "h": ("h", "hr", "hrs", "hour", "hours", "std"),
    "d": ("d", "day", "days", "24h", "24hr"),
}

_COUNT_WORDS = {
    3: ("k", "th", "thou", "thous", "thousand", "thousands", "tsd"),
    6: ("m", "mil", "mill", "million", "millions", "mio"),
    9: ("g", "bil", "billion", "giga", "gpt", "mrd"),
    12: ("t", "tpt", "tera"),
}

_COUNTED = ("", "cells", "cell", "#", "count", "{cells}", "wbc", "wbcs", "plt", "leu", "ery")

_BASES = {
    "g": ("g", "gm", "gms", "gram", "grams"),
    "L": ("l", "lt", "ltr", "liter", "litre", "liters", "litres"),
    "mol": ("mol", "mole", "moles", "mols"),
    "eq": ("eq", "equiv", "val"),
    "U": ("u", "unit", "units"),
    "[IU]": ("iu", "[iu]", "ie", "i.u."),
    "kat": ("kat", "katal"),
}
_PREFIXES = {
    "": ("",),
    "k": ("k", "kilo"),
    "d": ("d", "deci"),
    "m": ("m", "milli"),
    "u": ("u", "mc", "micro"),
    "n": ("n", "nano"),
    "p": ("p", "pico"),
    "f": ("f", "femto"),
}

_VOLUMES = {
    "uL": ("mm3", "mm^3", "mm*3", "cumm", "cmm", "mmc", "mm**3", "mmcu"),
    "mL": ("cc", "cm3", "cm^3"),
}

_BODY_SURFACES = {"m2": ("m2", "m^2", "m*2", "sqm")}
_RENAL_SURFACE = re.compile(r"^\{?1[.,]73(_?m2|m\^2|sqm|_m\*2)?\}?$")

_ANNOTATIONS = {
    "{FEU}": ("feu", "fibrinogenequivalentunits"),
    "{DDU}": ("d-du", "ddu", "d-dimerunits"),
    "{urea_nitrogen}": ("urea_nitrogen", "ureanitrogen", "urean", "bun"),
    "{urea}": ("urea",),
}

_POWER = re.compile(
    r"^[x*]?(?:(10{3,9})|10(?:\^|\*\*?|e\+?|\()(\d{1,2})\)?|(?:10|e)(3|4|6|9|12))[.*]?"
)


def _by_spelling(table: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {spelling: unit for unit, spellings in table.items() for spelling in spellings}


def _metric_atoms() -> dict[str, str]:
    return {
        prefix_spelling + base_spelling: prefix + base
        for prefix, prefix_spellings in _PREFIXES.items()
        for base, base_spellings in _BASES.items()
        for prefix_spelling in prefix_spellings
        for base_spelling in base_spellings
    }


_WHOLE = _by_spelling(_WHOLE_SPELLINGS)
_TIME = _by_spelling(_TIMES)
_COUNT_EXPONENT = {word: power for power, words in _COUNT_WORDS.items() for word in words}
_ATOMS = {
    **_metric_atoms(),
    **_by_spelling(_VOLUMES),
    **_by_spelling(_BODY_SURFACES),
    **_TIME,
}
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED = re.compile(r"[⁰¹²³⁴-⁹](?:\s*[⁰¹²³⁴-⁹])*")
_SIGNS = str.maketrans(
    {"µ": "u", "μ": "u", "×": "x", "·": ".", "∙": ".", "°": "deg", "º": "deg", "˚": "deg", "−": "-"}
)


def _plain(spelling: str) -> str:
    """One alphabet: superscripts as ^n, both mu signs as u, no spaces; letters keep their case."""
    raised = _RAISED.sub(lambda m: "^" + m.group().translate(_SUPERSCRIPTS), spelling)
    folded = unicodedata.normalize("NFKC", raised.translate(_SIGNS)).translate(_SIGNS)
    return re.sub(r"\s+", "", re.sub(r"(?<=[a-z0-9\]])\s+per\s+", "/", folded, flags=re.IGNORECASE))


def _split_annotation(text: str) -> tuple[str, str]:
    """The unit without its annotation, and the annotation where it carries meaning."""
    for annotation, words in _ANNOTATIONS.items():
        for word in words:
            bare = re.sub(r"[({]?" + re.escape(word) + r"[)}]?", "", text, count=1)
            if bare != text:
                return bare, annotation
    if re.fullmatch(r"(mg|g)n/(dl|l)", text):
        return text.replace("n/", "/"), "{urea_nitrogen}"
    return text, ""


def _numerator(text: str) -> str | None:
    """The part above the stroke: an atom, a count, or a power of ten; None where unknown."""
    if text in _COUNTED:
        return ""
    power = _POWER.match(text)
    if power and text[power.end() :] in _COUNTED:
        zeros, marked, bare = power.groups()
        return f"10*{len(zeros) - 1 if zeros else int(marked or bare)}"
    counted = next((w for w in _COUNTED[1:] if text.endswith(w) and text != w), "")
    word = text.removesuffix(counted)
    if word in _COUNT_EXPONENT and (counted or word not in _ATOMS):
        return f"10*{_COUNT_EXPONENT[word]}"
    return _ATOMS.get(text)


def _denominator(text: str) -> str | None:
    if _RENAL_SURFACE.match(text):
        return "{1.73_m2}"
    return _ATOMS.get(re.sub(r"\{[^}]*\}$", "", text))


def _fraction(text: str) -> str | None:
    """A unit with strokes ("mcg/kg/min") in UCUM; None where a part of it is unknown."""
    first, *rest = text.split("/")
    above = _numerator(re.sub(r"\{(cells|cell|#|count|beats|breaths|copies)\}", "", first))
    below = [_denominator(part) for part in rest]
    if above is None or None in below:
        return None
    return "/".join([above, *(part for part in below if part)])


@lru_cache(maxsize=4096)
def ucum_units(spelling: str) -> tuple[str, ...]:
    """Every UCUM unit that the spelling may stand for; empty where it is not known.

    >>> ucum_units("x10E3/µL"), ucum_units("MG/DL"), ucum_units("furlong")
    (('10*3/uL',), ('mg/dL',), ())
    """
    plain = _plain(spelling)
    if plain in _EXACT_SPELLINGS:
        return _EXACT_SPELLINGS[plain]
    lower = plain.lower()
    if lower in _WHOLE:
        return (_WHOLE[lower],)
    bare, annotation = _split_annotation(lower)
    unit = _fraction(bare)
    return (unit + annotation,) if unit else ()
