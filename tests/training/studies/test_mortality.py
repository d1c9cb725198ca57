"""Death foretold from three analytes: what is read, what is known when, and the published rule."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.tables import InvalidInputError
from training.studies.mortality import (
    DAYS_BEFORE,
    Stays,
    before_the_end,
    days_of,
    foretell,
    main,
    published_rule,
    read_stays,
)

LDH, CRP, LYMPHOCYTES = (
    "Lactate dehydrogenase", "High sensitivity C-reactive protein", "(%)lymphocyte",
)  # fmt: skip


def stay(number: int, died: bool, days: int = 8) -> list[dict]:
    """One line a day at 08:00; the number stands on the first line alone, as in the workbooks."""
    start = pd.Timestamp("2020-02-01 08:00")
    worse = 40.0 if died else -5.0
    return [
        {
            "PATIENT_ID": number if day == 0 else np.nan,
            "RE_DATE": start + pd.Timedelta(days=day),
            "Admission time": start - pd.Timedelta(hours=2),
            "Discharge time": start + pd.Timedelta(days=days),
            "outcome": int(died),
            LDH: 300.0 + worse * day + number,
            CRP: 40.0 + worse / 2 * day if day % 2 == 0 else np.nan,
            LYMPHOCYTES: 15.0 - worse / 40 * day,
        }
        for day in range(days)
    ]


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stays") / "stays.xlsx"
    lines = [line for number in range(40) for line in stay(number, died=number % 3 == 0)]
    pd.DataFrame(lines).to_excel(path, index=False)
    return path


@pytest.fixture(scope="module")
def stays(workbook: Path) -> Stays:
    return read_stays(workbook)


def test_a_workbook_gives_stays_and_every_value_that_was_measured(stays: Stays) -> None:
    assert len(stays.ends) == 40
    assert stays.ends["died"].sum() == 14
    assert stays.events["key"].value_counts().to_dict() == {
        "ldh": 320, "lymphocytes_percent": 320, "crp": 160,
    }  # fmt: skip


def test_a_moment_is_asked_only_once_something_is_known(stays: Stays) -> None:
    assert len(before_the_end(stays, 8)) == 40  # the first morning's values stand at that moment
    assert before_the_end(stays, 9).empty
    grid = days_of(stays)
    assert (grid.groupby("patient_id").size() == 8).all()


def test_the_published_tree_is_read_as_it_is_drawn() -> None:
    cases = {
        (365.0, 1.0, 40.0): 1.0,  # LDH alone
        (364.9, 41.2, 14.7): 0.0,  # inflamed, lymphocytes at the limit
        (364.9, 41.2, 14.6): 1.0,
        (364.9, 41.1, 1.0): 0.0,
        (np.nan, np.nan, np.nan): 0.0,
        (np.nan, 100.0, np.nan): 1.0,
    }
    names = ["ldh.last", "crp.last", "lymphocytes_percent.last"]
    rows = pd.DataFrame(list(cases), columns=names)
    assert published_rule(rows).tolist() == list(cases.values())


def test_stays_that_part_are_told_apart_and_no_scorer_is_left_out(stays: Stays) -> None:
    found = foretell(stays, stays, repeats=1)
    assert set(found["days_before"]) == {days for days in DAYS_BEFORE if days <= 8}
    assert (found.groupby("days_before").size() == 3).all()
    late = found[(found["days_before"] == 1) & (found["scorer"] == "model")].iloc[0]
    assert (late["patients"], late["deaths"]) == (40, 14)
    assert late["auroc"] > 0.95


def test_what_is_no_workbook_of_that_kind_is_told_in_one_line(
    tmp_path: Path, workbook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.xlsx"
    pd.DataFrame({"PATIENT_ID": [1]}).to_excel(other, index=False)
    with pytest.raises(InvalidInputError, match=r"missing: .*Lactate dehydrogenase"):
        read_stays(other)
    out = str(tmp_path / "death.csv")
    assert (
        main(["--learn", str(tmp_path / "none.xlsx"), "--judge", str(workbook), "--out", out]) == 2
    )
    assert capsys.readouterr().err.count("\n") == 1
