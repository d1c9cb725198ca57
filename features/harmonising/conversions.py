"""Which arithmetic takes a record's number to the canonical unit, by key, source code and unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf

from features.catalogue import ANALYTES, DRUGS, STATES, Analyte, State, StateKind
from features.harmonising.passes import REASONS
from features.tables import RejectReason
from features.units import Conversion, ucum_units

MILLIGRAMS: Mapping[str, float] = {"mg": 1.0, "g": 1000.0, "ug": 0.001, "ng": 1e-6}
"""Masses of a dose; a dose in any other known unit (mg/kg, ug/min) keeps its number as given."""
DOSE_FORMS = frozenset({
    "tablet", "tablets", "tab", "tabs", "capsule", "capsules", "cap", "caps", "vial", "vials",
    "ampoule", "ampoules", "amp", "amps", "dose", "doses", "puff", "puffs", "drop", "drops",
    "sachet", "sachets", "suppository", "patch", "syringe", "syringes", "bag", "bags", "each", "ea",
    "infusion", "miu", "mu", "mio ie", "mio iu", "mio.ie", "mio.iu",
})  # fmt: skip
"""What doses are counted in beside units of measure."""


@dataclass(frozen=True)
class Way:
    """Numbers from `low` to `high` are taken to the canonical unit by `conversion`."""

    conversion: Conversion
    low: float = -inf
    high: float = inf


@dataclass(frozen=True)
class Route:
    """The ways from one unit, and the reason of refusal for a number that none of them takes.

    Without a reason such a number is implausible. `in_mg` marks doses that are milligrams
    afterwards.
    """

    ways: tuple[Way, ...] = ()
    reason: RejectReason | None = None
    detail: str = ""
    in_mg: bool = False

    @cached_property
    def numbers(self) -> tuple[tuple[float, ...], ...]:
        """The ways as the compiled pass reads them."""
        return tuple(
            (way.low, way.high, told.slope, told.offset, told.of_log10)
            for way in self.ways
            for told in [way.conversion]
        )

    @cached_property
    def refusal(self) -> int:
        """The code of the reason."""
        return REASONS.index(self.reason or RejectReason.IMPLAUSIBLE)


AS_GIVEN = Route((Way(Conversion(1.0)),))


def _refuse(reason: RejectReason, detail: str) -> Route:
    return Route(reason=reason, detail=detail)


def _without_unit(analyte: Analyte) -> Route:
    ways = []
    for assumed in analyte.assumed_units:
        conversion = analyte.conversion(assumed.unit)
        if conversion is None:
            raise LookupError(f"{analyte.key}: assumes {assumed.unit}, which it cannot convert")
        ways.append(Way(conversion, assumed.low, assumed.high))
    detail = f"{analyte.key}: a number without a unit may be in {_accepted(analyte)}"
    return Route(tuple(ways), RejectReason.AMBIGUOUS_UNIT, detail)


def _accepted(row: Analyte | State) -> str:
    return ", ".join([row.unit, *row.conversions])


def _analyte_route(analyte: Analyte, code: str, unit: str | None) -> Route:
    if unit is None:
        return _without_unit(analyte)
    ending = analyte.code_units.get(code.strip().rpartition("//")[2], "")
    for ucum in ucum_units(unit):
        conversion = analyte.conversion(ucum) or analyte.conversion(ucum + ending)
        if conversion:
            return Route((Way(conversion),))
        if any(known.startswith(ucum + "{") for known in (analyte.unit, *analyte.conversions)):
            return _refuse(
                RejectReason.AMBIGUOUS_UNIT,
                f"{analyte.key}: {unit} does not say which of {_accepted(analyte)}",
            )
    return _refuse(
        RejectReason.UNKNOWN_UNIT, f"{analyte.key}: no conversion from {unit} to {analyte.unit}"
    )


def _state_route(state: State, unit: str | None) -> Route:
    if unit is None or state.kind not in (StateKind.NUMBER, StateKind.GRADE):
        return AS_GIVEN
    for ucum in ucum_units(unit):
        if ucum == state.unit:
            return AS_GIVEN
        if ucum in state.conversions:
            return Route((Way(Conversion(state.conversions[ucum])),))
    return _refuse(
        RejectReason.UNKNOWN_UNIT, f"{state.key}: no conversion from {unit} to {state.unit}"
    )


def _drug_route(key: str, unit: str | None) -> Route:
    if unit is None or unit.strip("{} ").lower() in DOSE_FORMS:
        return AS_GIVEN
    known = ucum_units(unit)
    for ucum in known:
        if ucum in MILLIGRAMS:
            return Route((Way(Conversion(MILLIGRAMS[ucum])),), in_mg=True)
    return AS_GIVEN if known else _refuse(RejectReason.UNKNOWN_UNIT, f"{key}: {unit} is no unit")


@lru_cache(maxsize=4096)
def route(key: str, code: str, unit: str | None) -> Route:
    """How a number in `unit` (None: none given) under `code` becomes the key's canonical number.

    Kept, because a hospital writes the same codes and units into every request.

    >>> route("crp", "LOINC//1988-5", "mg/dL").ways[0].conversion.slope
    10
    >>> route("crp", "LOINC//1988-5", None).detail[:40]
    'crp: a number without a unit may be in m'
    """
    if key in ANALYTES:
        return _analyte_route(ANALYTES[key], code, unit)
    if key in DRUGS:
        return _drug_route(key, unit)
    return _state_route(STATES[key], unit)
