"""An evaluation as a few small tables and plain sentences, as one looks at it in a notebook.

`training.report.data` writes everything, one value a line; here is what one looks at first.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from features.tables import InvalidInputError
from training.judging.rows.metrics import FIRST_BASELINE, MAIN_MODEL
from training.words.claims import claim
from training.words.doubt import doubt_lines
from training.words.names import NOTHING, in_order, words_for
from training.words.sentences import plain_sentences

Evaluation = Mapping[str, Any]
"""What `training.train.train` and `training.apply.judge_others` leave as `evaluation`."""

MISSING = {"value": None, "low": None, "high": None}
BAND = ("rows", "events", "foretold", "low", "high", "observed", "within")
VERDICT = ("rows", "events", "foretold", "observed", "brier", "auroc")
FINDING = ("check", "place", "severity", "sentence")


def scoreboard(evaluation: Evaluation, outcome: str, metric: str = "auroc") -> pd.DataFrame:
    """Every scorer beside the model, the best first where more is better.

    Returns:
        DataFrame by `scorer`: `value`, `low`, `high` of the metric (95 % interval over patients),
        and `gain`, `gain_low`, `gain_high`: the model minus this scorer on the same resamples.
        Missing where not defined, and for the model itself.

    >>> figure = lambda value: {"value": value, "low": value - 0.1, "high": value + 0.1}
    >>> judged = {"models": {"persistence": {"metrics": {"auroc": figure(0.75)}},
    ...                      "model": {"metrics": {"auroc": figure(0.875)}}},
    ...           "differences": {"persistence": {"auroc": figure(0.125)}}}
    >>> board = scoreboard({"outcomes": {"severe_crs": judged}}, "severe_crs")
    >>> list(board.index), float(board.loc["persistence", "gain"])
    (['model', 'persistence'], 0.125)
    """
    judged = _judged(evaluation, outcome)
    lines = {
        name: {end: answer["metrics"][metric][end] for end in MISSING} | _gain(judged, name, metric)
        for name, answer in judged["models"].items()
    }
    table = pd.DataFrame.from_dict(lines, orient="index", dtype=float).rename_axis("scorer")
    table = table.loc[in_order(list(table.index))]
    return table.sort_values("value", ascending=False, kind="stable")


def by_stratum(
    evaluation: Evaluation, outcome: str, stratum: str = "grade", metric: str = "auroc"
) -> pd.DataFrame:
    """The model and persistence among rows of the same group, such as today's grade.

    Returns:
        DataFrame by the group: `rows`, `events` (rows before an event), `patients_with_event`, the
        metric of `model` and `persistence`, and `gain`, `gain_low`, `gain_high`. Missing where too
        few patients have an event. "0-1" holds the rows of grades 0 and 1 again, as one.
    """
    parts = (_judged(evaluation, outcome).get("strata") or {}).get(stratum) or {}
    lines = {group: _group(part, metric) for group, part in parts.items()}
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(stratum)


def interval_bands(evaluation: Evaluation, outcome: str) -> pd.DataFrame:
    """Whether the interval keeps its promise: by band of risk, what was foretold and observed.

    Returns:
        DataFrame by band (`from`, `below`): `rows`, `events`, mean `foretold` risk, mean interval
        `low` to `high`, `observed` rate, and `within`: None where too few events are foretold.
    """
    groups = _judged(evaluation, outcome)["interval"]["groups"]
    return pd.DataFrame(groups).set_index(["from", "below"])[list(BAND)]


def verdicts(evaluation: Evaluation, outcome: str) -> pd.DataFrame:
    """How often the guard lets the model answer, warns or abstains, and how good each part is.

    Returns:
        DataFrame by `verdict`: `rows`, `events` (rows before an event), mean `foretold` risk and
        `observed` rate, Brier score and AUROC within; missing where nothing can be divided.
    """
    found = _judged(evaluation, outcome)["abstention"]["verdicts"]
    table = pd.DataFrame.from_dict(found, orient="index").rename_axis("verdict")
    return table[list(VERDICT)].astype(dict.fromkeys(VERDICT[2:], float))


def leak_findings(evaluation: Evaluation) -> pd.DataFrame:
    """What the leak audit told of the records and rows without stopping the run.

    Returns:
        DataFrame with the fields of `training.leaks.Finding`: `check`, `place`, `severity` and
        `sentence`; no line where nothing was found.

    >>> list(leak_findings({"leaks": []}))
    ['check', 'place', 'severity', 'sentence']
    """
    return pd.DataFrame(evaluation.get("leaks", []), columns=list(FINDING))


def sentences(evaluation: Evaluation, outcome: str) -> tuple[str, ...]:
    """What the report says of an outcome: the claim first, then figures, interval, abstention."""
    judged, words = _judged(evaluation, outcome), words_for(evaluation)
    judged_on = evaluation.get("judged_on") or NOTHING
    return (
        claim(judged, words, judged_on).sentence,
        *plain_sentences(outcome, judged, words, judged_on),
        *(line.strip() for line in doubt_lines(judged)),
    )


def _judged(evaluation: Evaluation, outcome: str) -> Mapping[str, Any]:
    outcomes: Mapping[str, Mapping[str, Any]] = evaluation["outcomes"]
    if outcome not in outcomes:
        raise InvalidInputError(f"{outcome}: not judged here; judged: {', '.join(outcomes)}")
    return outcomes[outcome]


def _gain(judged: Mapping[str, Any], scorer: str, metric: str) -> dict[str, float | None]:
    """The model minus a scorer."""
    gap = judged["differences"].get(scorer, {}).get(metric, MISSING)
    return {"gain": gap["value"], "gain_low": gap["low"], "gain_high": gap["high"]}


def _group(part: Mapping[str, Any], metric: str) -> dict[str, Any]:
    counts = {name: part["counts"][name] for name in ("rows", "events", "patients_with_event")}
    values = {
        name: answer["metrics"][metric]["value"]
        for name, answer in part["models"].items()
        if name in (MAIN_MODEL, FIRST_BASELINE)
    }
    return counts | values | _gain(part, FIRST_BASELINE, metric)
