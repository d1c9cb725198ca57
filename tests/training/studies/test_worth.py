"""What a group of features is worth: the table, on real patients where they are at hand."""

from pathlib import Path

import pytest

from features.outcomes import Outcome
from training.studies.worth import MODEL, groups, main


def test_each_group_has_its_place_around_the_models_columns() -> None:
    seen = groups(Outcome.SEVERE_CRS)
    model = set(seen[MODEL])
    assert set(seen["last values"]) < model
    assert model < set(seen["model and kinetics"])
    assert "crp.synthesis_drive" in seen["model and kinetics"]
    assert model < set(seen["model and every score"])


def test_a_wrong_place_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    asked = ["--records", str(tmp_path / "none.csv"), "--format", "prcrs"]
    assert main([*asked, "--out", str(tmp_path / "worth.csv")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
