"""Who the virtual patients are: age, disease, tumour, and blood at rest that belong together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.cohort.centres import USUAL_MIX, CaseMix
from training.cohort.chance import normals, uniforms
from training.cohort.laboratories import LABORATORIES, PLACE
from training.cohort.parameters import (
    DISEASES,
    HOURS_BEFORE_FIRST_DOSE,
    PHYSIOLOGY,
    Parameter,
    own_constants,
)
from training.cohort.products import Kind, Product

_BIRTH, _BEFORE = 3_000_000, 3_000_001
"""The moments of all draws that make a person, and of those that came to be asked later. The
hours of the simulation count from 0, the observation's moments end below 2.7 million."""

DOUBTS = (
    "tocilizumab_doubt",
    "early_steroid_doubt",
    "late_steroid_doubt",
    "siltuximab_doubt",
    "anakinra_doubt",
)

GROWTH_YEARS = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 30.0)
HEIGHT_CM = (86.0, 102.0, 115.0, 127.0, 138.0, 150.0, 159.0, 162.0, 163.0, 166.0)
BODY_MASS_INDEX = (16.2, 15.4, 15.3, 15.8, 16.7, 18.0, 19.4, 20.6, 21.5, 25.5)
"""Medians by age, girls' heights (WHO growth reference, recalled); adults with cancer: assumed."""

CENTRAL_LINE = {Kind.CAR_T: 0.85, Kind.BISPECIFIC: 0.2}
"""Share with a central venous line (assumed: lymphodepletion and cells need one, an injection
under the skin none)."""

EARLIER_INFECTIONS = {
    "myeloma": 0.8, "dlbcl": 0.5, "fl": 0.4, "sclc": 0.4, "mcl": 0.5, "cll": 0.9, "b_all": 0.9,
    "b_all_adult": 0.9, "b_all_any_age": 0.9, "b_all_relapsed_young": 1.2,
}  # fmt: skip
OF_ANOTHER_DISEASE = 0.5
"""Mean clinically significant infections in the six months before, for three prior lines and
IgG of 6 g/L (assumed: neutropenia and low IgG make the difference)."""
INFECTIONS_PER_LINE, INFECTIONS_BY_IGG, MOST_EARLIER_INFECTIONS = 0.12, -0.5, 8
"""Growth of that mean a line (log), its power of IgG, and the most on record (assumed)."""

BY_FRAILTY = {"infection_per_day": 0.8, "marrow_kill": 0.8}
"""Correlation of a person's own constants with frailty (assumed; I18, I19 and S04 show it): whom
many lines have worn out is neutropenic for longer and infected more often."""

OF_MACROPHAGES = ("ferritin", "ldh")
"""Laboratory values whose answer a product's `macrophages` multiplies."""

PERSON = np.dtype(
    [
        ("product", np.int64),
        ("disease", np.int64),
        ("age", np.float64),  # years
        ("male", np.bool_),
        ("weight", np.float64),  # kg
        ("height", np.float64),  # cm
        ("prior_lines", np.int64),
        ("tumour_burden", np.float64),  # fraction, 0 to 1
        ("burden_score", np.float64),  # standard normal where the case mix is the usual one
        ("inflammation_score", np.float64),  # standard normal
        ("sensitivity_score", np.float64),  # standard normal: what nobody can measure
        ("frailty", np.float64),  # about standard normal: a marrow worn by lines and tumour
        ("answer", np.float64),  # how well CRS answers to tocilizumab, 0 to 1
        ("temperature", np.float64),  # at rest, Cel
        ("systolic", np.float64),  # at rest, mm[Hg]
        ("heart_rate", np.float64),  # at rest, /min
        ("saturation", np.float64),  # at rest, %
        ("breaths", np.float64),  # at rest, /min
        ("hypotension_below", np.float64),  # mm[Hg], by age (PALS)
        # how slow this patient's clinicians are to give each, 0 to 1
        *((name, np.float64) for name in DOUBTS),
        ("first_dose_day", np.int64),  # days after the calendar's origin
        ("central_line", np.bool_),  # central venous line or port
        ("prior_infections", np.int64),  # in the six months before the simulation starts
    ]
)


@dataclass(frozen=True)
class People:
    """`persons` (structured, one row a patient), `rest` (patient x laboratory, canonical units).

    `constants` are each person's own physiology, `gains` (patient x laboratory, about 1) how
    strongly each of their laboratory values answers.
    """

    keys: npt.NDArray[np.uint64]
    persons: npt.NDArray[np.void]
    rest: npt.NDArray[np.float64]
    constants: npt.NDArray[np.void]
    gains: npt.NDArray[np.float64]


def make_people(
    keys: npt.NDArray[np.uint64],
    products: tuple[Product, ...],
    physiology: tuple[Parameter, ...] = PHYSIOLOGY,
    mix: CaseMix = USUAL_MIX,
) -> People:
    """One person for each key, given one of `products` by their shares, as they come by `mix`."""
    draw = _Draws(keys, _BIRTH)
    persons = np.zeros(len(keys), dtype=PERSON)
    persons["product"] = _choose(draw.uniform(), _shares(products))
    persons["disease"] = _diseases(persons["product"], products, draw.uniform(), mix)
    _describe(persons, draw, mix)
    _score(persons, draw, mix)
    _rest_of_vitals(persons, draw)
    for name in DOUBTS:
        persons[name] = draw.uniform()
    rest = _rest_of_laboratories(persons, draw)
    scores = np.column_stack([draw.normal() for _ in physiology])
    frailty = 0.85 * persons["frailty"] + 0.35 * persons["inflammation_score"]
    for name, share in BY_FRAILTY.items():
        column = [row.name for row in physiology].index(name)
        own = np.sqrt(1.0 - share**2) * scores[:, column]
        scores[:, column] = share * frailty + own
    gains = np.column_stack([draw.spread(row.spread) for row in LABORATORIES])
    macrophages = np.array([row.macrophages for row in products])[persons["product"]]
    gains[:, [PLACE[key] for key in OF_MACROPHAGES]] *= macrophages[:, None]
    _look_back(persons, rest[:, PLACE["igg"]], products, _Draws(keys, _BEFORE))
    return People(keys, persons, rest, own_constants(physiology, scores), gains)


class _Draws:
    """Numbers one question after the other, the same questions for everyone."""

    def __init__(self, keys: npt.NDArray[np.uint64], moment: int) -> None:
        self._keys = keys
        self._moments = np.full(len(keys), moment, dtype=np.int64)
        self._question = 0

    def uniform(self) -> npt.NDArray[np.float64]:
        self._question += 1
        return np.asarray(uniforms(self._keys, self._moments, self._question))

    def normal(self) -> npt.NDArray[np.float64]:
        self._question += 1
        return np.asarray(normals(self._keys, self._moments, self._question))

    def spread(self, sd: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """A log-normal factor with median 1."""
        return np.asarray(np.exp(sd * self.normal()))


def _choose(
    uniform: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    return np.searchsorted(np.cumsum(shares / shares.sum())[:-1], uniform).astype(np.int64)


def _shares(products: tuple[Product, ...]) -> npt.NDArray[np.float64]:
    """The products' shares; equal ones where none has a share in the default mix."""
    shares = np.array([row.share for row in products])
    return shares if shares.any() else np.ones(len(products))


def _diseases(
    chosen: npt.NDArray[np.int64],
    products: tuple[Product, ...],
    uniform: npt.NDArray[np.float64],
    mix: CaseMix,
) -> npt.NDArray[np.int64]:
    names = [row.key for row in DISEASES]
    diseases = np.zeros(len(chosen), dtype=np.int64)
    for index, row in enumerate(products):
        mine = chosen == index
        kinds = np.array([names.index(name) for name, _ in row.diseases])
        shares = np.array([share for _, share in row.diseases])
        treated = shares * [DISEASES[kind].age >= mix.youngest for kind in kinds]
        shares = treated if treated.any() else shares
        diseases[mine] = kinds[_choose(uniform[mine], shares)]
    return diseases


def _column(persons: npt.NDArray[np.void], name: str) -> npt.NDArray[np.float64]:
    """The disease table's column `name`, one value a person."""
    return np.array([getattr(row, name) for row in DISEASES], dtype=np.float64)[persons["disease"]]


def _describe(persons: npt.NDArray[np.void], draw: _Draws, mix: CaseMix) -> None:
    age = _column(persons, "age") + _column(persons, "age_sd") * (draw.normal() + mix.age)
    youngest = np.maximum(_column(persons, "youngest"), mix.youngest)
    age = np.clip(age, youngest, _column(persons, "oldest"))
    male = draw.uniform() < 0.56
    height = np.interp(age, GROWTH_YEARS, HEIGHT_CM) + np.where(
        male, np.interp(age, (13.0, 18.0), (0.0, 11.0)), 0.0
    )
    height *= draw.spread(0.035)
    persons["age"] = np.round(age, 1)
    persons["male"] = male
    persons["height"] = np.round(height)
    persons["weight"] = np.round(
        np.interp(age, GROWTH_YEARS, BODY_MASS_INDEX) * (height / 100.0) ** 2 * draw.spread(0.16), 1
    )
    lines = mix.prior_lines * _column(persons, "prior_lines") * draw.spread(0.35)
    persons["prior_lines"] = np.clip(np.round(lines), 1, 14)
    persons["first_dose_day"] = np.floor(draw.uniform() * 700).astype(np.int64) + (
        HOURS_BEFORE_FIRST_DOSE // 24
    )


def _score(persons: npt.NDArray[np.void], draw: _Draws, mix: CaseMix) -> None:
    burden = draw.normal() + mix.burden
    persons["burden_score"] = burden
    persons["inflammation_score"] = 0.45 * burden + np.sqrt(1 - 0.45**2) * draw.normal()
    persons["sensitivity_score"] = draw.normal()
    median = _column(persons, "burden")
    odds = median / (1.0 - median) * np.exp(0.9 * burden)
    persons["tumour_burden"] = np.round(odds / (1.0 + odds), 3)
    persons["answer"] = draw.uniform() ** 0.33


def _look_back(
    persons: npt.NDArray[np.void],
    igg: npt.NDArray[np.float64],
    products: tuple[Product, ...],
    draw: _Draws,
) -> None:
    """The line that cells and drugs go through, and the infections of the six months before."""
    lines = np.array([CENTRAL_LINE[row.kind] for row in products])
    persons["central_line"] = draw.uniform() < lines[persons["product"]]
    by_disease = [EARLIER_INFECTIONS.get(row.key, OF_ANOTHER_DISEASE) for row in DISEASES]
    usual = np.array(by_disease)[persons["disease"]]
    mean = (
        usual
        * np.exp(INFECTIONS_PER_LINE * (persons["prior_lines"] - 3.0))
        * (igg / 6.0) ** INFECTIONS_BY_IGG
    )
    persons["prior_infections"] = counts(draw.uniform(), mean)


def counts(
    uniform: npt.NDArray[np.float64], mean: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """How many of so rare a thing, by inversion; `MOST_EARLIER_INFECTIONS` at most."""
    count = np.zeros(len(mean), dtype=np.int64)
    likely = np.exp(-mean)
    until = likely.copy()
    for number in range(1, MOST_EARLIER_INFECTIONS + 1):
        count += uniform > until
        likely = likely * mean / number
        until += likely
    return count


def _rest_of_vitals(persons: npt.NDArray[np.void], draw: _Draws) -> None:
    age = persons["age"]
    child = np.clip((18.0 - age) / 14.0, 0.0, 1.0)
    persons["temperature"] = 36.7 + 0.2 * draw.normal()
    persons["systolic"] = np.clip(
        122.0 + 0.25 * (age - 50.0) - 16.0 * child + 11.0 * draw.normal(), 92, 170
    )
    persons["heart_rate"] = np.clip(75.0 + 22.0 * child + 9.0 * draw.normal(), 48, 125)
    persons["saturation"] = np.clip(
        97.0 - 0.02 * np.maximum(age - 50, 0) + 0.8 * draw.normal(), 94, 99.5
    )
    persons["breaths"] = 15.0 + 8.0 * child
    persons["hypotension_below"] = np.where(age <= 10, 70.0 + 2.0 * np.floor(age), 90.0)


def _rest_of_laboratories(persons: npt.NDArray[np.void], draw: _Draws) -> npt.NDArray[np.float64]:
    """Values at rest: sick marrow, tumour load and inflammation pull several of them together."""
    burden, inflamed = persons["burden_score"], persons["inflammation_score"]
    worn = 0.3 * (persons["prior_lines"] - 3.0) / 2.0 + 0.5 * burden + 0.6 * draw.normal()
    persons["frailty"] = worn / 0.85
    muscle = np.where(persons["male"], 1.1, 0.9)
    rest = {
        "crp": 4.0 * np.exp(0.85 * inflamed) * draw.spread(0.55),
        "il6": 4.0 * np.exp(0.45 * inflamed) * draw.spread(0.4),
        "ferritin": _column(persons, "ferritin")
        * np.exp(0.4 * inflamed + 0.35 * worn)
        * draw.spread(0.9),
        "ldh": _column(persons, "ldh") * np.exp(0.28 * burden) * draw.spread(0.28),
        "ast": 19.0 * np.exp(0.1 * burden) * draw.spread(0.42),
        "alt": 23.0 * draw.spread(0.4),
        "bilirubin_total": 9.0 * draw.spread(0.35),
        "creatinine": _column(persons, "creatinine") * muscle * draw.spread(0.26),
        "albumin": np.clip(39.5 - 2.2 * inflamed + 4.0 * draw.normal(), 22, 50),
        "platelets": _column(persons, "platelets")
        * np.exp(-0.55 * worn)
        * draw.spread(0.15 + _column(persons, "counts_sd")),
        "neutrophils": _column(persons, "neutrophils")
        * np.exp(-0.22 * worn + 0.1 * inflamed)
        * draw.spread(_column(persons, "counts_sd")),
        "lymphocytes": 0.85 * np.exp(-0.1 * worn) * draw.spread(0.45),
        "hemoglobin": np.clip(
            _column(persons, "haemoglobin") - 5.0 * worn + 11.0 * draw.normal(), 58, 168
        ),
        "d_dimer": 0.48 * np.exp(0.25 * burden + 0.25 * inflamed) * draw.spread(0.65),
        "fibrinogen": np.clip(3.3 + 0.5 * inflamed + 0.7 * draw.normal(), 1.4, 7.5),
        "ifn_gamma": 4.5 * np.exp(0.2 * inflamed) * draw.spread(0.65),
        "il10": 3.7 * np.exp(0.25 * inflamed) * draw.spread(0.6),
        "calcium": 2.32 * draw.spread(0.055),
        "aptt": 32.0 * draw.spread(0.2),
        "procalcitonin": _column(persons, "procalcitonin")
        * np.exp(0.3 * inflamed)
        * draw.spread(0.6),
        "lactate": 1.2 * draw.spread(0.25),
        "glucose": 5.8 * draw.spread(0.14),
        "igg": _column(persons, "igg") * draw.spread(0.5),
    }
    return np.column_stack([rest[row.key] for row in LABORATORIES])
