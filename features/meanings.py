"""What each statistic means in words, in which unit, and when it is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from features.catalogue import ANALYTES, DRUGS, KEYS, STATES
from features.groups import GROUPS
from features.trajectory import Feature, Statistic

S = Statistic
NOTHING = "nothing is known"


@dataclass(frozen=True)
class Meaning:
    """A statistic in words; `{window}` and `{level}` stand for those of the column.

    `unit`: `{unit}` stands for the key's own. `missing`: when there is no number, beside the
    general case that nothing of the key is known.
    """

    words: str
    unit: str
    missing: str = NOTHING


MEANINGS: Mapping[Statistic, Meaning] = MappingProxyType(
    {
        S.LAST: Meaning("latest value", "{unit}"),
        S.AGE: Meaning("hours since the latest value", "h"),
        S.AGE_OF_SECOND: Meaning(
            "hours since the value before the latest", "h", "fewer than two values"
        ),
        S.AGE_OF_THIRD: Meaning(
            "hours since the second value before the latest", "h", "fewer than three values"
        ),
        S.HOURS_SINCE_FIRST: Meaning("hours since the first value", "h"),
        S.BASELINE: Meaning(
            "last value up to the course's start, as known then, else the first", "{unit}"
        ),
        S.CHANGE_FROM_BASELINE: Meaning(
            "latest value less the baseline", "{unit}", "the baseline is the latest value"
        ),
        S.FOLD_OF_BASELINE: Meaning(
            "latest value over the baseline",
            "1",
            "the baseline is the latest value, or not positive",
        ),
        S.HOURS_UNCHANGED: Meaning("hours since the latest value became what it is", "h"),
        S.HOURS_SINCE_POSITIVE: Meaning(
            "hours since the first value above 0", "h", "no value above 0"
        ),
        S.PEAK_SINCE_START: Meaning(
            "highest value since the course's start", "{unit}", "no value since, or no start"
        ),
        S.HOURS_SINCE_PEAK: Meaning(
            "hours since the highest value since the course's start, the latest of equal ones",
            "h",
            "no value since, or no start",
        ),
        S.RUN_AT_LEAST: Meaning(
            "hours since the latest unbroken run of values of at least {level} began, 0 below", "h"
        ),
        S.RUN_BELOW: Meaning(
            "hours since the latest unbroken run of values below {level} began, 0 from there up",
            "h",
        ),
        S.COUNT: Meaning("number of values {window}", "1", "never: 0 without values"),
        S.RATE: Meaning("values per day {window}", "/d", "never: 0 without values"),
        S.MINIMUM: Meaning("lowest value {window}", "{unit}", "no value {window}"),
        S.MAXIMUM: Meaning("highest value {window}", "{unit}", "no value {window}"),
        S.MEAN: Meaning("mean of the values {window}", "{unit}", "no value {window}"),
        S.SPREAD: Meaning(
            "standard deviation of the values {window}", "{unit}", "fewer than two values {window}"
        ),
        S.SLOPE: Meaning(
            "least-squares slope of the values {window}",
            "{unit}/h",
            "fewer than two times {window}",
        ),
        S.LOG_SLOPE: Meaning(
            "least-squares slope of log2 of the positive values {window}: doublings per hour, so "
            "that 1 over it is the doubling time (halving, where negative)",
            "/h",
            "fewer than two times of positive values {window}",
        ),
        S.CHANGE: Meaning(
            "change {window}: latest value less the one that was the latest when the window opened",
            "{unit}",
            "no value before the window",
        ),
        S.SUM: Meaning(
            "sum of the values {window}",
            "{unit}",
            "a drug given without a stated dose {window}; 0 without values",
        ),
        S.TIME_WEIGHTED_MEAN: Meaning(
            "mean of the value held from each measurement to the next, {window}",
            "{unit}",
            "nothing was held for any time",
        ),
        S.AREA: Meaning("area under the value held, {window}", "{unit}.h"),
        S.HOURS_AT_LEAST: Meaning("hours with the value held at {level} or more, {window}", "h"),
        S.HOURS_BELOW: Meaning("hours with the value held below {level}, {window}", "h"),
    }
)

GROUP_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "any_laboratory": "Any laboratory value",
        "any_vital_sign": "Any vital sign",
        "blood_gas": "Any value of a blood gas",
    }
)
CLASS_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "therapy": "T-cell-engaging therapy, any product",
        "il6_blocker": "IL-6 or IL-6 receptor blocker",
        "skin_commensal": "Blood culture that grew a skin commensal",
        "g_csf": "G-CSF",
        "car_t": "CAR-T cells",
        "jak_inhibitor": "JAK inhibitor",
    }
)
"""Keys of drug classes whose name does not read as words."""


def window_words(hours: int | None) -> str:
    """The window of a column in words.

    >>> window_words(24), window_words(None)
    ('over the last 24 h', 'so far')
    """
    return "so far" if hours is None else f"over the last {hours} h"


def meaning_of_feature(feature: Feature) -> str:
    """What a column says of its key, in words.

    >>> meaning_of_feature(Feature("crp", Statistic.MAXIMUM, 72))
    'highest value over the last 72 h'
    """
    level = "" if feature.level is None else f"{feature.level:g} {unit_of_key(feature.key)}"
    words = MEANINGS[feature.statistic].words
    return words.format(window=window_words(feature.hours), level=level)


def missing_of_feature(feature: Feature) -> str:
    """When a column is missing."""
    return MEANINGS[feature.statistic].missing.format(window=window_words(feature.hours))


def unit_of_feature(feature: Feature) -> str:
    """The unit of a column in UCUM.

    >>> unit_of_feature(Feature("crp", Statistic.SLOPE, 24))
    'mg/L/h'
    """
    return MEANINGS[feature.statistic].unit.format(unit=unit_of_key(feature.key))


def unit_of_key(key: str) -> str:
    """The unit of a key's values; a drug's dose is as given, a group's has none.

    >>> unit_of_key("crp"), unit_of_key("corticosteroid")
    ('mg/L', 'mg')
    """
    if key in ANALYTES:
        return ANALYTES[key].unit
    if key in STATES:
        return STATES[key].unit
    if key == "corticosteroid":
        return "mg"
    return "1" if key in GROUPS else "dose as given"


def name_of_key(key: str) -> str:
    """The name of a key in words.

    Raises:
        LookupError: no such key or group.
    """
    for table in (ANALYTES, DRUGS, STATES):
        if key in table:
            return table[key].name
    if key in GROUPS:
        return GROUP_NAMES[key]
    if key not in KEYS:
        raise LookupError(f"{key!r} is no key of the catalogue")
    return CLASS_NAMES.get(key, key.replace("_", " ").capitalize())
