"""How this run kept the judged patients apart, and how that differs from a published model.

The published model of severe CRS on the public CAR-T file: Wei Z et al. BMC Bioinformatics 2024,
doi 10.1186/s12859-024-05804-8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.judging.judged import Seen
from training.words.judged_patients import PUBLIC_FORMATS
from training.words.names import INTENSIVE_CARE, Words

PUBLISHED = "Wei Z et al. BMC Bioinformatics 2024, doi 10.1186/s12859-024-05804-8"
NOT_COMPARED = "Not compared here."


@dataclass(frozen=True)
class Contrast:
    """One choice of method: what is done here, and what the published model does."""

    what: str
    here: str
    published: str


def contrasts(evaluation: Mapping[str, Any], words: Words) -> list[Contrast]:
    """Lines of the comparison; none for intensive care, where nothing of the kind is compared."""
    if words is INTENSIVE_CARE:
        return []
    return [
        Contrast(
            "Who is judged",
            _split(evaluation),
            "Splits by row, a row being a patient's day: all its test patients are in its "
            "training set as well.",
        ),
        Contrast(
            "How long is learnt",
            _rounds(evaluation),
            "Picks its epoch on the test set, so the test set helped to choose the model that it "
            "then judges.",
        ),
        Contrast(
            "Calibration",
            "Fitted on what members gave for patients whom they had not seen; each fold is judged "
            "by a calibration that learnt from the other folds alone.",
            NOT_COMPARED,
        ),
        Contrast("Filled-in constants", _constants(evaluation), NOT_COMPARED),
        Contrast(
            "What a figure is held against",
            f"Persistence ({words.known}) on the same rows and resamples, in every table: the "
            "claim is the gain over it.",
            NOT_COMPARED,
        ),
    ]


def _split(evaluation: Mapping[str, Any]) -> str:
    if (evaluation.get("judged_on") or {}).get("seen") == Seen.OTHER_RECORDS:
        return "Patients of whom none was recognised, by their measurements, as one learnt from."
    return (
        "Splits by patient: each row is judged by members that had not seen any row of its "
        "patient. Resamples draw whole patients, too."
    )


def _rounds(evaluation: Mapping[str, Any]) -> str:
    said = (
        "The number of boosting rounds follows from how many events there are to learn from; it is "
        "fixed before anybody is judged and never chosen by how the judged ones fare."
    )
    if (evaluation.get("judged_on") or {}).get("format") in PUBLIC_FORMATS:
        said += (
            " The rule itself was once found by cross-validation on public files, this one among "
            "them: a little optimism is left."
        )
    return said


def _constants(evaluation: Mapping[str, Any]) -> str:
    found = (evaluation.get("rejects") or {}).get("filled_constant", 0)
    if not found:
        return "None was found in these records, and none is filled in by the model."
    return (
        f"{found:,} values that stood for “not measured”, a constant for each grade of the same "
        "day, were set to missing first: they carry the grade that is to be foretold."
    )
