"""Patients drawn in a line each, and a small trained bundle, for the tests of every folder."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from features.declared import COLUMNS
from features.harmonise import harmonise
from features.outcomes import Outcome
from features.tables import EVENT_COLUMNS, TIME_TYPE, empty_rejects
from models.baselines import BASELINES
from models.bundle import Bundle, Card, OutcomeModel, TierThresholds, load_bundle, save_bundle
from models.explain import by_analyte
from models.recipes import Recipe
from models.reference import Reference, describe_analytes, describe_features
from training.config import TrainingConfig
from training.dataset import Cohort, Events, label_cohort, load_events
from training.fit import TrainingRows, fit_committee, useful_columns
from training.train import training_rows

START = pd.Timestamp("2026-03-01T06:00", tz="UTC")
TINY = Recipe(12, 0.3, 3, 0.3, 1.0, row_share=0.9, node_column_share=0.5, lines=True, threads=1)
DAY = pd.Timedelta(hours=24)


def instants(hours: Sequence[float | None]) -> pd.Series:
    """Hours after `START` as instants exact to the microsecond; None stays missing."""
    moments = [
        pd.NaT if h is None else START + pd.Timedelta(microseconds=round(h * 3.6e9)) for h in hours
    ]
    return pd.Series(moments, dtype=TIME_TYPE)


@pytest.fixture(scope="session")
def draw_events() -> Callable[..., pd.DataFrame]:
    """Makes an events table of tuples (patient, key, hour, value[, known hour[, until hour]])."""

    def draw(*lines: tuple) -> pd.DataFrame:
        full = [(*line, *[None] * (6 - len(line))) for line in lines]
        patient, key, hour, value, known, until = zip(*full, strict=True) if full else [()] * 6
        table = {
            "patient_id": pd.Series(patient, dtype="str"),
            "time": instants(hour),
            "known_time": instants(
                [h if k is None else k for h, k in zip(hour, known, strict=True)]
            ),
            "until_time": instants(until),
            "key": pd.Series(key, dtype="str"),
            "value": pd.Series(value, dtype="float64"),
        }
        return pd.DataFrame(table)[list(EVENT_COLUMNS)]

    return draw


@pytest.fixture(scope="session")
def ask_at() -> Callable[..., pd.DataFrame]:
    """Makes as-of rows of pairs (patient, hour)."""

    def ask(*pairs: tuple[str, float]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "patient_id": pd.Series([patient for patient, _ in pairs], dtype="str"),
                "as_of": instants([hour for _, hour in pairs]),
            }
        )

    return ask


@pytest.fixture(scope="session")
def ward_records() -> pd.DataFrame:
    """Records of 80 drawn patients over eight days, with CRS that follows fever and CRP."""
    random = np.random.default_rng(5)
    lines: list[tuple] = []
    for number in range(80):
        name, severity = f"patient-{number:02d}", random.gamma(1.0, 1.0)
        lines.append((name, None, "sex", number % 2, None, None))
        lines.append((name, 0.0, "teclistamab", 1.5, "mg/kg", None))
        for day in range(8):
            rise = severity * np.exp(-((day - 3.0) ** 2) / 4.0)
            hour = 24.0 * day - 0.5
            for key, value, unit in (
                ("crp", 5.0 + 90.0 * rise * random.lognormal(0, 0.2), "mg/L"),
                ("platelets", 180.0 / (1 + rise) * random.lognormal(0, 0.1), "10*9/L"),
                ("ldh", 200.0 * (1 + rise) * random.lognormal(0, 0.1), "U/L"),
                ("creatinine", 80.0 * random.lognormal(0, 0.1), "umol/L"),
                ("temperature", 36.8 + min(rise, 3.0) + random.normal(0, 0.2), "Cel"),
            ):
                if random.random() > 0.1:
                    lines.append((name, hour, key, round(value, 2), unit, hour + 1.5))
            grade = float(np.clip(np.round(1.6 * rise), 0, 4))
            lines.append((name, hour + 6.0, "crs_grade", grade, None, None))
            if random.random() < 0.03 + 0.03 * severity:
                lines.append((name, hour + 9.0, "infection_onset", None, None, None))
        if severity > 1.0:
            lines.append((name, 60.25, "tocilizumab", 8.0, "mg/kg", None))
    patient, hour, code, value, unit, known = zip(*lines, strict=True)
    return pd.DataFrame(
        {
            "patient_id": pd.Series(patient, dtype="str"),
            "time": instants(hour),
            "code": pd.Series(code, dtype="str"),
            "numeric_value": pd.Series(value, dtype="float64"),
            "text_value": pd.Series([None] * len(lines), dtype="str"),
            "unit": pd.Series(unit, dtype="str"),
            "result_time": instants(known),
            "source": "drawn",
        }
    )


@pytest.fixture(scope="session")
def ward_file(ward_records: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn ward (not virtual patients of the simulator) as a CSV file."""
    path = tmp_path_factory.mktemp("ward") / "ward.csv"
    ward_records.drop(columns="source").to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def ward_events(ward_records: pd.DataFrame) -> pd.DataFrame:
    """The harmonised events of `ward_records`."""
    return harmonise(ward_records).events


@pytest.fixture(scope="session")
def ward_cohort(ward_events: pd.DataFrame) -> Cohort:
    """Daily feature rows of the drawn ward with their labels."""
    source = Events(ward_events, empty_rejects(), len(ward_events), (), virtual=False)
    return label_cohort(source, DAY, tuple(Outcome), DAY)


@pytest.fixture(scope="session")
def ward_rows(ward_cohort: Cohort) -> pd.DataFrame:
    """The feature rows alone."""
    return ward_cohort.rows


@pytest.fixture(scope="session")
def ward_training(ward_cohort: Cohort) -> dict[Outcome, TrainingRows]:
    """Rows to learn from with three folds, twice, by outcome."""
    config = TrainingConfig(Path(), "table", Path(), folds=3, repeats=2)
    return {outcome: training_rows(ward_cohort, outcome, config) for outcome in Outcome}


@pytest.fixture(scope="session")
def ward_bundle(
    ward_training: dict[Outcome, TrainingRows],
    ward_rows: pd.DataFrame,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bundle:
    """A released bundle learnt from the drawn ward with tiny boosters."""
    folder = tmp_path_factory.mktemp("released") / "bundle"
    models, analytes = {}, {}
    for outcome, training in ward_training.items():
        declared = [c.name for c in COLUMNS[outcome] if c.name in training.rows]
        columns = useful_columns(training.rows[declared])
        fitted = fit_committee(training, columns, TINY, 3, "test")
        judged = training.judged_rows
        opponents = {
            name: make().fit(judged.rows, judged.label) for name, make in BASELINES[outcome].items()
        }
        tiers = TierThresholds(0.1, 0.3)
        models[outcome] = OutcomeModel(fitted.model, fitted.calibration, tiers, opponents)
        values, _ = fitted.model.contributions(training.rows)
        shares = by_analyte(fitted.calibration.slope * values, fitted.model.names)
        analytes[str(outcome)] = describe_analytes(training.rows, shares)
    card = Card("80 drawn patients", True, 80, 24.0, "0" * 64, "0" * 64, 3, {"numpy": "2"})
    reference = Reference(describe_features(ward_rows), analytes)
    save_bundle(folder, 24.0, card, models, reference, {"outcomes": {}}, "# Model card\n")
    return load_bundle(folder)


STAY_ENDS = 100.0  # hours after the start; laws ask at that hour and around it
STAY_HOURS = (0.0, 4.0, 28.0, 52.0, 75.5, 76.0, 94.0, 99.5, 100.0, 100.5, 124.0)
DELAYS = (None, None, 0.5, 6.0, 30.0)
MEASURED = (
    ("crp", "mg/L", (3.0, 12.0, 58.0, 140.0, 9000.0, "<5")),
    ("LOINC//1988-5", "mg/dL", (0.3, 5.8, 14.0)),
    ("temperature", "Cel", (36.6, 38.5, 40.1)),
    ("platelets", "10*9/L", (12.0, 80.0, 210.0)),
    ("ldh", "U/L", (180.0, 900.0)),
    ("creatinine", "umol/L", (60.0, 300.0)),
)
HAPPENED = (
    ("crs_grade", None, (3.0, 0.0, 1.0, 2.0, 4.0)),
    ("teclistamab", "mg/kg", (0.06, 1.5)),
    ("tocilizumab", "mg/kg", (8.0,)),
    ("dexamethasone", "mg", (16.0,)),
    ("blood_culture", None, ("negative", "Staphylococcus epidermidis", "Escherichia coli")),
    ("weight", "kg", (70.0, 82.0)),
    ("infection_onset", None, (None,)),
    ("death", None, (None,)),
    ("moon phase", None, (3.0,)),
)
VALUES = {code: values for code, _, values in (*MEASURED, *HAPPENED)}


@st.composite
def drawn_stay(draw: st.DrawFn) -> list[dict]:
    """One patient's records as a caller writes them: late, doubled, corrected and wrong ones too.

    `hour` and `known_hour` count from `START`; None is a fact without a time, or known at once.
    """
    lines = [{"hour": None, "code": "sex", "value": "female", "unit": None, "known_hour": None}]
    written = [draw(st.sampled_from(HAPPENED)) for _ in range(draw(st.integers(1, 4)))]
    written += [draw(st.sampled_from(MEASURED)) for _ in range(draw(st.integers(2, 10)))]
    for code, unit, values in written + list(MEASURED[1:]) * draw(st.integers(0, 1)):
        hour, delay = draw(st.sampled_from(STAY_HOURS)), draw(st.sampled_from(DELAYS))
        line = {"hour": hour, "code": code, "value": draw(st.sampled_from(values)), "unit": unit}
        lines.append(line | {"known_hour": None if delay is None else hour + delay})
    for line in draw(st.lists(st.sampled_from(lines[1:]), max_size=3)):
        known = draw(st.sampled_from((line["known_hour"], line["hour"] + 8.0, STAY_ENDS + 1.0)))
        value = draw(st.sampled_from(VALUES[line["code"]]))
        lines.append(line | {"value": value, "known_hour": known})
    return lines


@pytest.fixture(scope="session")
def stays() -> st.SearchStrategy[list[dict]]:
    """Draws the records of one patient, see `drawn_stay`."""
    return drawn_stay()


@pytest.fixture(scope="session")
def known_by() -> Callable[[list[dict], float], list[dict]]:
    """The records of a drawn stay that were on file at an hour."""

    def known(stay: list[dict], hour: float) -> list[dict]:
        moments = [(line, (line["hour"], line["known_hour"])) for line in stay]
        return [line for line, pair in moments if all(m is None or m <= hour for m in pair)]

    return known


def written_time(hour: float | None) -> str | None:
    return None if hour is None else (START + pd.Timedelta(hours=hour)).isoformat()


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[tuple]], Events]:
    """Writes pairs (patient, line of a stay) as a records table, in this order, and reads it."""
    path = tmp_path_factory.mktemp("ingested") / "records.csv"

    def ingest(pairs: Sequence[tuple[str, dict]]) -> Events:
        table = pd.DataFrame(
            {
                "patient_id": [patient for patient, _ in pairs],
                "time": [written_time(line["hour"]) for _, line in pairs],
                "code": [line["code"] for _, line in pairs],
                "numeric_value": [line["value"] for _, line in pairs],
                "unit": [line["unit"] for _, line in pairs],
                "result_time": [written_time(line["known_hour"]) for _, line in pairs],
            }
        )
        words = table["numeric_value"].map(lambda value: isinstance(value, str))
        table["text_value"] = table["numeric_value"].where(words)
        table["numeric_value"] = table["numeric_value"].mask(words)
        table.to_csv(path, index=False)
        return load_events(path, "table")

    return ingest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data beside the repository; a test skips where it is absent."""
    folder = Path(__file__).parents[1].parent / "shared/data"
    if not folder.is_dir():
        pytest.skip(f"real data are not here: {folder.name} beside the repository")
    return folder
