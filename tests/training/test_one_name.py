"""Two hospitals whose numbers overlap: one name, two persons."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.tables import RejectReason
from training.config import TrainingConfig
from training.dataset import load_events
from training.leaks import Severity, audit
from training.leaks.one_name import two_persons_under_one_name

HEADER = "patient_id,time,code,numeric_value,text_value,unit\n"
FEW, MANY = 10, 300


def ward(path: Path, patients: int, other: int, lines: str) -> Path:
    """Patients born 1960, women; the first `other` of them have more lines."""
    text = HEADER
    for number in range(patients):
        text += f"{number},1960-05-17,birth,,,\n{number},,sex,,female,\n"
        text += f"{number},2026-03-02T06:00Z,crp,{10 + number / 7:.2f},,mg/L\n"
        text += lines.replace("ID", str(number)) if number < other else ""
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("patients", "other", "lines", "expected"),
    [
        (FEW, 0, "", None),
        (FEW, 1, "ID,1981-03-15,birth,,,\n", Severity.TELL),
        (FEW, 2, "ID,1981-03-15,birth,,,\n", Severity.STOP),
        (FEW, 2, "ID,1961-05-17,birth,,,\n", None),  # a year between: of one person
        (FEW, 2, "ID,,sex,,male,\n", Severity.STOP),
        (FEW, 2, "ID,2026-03-03T06:00Z,sex,,male,\n", Severity.STOP),
        (MANY, 3, "ID,,sex,,male,\n", Severity.TELL),  # one in a hundred: slips of the pen
        (MANY, 4, "ID,,sex,,male,\n", Severity.STOP),
    ],
)
def test_two_births_or_sexes_under_one_name(patients, other, lines, expected, tmp_path):
    source = load_events(ward(tmp_path / "ward.csv", patients, other, lines), "table")
    found = two_persons_under_one_name(source)
    assert [finding.severity for finding in found] == ([] if expected is None else [expected])
    if found:
        assert f"{other} of {patients} patients have two dates of birth" in found[0].sentence


def test_the_audit_looks_for_it(ward_cohort):
    names = ward_cohort.source.events["patient_id"].astype("str").unique()[:5]
    said = {"patient_id": names, "code": "sex", "reason": RejectReason.CONFLICT}
    rejects = pd.concat([ward_cohort.source.rejects, pd.DataFrame(said)])
    mixed = replace(ward_cohort, source=replace(ward_cohort.source, rejects=rejects))
    found = audit(mixed, {}, TrainingConfig(Path(), "table", Path()))
    assert [each.check for each in found if each.stops] == ["patient overlap"]
