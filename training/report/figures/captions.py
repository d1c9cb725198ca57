"""What to look at in each figure, and what it shows for those who cannot see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.outcomes import Outcome
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.report.explained import Explained
from training.report.figures.contributions import SHOWN_ANALYTES
from training.report.figures.explained import dependence_keys
from training.words.claims import why_unjudged
from training.words.names import Words, in_order, stratum_title
from training.words.rounding import SPACE, number, share
from training.words.sentences import judged_strata


@dataclass(frozen=True)
class Caption:
    """How to read a figure: at the bedside, and as a data scientist."""

    bedside: str
    method: str


COURSE_METHOD = (
    "Risks come from members that had not seen this patient. Lines break where the patient was not "
    "at risk (already in the outcome) or the horizon was not observed. The risk has a square-root "
    "scale; numbers are the worst grade of a day where it changes, triangles are doses, the "
    "upright line is the event."
)

CAPTIONS = {
    "comparison": Caption(
        "Further right is better; where two lines overlap much, the two scorers may be as good as "
        "each other.",
        "Marks are estimates, lines 95 % intervals over resampled patients.",
    ),
    "by_grade": Caption(
        "Rows of the same grade today are judged among themselves, so that knowing the grade gives "
        "no advantage: what is left is what the model adds.",
        "Within one grade, persistence knows the day alone. Lines are 95 % intervals over "
        "resampled patients.",
    ),
    "discrimination": Caption(
        "Left: the higher the line, the more events are caught for the same false alarms. Right: "
        "how many of the alarms are right.",
        "ROC, and precision against recall; the dotted lines are guessing. Scorers with few levels "
        "have few corners.",
    ),
    "calibration": Caption(
        "On the dotted line, foretold and observed risks agree; above it the model says too "
        "little, below it too much.",
        "Both axes have a square-root scale, to show small risks. Points are groups of rows by "
        "risk, smaller among the high risks, with Wilson's 95 % interval; below are the numbers of "
        "rows at each risk (logarithmic).",
    ),
    "decision": Caption(
        "At each threshold, a higher line means more benefit; a model is worth using only where it "
        "lies above the other lines.",
        "Net benefit: right alarms minus false ones weighed by the odds of the threshold. "
        "Thresholds end where neither the model nor persistence raises an alarm any more.",
    ),
    "abstention": Caption(
        "To the left the guard asks for more evidence and answers less; where the curve rises to "
        "the left, the rows that it refuses are the ones told worst, and refusing them helps.",
        "One point a limit of absent evidence, in steps of 5 %; rows refused for another reason "
        "stay refused, until at “no guard” every row is answered. Marks may lie on one point. The "
        "scaled Brier score is free of how many of the rows answered have the event.",
    ),
    "incidence": Caption(
        "Each line is the share of patients whose first event it was by that day; together they "
        "never pass 100 %.",
        "Aalen and Johansen's estimator; records that end are censored. A discharge counts where "
        "nothing was measured after it.",
    ),
    "importance": Caption(
        "The longer the bar, the more the analyte moved the risks of these rows, up or down. "
        "Orange bars are what persistence knows as well.",
        "Contributions (TreeSHAP, and the share of where boosting started) of all features of an "
        "analyte, added up; mean absolute value over rows of these records: after training those "
        "that the model learnt from.",
    ),
    "contributions": Caption(
        "One dot a row; to the right the analyte raised the risk. This is what the model used, not "
        "what causes what.",
        "Contributions in log-odds, coloured by the rank of the last value among the known ones; "
        "for a drug, by whether it was given before. Rows of these records: after training those "
        "that the model learnt from.",
    ),
    "dependence": Caption(
        "For each value of an analyte, how much it raised (above 0) or lowered the risk. The "
        "spread of the dots is what its course and the other analytes add.",
        "Contributions of all features of the analyte by its last value; the broken line is the "
        "mean where no value is known. The outermost 0.5 % of the values lie outside the panels.",
    ),
    "interactions": Caption(
        "Pairs whose values together move the risk more or less than each alone. Where these bars "
        "are short beside those of single analytes, the model adds up more than it combines.",
        "SHAP interaction values of all features of two analytes, both halves added up; mean "
        "absolute value. Right: the strongest pair, coloured as above.",
    ),
    "example_true_alarm": Caption(
        "An event that was foretold. Orange is what persistence alone would have said.",
        COURSE_METHOD,
    ),
    "example_missed_event": Caption(
        "An event before which no alarm sounded.",
        COURSE_METHOD,
    ),
    "example_false_alarm": Caption(
        "An alarm that no event followed.",
        COURSE_METHOD,
    ),
    "example_quiet_course": Caption(
        "Neither an alarm nor an event.",
        COURSE_METHOD,
    ),
}
"""By the figure's kind; also the order of the figures."""
BY_VALUE: Mapping[str, Callable[[Explained], Sequence[str]]] = {
    "contributions": lambda explained: list(explained.importance["analyte"].head(SHOWN_ANALYTES)),
    "dependence": dependence_keys,
}
"""The analytes drawn by their values, by the figure's kind."""
EXPLANATIONS = ("importance", "contributions", "dependence", "interactions")


def remark(kind: str, judged: Mapping[str, Any]) -> str:
    """What this very figure lacks and why; empty where it is whole."""
    ici = judged["models"].get(MAIN_MODEL, {}).get("metrics", {}).get("ici")
    if kind != "calibration" or ici is None or ici["value"] is not None:
        return ""
    return f" No smooth line is drawn: {ici['reason']}."


def sample(kind: str, explained: Explained | None) -> str:
    """How many rows a figure of contributions rests on; empty for other figures."""
    if explained is None or kind not in EXPLANATIONS:
        return ""
    rows = explained.pair_rows if kind == "interactions" else len(explained.contributions)
    if rows == explained.rows_in_all:
        return f" Drawn from all {rows:,} rows."
    return f" Drawn from {rows:,} of {explained.rows_in_all:,} rows, evenly spaced."


FREE_OF_A_SIGN = (
    " Interleukin 6 looks reversed here: after tocilizumab, which blocks its receptor, it rises "
    "without worsening, and for that reason the model is given no direction for it."
)
"""`models.recipes.SIGNS` tells why."""


def reversed_il6(kind: str, outcome: str, explained: Explained | None) -> str:
    """Why higher IL-6 goes with a lower risk of severe CRS; empty where that is not drawn."""
    if explained is None or outcome != Outcome.SEVERE_CRS or kind not in BY_VALUE:
        return ""
    if "il6" not in explained.values or "il6" not in BY_VALUE[kind](explained):
        return ""
    value, share = explained.values["il6"], explained.contributions["il6"]
    falls = value.rank().corr(share[value.notna()].rank()) < 0.0  # Spearman, of known values
    return FREE_OF_A_SIGN if falls else ""


def alternative(
    kind: str, title: str, analytes: Sequence[str], judged: Mapping[str, Any], words: Words
) -> str:
    """What a figure shows in one or two sentences with its main numbers.

    `analytes` are those of a figure of contributions, the greatest first.
    """
    tell = {
        "comparison": _comparison,
        "by_grade": _by_grade,
        "discrimination": _discrimination,
        "calibration": _calibration,
        "decision": _decision,
    }.get(kind)
    said = title if title.endswith("?") else f"{title}."
    if tell:
        return f"{said} {tell(judged, words)}"
    if analytes:
        return f"{said} In this order: {', '.join(analytes)}."
    return f"{said} {CAPTIONS[kind].bedside}" if kind in CAPTIONS else said


def _comparison(judged: Mapping[str, Any], words: Words) -> str:
    return f"AUROC: {_values(judged, words, 'auroc')}."


def _by_grade(judged: Mapping[str, Any], words: Words) -> str:
    parts = []
    for value, part in judged_strata(judged):
        said = why_unjudged(part) or _values(part, words, "auroc", main_only=True)
        parts.append(f"{stratum_title('grade', value)}: {said}")
    return f"AUROC. {'; '.join(parts)}."


def _discrimination(judged: Mapping[str, Any], words: Words) -> str:
    areas = _values(judged, words, "auroc", main_only=True)
    precisions = _values(judged, words, "auprc", main_only=True)
    return f"Area under the left curve: {areas}. Average precision, right: {precisions}."


def _calibration(judged: Mapping[str, Any], words: Words) -> str:  # noqa: ARG001 - as the others
    groups = judged["models"][MAIN_MODEL]["curves"].get("calibration", {}).get("groups")
    if groups is None:
        return ""
    first, last = (
        f"{share(groups['risk'][place])}{SPACE}% foretold and "
        f"{share(groups['observed'][place])}{SPACE}% observed"
        for place in (0, -1)
    )
    return f"Lowest group of rows: {first}; highest group: {last}."


def _decision(judged: Mapping[str, Any], words: Words) -> str:
    told = []
    for name in (MAIN_MODEL, FIRST_BASELINE):
        found = judged["models"].get(name, {}).get("curves", {}).get("net_benefit")
        if found is not None:
            place = found["threshold"].index(0.05)
            told.append(f"{words.scorer(name)} {number(100 * found['net_benefit'][place])}")
    return f"Net benefit per 100 rows at a threshold of 5{SPACE}%: {', '.join(told)}."


def _values(judged: Mapping[str, Any], words: Words, metric: str, main_only: bool = False) -> str:
    names = in_order(list(judged["models"]))
    shown = [n for n in names if not main_only or n in (MAIN_MODEL, FIRST_BASELINE)]
    return ", ".join(
        f"{words.scorer(name)} {_value(judged['models'][name]['metrics'][metric])}"
        for name in shown
    )


def _value(figure: Mapping[str, Any]) -> str:
    return "not defined" if figure["value"] is None else number(figure["value"])
