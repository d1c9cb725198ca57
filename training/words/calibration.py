"""What the ratio of observed to expected events means for the use of the risks."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.plurals import counted
from training.judging.rows.metrics import MAIN_MODEL
from training.words.claims import why_unjudged
from training.words.judged_patients import Judged
from training.words.names import THERAPY, Words
from training.words.rounding import Figure, interval, number, times


@dataclass(frozen=True)
class CalibrationBand:
    """What is said while risks are at most `at_most` times too low or too high."""

    at_most: float
    advice: str


CALIBRATION_BANDS = (
    CalibrationBand(1.25, "they agree well enough to be read as they stand"),
    CalibrationBand(2.0, "recalibrate on local patients before reading them as numbers"),
    CalibrationBand(math.inf, "do not use without recalibration on local patients"),
)
"""Our own convention, stated on the page: there is no published limit for the ratio of observed to
expected events."""


def calibration_sentences(outcome: str, judged: Judged, words: Words = THERAPY) -> list[str]:
    """How many events were foretold and how many came, and what follows from that.

    Both numbers are of those whom the ratio is of: with weights, the population they stand for.
    """
    figures = judged["models"][MAIN_MODEL]["metrics"]
    ratio, slope = figures["observed_to_expected"], figures["calibration_slope"]
    if ratio["value"] is None:
        return [f"Its calibration could not be judged: {ratio['reason']}."]
    weighted = judged.get("population")
    came = (weighted or judged["counts"])["events"]
    said = "In the population that the weights stand for it" if weighted else "It"
    said += f" foretold {counted(round(came / ratio['value']), 'row')} before {words.name(outcome)}"
    said += f"; {round(came):,} came: {calibration_verdict(ratio)}."
    return [said, *_slope_sentences(slope), *_repair_sentences(judged.get("repair") or {})]


def _slope_sentences(slope: Figure) -> list[str]:
    if slope["value"] is None:
        return []
    said = f"Calibration slope {number(slope['value'])}{interval(slope)}, ideal 1"
    if slope["low"] is not None and slope["high"] < 1:
        said += ": high risks are too high and low ones too low"
    elif slope["low"] is not None and slope["low"] > 1:
        said += ": high risks are too low and low ones too high"
    return [said + "."]


def _repair_sentences(repair: Mapping[str, Any]) -> list[str]:
    """What `judging.doubt.repair` found, where a finished model was judged on enough patients."""
    if repair.get("reason", "") is not None:
        return []
    ratio = "observed_to_expected"
    before, after = repair["before"][ratio], repair["after"][ratio]
    if before["value"] is None or after["value"] is None:
        return []
    said = (
        f"Recalibrated on {repair['patients']} of these patients, it would bring observed over "
        f"expected events among the others from {number(before['value'])}{interval(before)} to "
        f"{number(after['value'])}{interval(after)}: medians of {repair['draws_used']} draws, with "
        "their 5th and 95th percentile; ideal 1."
    )
    return [said]


def calibration_verdict(ratio: Figure) -> str:
    """What the ratio of observed to expected events means for the use of the risks."""
    fold = _fold(ratio["value"])
    band = next(band for band in CALIBRATION_BANDS if fold <= band.at_most)
    if band is CALIBRATION_BANDS[0]:
        return _good_as_far_as_known(ratio)
    way = "low" if ratio["value"] > 1 else "high"
    said = f"its risks are {times(fold)} times too {way}; {band.advice}"
    if ratio["low"] is not None and ratio["low"] <= 1 <= ratio["high"]:
        said += f" (chance may explain it: the interval of the ratio{interval(ratio)} includes 1)"
    return said


def _good_as_far_as_known(ratio: Figure) -> str:
    """What is said of a good ratio: only its whole interval makes it more than a guess."""
    best = CALIBRATION_BANDS[0]
    if ratio["low"] is None:
        return "they agree on average, but no interval tells how sure that is"
    most = max(_fold(ratio["low"]), _fold(ratio["high"]))
    if most <= best.at_most:
        return best.advice
    off = f"up to {times(most)} times" if math.isfinite(most) else "any number of times"
    return (
        f"they agree on average, but so few events leave room for risks {off} off"
        f"{interval(ratio)}: judge on more patients before reading them as numbers"
    )


def _fold(ratio: float) -> float:
    """How many times too low or too high risks of this ratio are."""
    return max(ratio, 1 / ratio) if ratio > 0 else math.inf


def must_recalibrate(judged: Judged) -> str | None:
    """The warning for the top of the page where risks must not be used as they stand."""
    main = judged["models"].get(MAIN_MODEL)
    ratio = main["metrics"]["observed_to_expected"] if main else None
    if ratio is None or ratio["value"] is None or why_unjudged(judged):
        return None
    verdict = calibration_verdict(ratio)
    return (
        f"{verdict[:1].upper()}{verdict[1:]}." if CALIBRATION_BANDS[-1].advice in verdict else None
    )
