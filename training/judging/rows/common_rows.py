"""The rows that all scorers of an outcome judge, with their resamples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.plurals import columns_missing, counted
from features.tables import InvalidTableError
from training.judging.rows.sample import Numbers, Sample, patient_draws, weighted_draws

SCORED_COLUMNS = ("patient_id", "as_of", "outcome", "label", "at_risk", "model", "risk")


def check_scored(scored: pd.DataFrame) -> None:
    """Raise InvalidTableError where scored lines lack a column, a row or a label's meaning."""
    missing = [column for column in SCORED_COLUMNS if column not in scored]
    if missing:
        raise InvalidTableError(f"scored rows: {columns_missing(missing)}")
    if not len(scored):
        raise InvalidTableError("scored rows: the table is empty")
    strange = ~(scored["label"].isna() | scored["label"].isin((0, 1)))
    if strange.any():
        raise InvalidTableError(
            f"label: {counted(int(strange.sum()), 'value')} other than 0, 1 or missing"
        )


@dataclass(frozen=True)
class JudgedRows:
    """What the judging of one outcome starts from.

    `rows`: every row, sorted by patient and time. `judged`: those at risk with a known outcome.
    `samples`: the judged rows in that order with each scorer's risks, one sample a repeat. `draws`:
    the resamples that all figures share (1 + replicates by patients).
    """

    rows: pd.DataFrame
    judged: NDArray[np.bool_]
    samples: dict[str, list[Sample]]
    draws: Numbers


def judged_rows(
    lines: pd.DataFrame, bootstrap: int, seed: int, strata: Sequence[str] = ()
) -> JudgedRows:
    """The rows of one outcome's scored lines, their samples and the resamples.

    Raises InvalidTableError when a line is double or the scorers do not judge the same rows.
    """
    table = _common_rows(lines, strata)
    judged = (table.rows["at_risk"] & table.rows["label"].notna()).to_numpy()
    codes, distinct = pd.factorize(table.rows.loc[judged, "patient_id"])
    days = _patient_days(table.rows[judged], codes)
    patients = len(distinct)
    draws = patient_draws(patients, bootstrap, seed) if patients else np.ones((1 + bootstrap, 0))
    draws = weighted_draws(draws, codes, table.weight(judged))
    label = table.rows.loc[judged, "label"].to_numpy(dtype=float)
    samples = {
        model: [Sample(label, risk[judged], codes, patients, days) for risk in repeats]
        for model, repeats in table.risks.items()
    }
    return JudgedRows(table.rows, judged, samples, draws)


@dataclass(frozen=True)
class _CommonRows:
    """The rows that all scorers judge, and each scorer's risks per repeat in the same order."""

    rows: pd.DataFrame
    risks: dict[str, list[Numbers]]

    def weight(self, here: NDArray[np.bool_]) -> Numbers | None:
        """The sampling weight of some rows' patients, where the lines have one."""
        return (
            self.rows.loc[here, "weight"].to_numpy(dtype=float) if "weight" in self.rows else None
        )


def _common_rows(lines: pd.DataFrame, strata: Sequence[str]) -> _CommonRows:
    patient = pd.factorize(lines["patient_id"], sort=True)[0]
    time = lines["as_of"].astype("int64").to_numpy()
    repeat = (
        pd.factorize(lines["repeat"], sort=True)[0]
        if "repeat" in lines
        else np.zeros(len(lines), dtype=int)
    )
    model, model_names = pd.factorize(lines["model"])
    order = np.lexsort((time, patient, repeat, model))
    keys = np.stack([patient, time], axis=1)[order]
    blocks = np.stack([model, repeat], axis=1)[order]
    starts = np.flatnonzero((np.diff(blocks, axis=0, prepend=-1) != 0).any(axis=1))
    parts = np.split(np.arange(len(order)), starts[1:])
    first = keys[parts[0]]
    if (np.diff(first, axis=0) == 0).all(axis=1).any():
        raise InvalidTableError(
            "scored rows: a patient has the same as-of time twice for one scorer"
        )
    label = lines["label"].to_numpy(dtype=float)[order]
    risk = lines["risk"].to_numpy(dtype=float)[order]
    risks: dict[str, list[Numbers]] = {str(name): [] for name in model_names}
    for part in parts:
        name = str(model_names[blocks[part[0], 0]])
        if len(part) != len(first) or (keys[part] != first).any():
            raise InvalidTableError(
                f"scored rows: {name!r} does not judge the same rows as {model_names[0]!r}"
            )
        if not np.array_equal(label[part], label[parts[0]], equal_nan=True):
            raise InvalidTableError(f"label: {name!r} has other labels than {model_names[0]!r}")
        risks[name].append(risk[part])
    columns = ["patient_id", "as_of", "label", "at_risk", *strata]
    columns += ["weight"] if "weight" in lines else []
    rows = lines[columns].iloc[order[parts[0]]].reset_index(drop=True)
    return _CommonRows(rows.astype({"at_risk": bool}), risks)


def _patient_days(rows: pd.DataFrame, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """A running number per patient and 24 hours since the patient's first row."""
    if not len(rows):
        return np.empty(0, dtype=np.int64)
    times = rows["as_of"].reset_index(drop=True)
    elapsed = times - times.groupby(codes).transform("min")
    day = (elapsed // pd.Timedelta(hours=24)).to_numpy().astype(np.int64)
    return codes.astype(np.int64) * (int(day.max()) + 1) + day


def population_of(rows: pd.DataFrame) -> dict[str, float]:
    """Rows and events of the population that the judged rows' weights stand for."""
    judged = rows["at_risk"] & rows["label"].notna()
    weight = rows.loc[judged, "weight"]
    event = rows.loc[judged, "label"] == 1
    return {"rows": float(weight.sum()), "events": float(weight[event].sum())}


def counts_of(rows: pd.DataFrame) -> dict[str, int]:
    """Patients, rows and events of a table with `patient_id`, `label` and `at_risk`."""
    at_risk, label = rows["at_risk"], rows["label"]
    judged = at_risk & label.notna()
    event = judged & (label == 1)
    return {
        "patients": int(rows["patient_id"].nunique()),
        "rows": int(judged.sum()),
        "events": int(event.sum()),
        "patients_judged": int(rows.loc[judged, "patient_id"].nunique()),
        "patients_with_event": int(rows.loc[event, "patient_id"].nunique()),
        "censored": int((at_risk & label.isna()).sum()),
        "not_at_risk": int((~at_risk).sum()),
        "rows_in_all": len(rows),
    }
