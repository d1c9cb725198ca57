"""How CRP forecasts are judged: pairs and baselines by hand, and the claim on real patients."""

import openpyxl
import pandas as pd
import pytest

from features.harmonise import harmonise
from features.readers import read
from features.tables import TIME_TYPE, InvalidInputError
from training.studies import crp_fit
from training.studies.crp_fit import MEDIAN, fit_turnover, wuhan_events
from training.studies.crp_forecasts import evaluate, main, pairs, with_forecasts

START = pd.Timestamp("2026-03-01T06:00", tz="UTC")


def crp_events(*lines: tuple, patient: str = "a") -> pd.DataFrame:
    """CRP events from (hour, value, known hour, until hour or None)."""
    table = pd.DataFrame(lines, columns=["time", "value", "known_time", "until_time"])
    for name in ("time", "known_time", "until_time"):
        hours = pd.to_timedelta(table[name].astype("float64"), unit="h")
        table[name] = (START + hours).astype(TIME_TYPE)
    return table.assign(patient_id=patient, key="crp")


def test_pairs_are_what_was_known_then_and_what_came_by_hand():
    found = pairs(crp_events((0, 10, 0, None), (24, 20, 26, None), (48, 35, 48, None)))
    asked = (found["as_of"] - START) / pd.Timedelta(hours=1)
    assert list(zip(asked, found["hours"], strict=True)) == [(0, 24), (0, 48), (26, 22)]
    assert list(found["truth"]) == [20, 35, 35]
    assert list(found["last"]) == [10, 10, 20]
    assert list(found["line"]) == pytest.approx([10, 10, 40])
    assert list(found["change"].fillna(0)) == [0, 0, 2]
    assert found["remains"].iloc[2] == pytest.approx(20 * 0.5 ** (24 / 19))


def test_a_corrected_value_counts_as_it_was_known_before_and_as_it_stands_afterwards():
    found = pairs(crp_events((0, 90, 0, 4), (0, 9, 4, None), (24, 10, 24, None)))
    assert list(found["last"]) == [90, 9]
    assert list(found["truth"]) == [10, 10]


def test_every_pair_gets_a_forecast_inside_its_interval():
    values = crp_events(*((24 * day, 10.0 + day, 24 * day, None) for day in range(5)))
    scored = with_forecasts(values, pairs(values))
    assert len(scored) == 4 + 3 + 2  # 24, 48 and 72 h ahead
    assert (scored["low_95"] < scored["low_80"]).all()
    assert (scored["low_80"] < scored["turnover"]).all()
    assert (scored["turnover"] < scored["high_80"]).all()
    assert not scored["blocked"].any()


def test_the_published_workbook_names_a_patient_once_and_leaves_gaps(tmp_path):
    path = tmp_path / "patients.xlsx"
    book = openpyxl.Workbook()
    name = "High sensitivity C-reactive protein"
    for line in (
        ("PATIENT_ID", "RE_DATE", name),
        (1, pd.Timestamp("2020-01-31T12:00"), 43.1),
        (None, pd.Timestamp("2020-02-01T12:00"), None),
        (None, pd.Timestamp("2020-02-02T12:00"), 3.6),
        (2, pd.Timestamp("2020-02-02T12:00"), 7.0),
    ):
        book.active.append(line)
    book.save(path)
    found = wuhan_events(path)
    assert list(found["patient_id"]) == ["1", "1", "2"]
    assert list(found["value"]) == [43.1, 3.6, 7.0]
    book.active.cell(1, 3).value = "CRP"
    book.save(path)
    with pytest.raises(InvalidInputError, match=f"column missing: {name}"):
        wuhan_events(path)
    path.write_bytes(b"no workbook")
    with pytest.raises(InvalidInputError, match="not a readable workbook"):
        wuhan_events(path)


def test_a_fit_to_calm_patients_finds_less_wandering_than_it_expects(monkeypatch):
    monkeypatch.setattr(crp_fit, "EVALUATIONS", 150)
    calm = pd.concat(
        [
            crp_events(
                *((24 * d, level * (1.04 if d % 2 else 0.96), 24 * d, None) for d in range(6)),
                patient=f"p{level}",
            )
            for level in range(5, 65, 5)
        ]
    )
    fitted = fit_turnover(calm, calm)
    assert fitted.assay_sd < MEDIAN.assay_sd
    assert fitted.diffusion < MEDIAN.diffusion
    assert fitted.flare_rate < MEDIAN.flare_rate


def test_a_missing_file_is_one_line_and_exit_status_2(tmp_path, capsys):
    lost = str(tmp_path / "lost.xlsx")
    assert main(["fit", "--wuhan", lost, "--virtual", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert main(["evaluate", "--wuhan", lost, "--virtual", str(tmp_path)]) == 2
    assert "--daily and --out are needed" in capsys.readouterr().err


def test_on_real_car_t_patients_the_forecast_beats_the_last_value(shared_data):
    records = read(shared_data / "car_t_b_all/daily_labs.csv", "prcrs").records
    table = evaluate("car_t_b_all", harmonise(records).events).set_index(
        ["group", "horizon_h", "method"]
    )
    for horizon in (24, 48, 72):
        line = table.loc[("all", horizon, "turnover")]
        assert line["less_high"] < 0
        assert line["rmse_log"] < table.loc[("all", horizon, "last_value"), "rmse_log"]
        assert line["cover_80"] > 0.7
    assert table.loc[("all", 24, "line"), "less_low"] > 0
