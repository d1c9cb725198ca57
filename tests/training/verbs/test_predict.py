"""Predicting tells what of the records it did not use."""

import pandas as pd


def test_what_was_set_aside_is_told_with_its_reason(ward_bundle, ward_file, verb, tmp_path):
    records = pd.read_csv(ward_file, dtype="str", keep_default_na=False)
    patient = records[records["patient_id"] == records["patient_id"].iloc[0]]
    unknown = patient.head(3).assign(code="zinc_of_tomorrow")
    pd.concat([patient, unknown]).to_csv(tmp_path / "others.csv", index=False)
    done = verb(
        "predict", "--model", ward_bundle.folder, "--records", tmp_path / "others.csv",
        "--format", "table", "--no-contributions", "--out", tmp_path / "predictions.csv",
    )  # fmt: skip
    told = [line for line in done.printed.splitlines() if line.startswith("set aside: ")]
    assert told[0].startswith("set aside: 3 unknown_code, most in zinc_of_tomorrow (3)")
