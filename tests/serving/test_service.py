"""The running service over real HTTP: what it answers, keeps, survives and refuses."""

import json
import math
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from models.bundle import Bundle, load_bundle
from models.predict import predict_patient, predict_rows
from models.prediction import Verdict
from serving.__main__ import main
from serving.schemas import EXAMPLE_REQUEST, MOST_BODY_BYTES, MOST_RECORDS

PATIENT = "Wilhelmina-Quasthoff-0815"


def question(**changes: object) -> dict:
    return EXAMPLE_REQUEST | {"patient_id": PATIENT} | changes


def ask(client: httpx.Client, **changes: object) -> httpx.Response:
    return client.post("/v1/predictions", json=question(**changes))


def hand_made_records(asked: dict) -> pd.DataFrame:
    """The request's records as a table, built by another route than the service's."""
    table = pd.DataFrame(asked["records"])
    number = table["value"].map(lambda v: v if isinstance(v, int | float) else np.nan)
    return pd.DataFrame(
        {
            "patient_id": asked["patient_id"],
            "time": pd.to_datetime(table["time"], utc=True).astype("datetime64[us, UTC]"),
            "code": table["code"].astype("str"),
            "numeric_value": number.astype("float64"),
            "text_value": table["value"]
            .map(lambda v: v if isinstance(v, str) else None)
            .astype("str"),
            "unit": table["unit"].astype("str"),
            "result_time": pd.to_datetime(table["result_time"], utc=True).astype(
                "datetime64[us, UTC]"
            ),
            "source": "by hand",
        }
    )


def test_the_served_answer_equals_the_model_to_the_bit(service, bundle_folder: Path):
    asked = question()
    answer = ask(service.client).json()
    as_of = pd.Timestamp(asked["as_of"])
    expected = predict_patient(load_bundle(bundle_folder), hand_made_records(asked), as_of)
    for outcome, served in zip(expected.outcomes, answer["outcomes"], strict=True):
        assert served["outcome"] == outcome.outcome
        assert served["verdict"] == outcome.verdict
        assert served["at_risk"] == outcome.at_risk
        assert served["risk"] == outcome.risk
        assert served["interval"] == [outcome.risk_low, outcome.risk_high]
        assert served["tier"] == outcome.tier
        assert served["base"] == outcome.base
        assert served["contributions"] == dict(outcome.contributions)
        assert served["reasons"] == [vars(reason) for reason in outcome.reasons]
    assert answer["rules"] == [vars(rule) for rule in expected.rules]
    assert answer["data_quality"]["age_hours"] == dict(expected.data_quality.age_hours)
    assert answer["model_version"] == expected.model_version


def request_record(record: dict) -> dict:
    """A line of a records table as a caller writes it."""
    value = record["numeric_value"]
    return {
        "time": None if pd.isna(record["time"]) else record["time"].isoformat(),
        "code": record["code"],
        "value": None if pd.isna(value) else value,
        "unit": None if pd.isna(record["unit"]) else record["unit"],
        "result_time": None
        if pd.isna(record["result_time"])
        else record["result_time"].isoformat(),
    }


def test_the_served_answer_equals_the_batch_answer_to_the_bit(
    service, bundle: Bundle, ward_records: pd.DataFrame, ward_events: pd.DataFrame
):
    names = [f"patient-{number:02d}" for number in range(0, 80, 8)]
    as_of = pd.Timestamp("2026-03-04T06:00:00Z")
    moments = pd.DataFrame(
        {"patient_id": names, "as_of": pd.Series([as_of] * len(names), dtype="datetime64[us, UTC]")}
    )
    batch = predict_rows(bundle, ward_events, moments, contributions=False)
    asked = batch.set_index(["patient_id", "outcome"])
    for name in names:
        lines = ward_records[ward_records["patient_id"] == name].to_dict("records")
        records = [request_record(line) for line in lines]
        answer = ask(service.client, patient_id=name, as_of=as_of.isoformat(), records=records)
        for served in answer.json()["outcomes"]:
            line = asked.loc[(name, served["outcome"])]
            assert (served["verdict"], served["at_risk"]) == (line["verdict"], line["at_risk"])
            if served["verdict"] != Verdict.ABSTAIN:
                assert served["risk"] == line["risk"]
                assert served["interval"] == [line["risk_low"], line["risk_high"]]
                assert served["tier"] == line["tier"]
    assert (batch["verdict"] != Verdict.ABSTAIN).sum() > len(names)


def test_contributions_of_the_served_answer_add_up_to_its_risk(service):
    for outcome in ask(service.client).json()["outcomes"]:
        log_odds = outcome["base"] + sum(outcome["contributions"].values())
        assert 1 / (1 + math.exp(-log_odds)) == pytest.approx(outcome["risk"], abs=1e-9)


def test_an_answer_says_what_it_is_and_where_it_learnt(service):
    answer = ask(service.client).json()
    assert answer["learnt_from"] == "80 drawn patients"
    assert "not a certified medical device" in answer["disclaimer"]
    assert answer["patient_id"] == PATIENT
    assert answer["as_of"] == "2024-03-06T07:00:00Z"


def test_where_the_model_abstains_no_number_can_be_read_off(service):
    records = [{"code": "sex", "value": "female"}]
    for outcome in ask(service.client, records=records).json()["outcomes"]:
        assert outcome["verdict"] == Verdict.ABSTAIN
        assert outcome["verdict_reasons"]
        shown = [outcome[name] for name in ("risk", "interval", "tier", "base")]
        assert shown == [None] * 4
        assert (outcome["reasons"], outcome["contributions"]) == ([], {})


def test_records_after_the_moment_asked_about_are_counted_and_change_nothing(service):
    later = {"time": "2024-03-06T09:00:00+01:00", "code": "crp", "value": 300, "unit": "mg/L"}
    still_unknown = {**later, "time": "2024-03-06T07:50:00+01:00", "result_time": later["time"]}
    before = ask(service.client).json()
    after = ask(service.client, records=[*EXAMPLE_REQUEST["records"], later, still_unknown]).json()
    assert (before["data_quality"]["after_as_of"], after["data_quality"]["after_as_of"]) == (0, 2)
    assert after["outcomes"] == before["outcomes"]


def test_without_a_moment_the_question_is_about_now(service):
    answer = ask(service.client, as_of=None).json()
    age = pd.Timestamp.now("UTC") - pd.Timestamp(answer["as_of"])
    assert pd.Timedelta(0) <= age < pd.Timedelta(minutes=1)


def test_the_order_of_the_records_does_not_change_the_answer(service):
    forwards = ask(service.client).json()
    backwards = ask(service.client, records=EXAMPLE_REQUEST["records"][::-1]).json()
    assert backwards["outcomes"] == forwards["outcomes"]


def test_an_answer_can_be_read_again_byte_for_byte(service):
    created = ask(service.client)
    assert created.status_code == 201
    again = service.client.get(created.headers["Location"])
    assert again.status_code == 200
    assert again.content == created.content


def test_the_entry_is_on_the_disk_when_the_answer_arrives(service):
    created = ask(service.client)
    sequence, entry_hash = created.headers["Audit-Entry"].split()
    with closing(sqlite3.connect(service.database)) as other:
        row = other.execute(
            "SELECT entry_hash, answer, request FROM audit_entries WHERE sequence = ?", [sequence]
        ).fetchone()
    assert row == (entry_hash, created.content, created.request.content)


def test_an_answer_survives_the_kill_of_its_process(start_service: Callable, capsys):
    with start_service() as doomed:
        created = ask(doomed.client)
        doomed.stop(signal.SIGKILL)
    noted = created.headers["Audit-Entry"].split()[1]
    database = f"sqlite:///{doomed.database}"
    assert main(["audit", "verify", "--head", noted, "--database", database]) == 0
    assert "the chain holds and the noted head is in it: 1 entries" in capsys.readouterr().out
    with start_service() as again:
        assert again.client.get(created.headers["Location"]).content == created.content
        assert ask(again.client).headers["Audit-Entry"].startswith("2 ")
        assert again.stop(signal.SIGTERM) == 0


def test_concurrent_questions_make_one_unbroken_chain(service):
    before = service.client.get("/v1/audit/verify").json()["count"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: ask(service.client, patient_id=f"p-{n}"), range(24)))
    assert {answer.status_code for answer in answers} == {201}
    assert [answer.json()["patient_id"] for answer in answers] == [f"p-{n}" for n in range(24)]
    report = service.client.get("/v1/audit/verify").json()
    assert (report["holds"], report["count"]) == (True, before + 24)


def test_a_replay_gives_the_same_bytes(service):
    location = ask(service.client).headers["Location"]
    replayed = service.client.post(f"{location}/replay").json()
    assert (replayed["same_bytes"], replayed["difference"]) == (True, None)


def test_a_replay_in_a_new_process_gives_the_same_bytes(
    service, run_audit: Callable, bundle_folder: Path
):
    created = ask(service.client, as_of=None)
    identity = created.json()["prediction_id"]
    replayed = run_audit(service.database, "replay", identity, "--model", str(bundle_folder))
    assert (replayed.stdout, replayed.returncode) == ("same bytes\n", 0)


BAD_RECORDS: list[tuple[dict, str, str]] = [
    ({"time": "2024-03-05T08:00:00"}, "/records/0/time", "no offset from UTC"),
    ({"time": "2024-03-05"}, "/records/0/time", "is not a time"),
    ({"time": 1709622000}, "/records/0/time", "is not a time"),
    ({"time": "1709622000"}, "/records/0/time", "is not a time"),
    ({"time": "2024-02-30T08:00:00Z"}, "/records/0/time", "is not a time"),
    ({"time": "1024-03-05T08:00:00Z"}, "/records/0/time", "1900-01-01 to 2300-01-01"),
    ({"result_time": "2024-03-05T08:00:00"}, "/records/0/result_time", "no offset from UTC"),
    ({"value": True}, "/records/0/value", "neither a number nor a text"),
    ({"value": [1]}, "/records/0/value", "neither a number nor a text"),
    ({"value": 1e301}, "/records/0/value", "not a number that a measurement can have"),
    ({"value": 10**400}, "/records/0/value", "not a number that a measurement can have"),
    ({"code": ""}, "/records/0/code", "is empty"),
    ({"code": 17}, "/records/0/code", "is not a text"),
    ({"code": "x" * 129}, "/records/0/code", "longer than 128 characters"),
    ({"code": "crp\n"}, "/records/0/code", "characters that cannot be seen"),
    ({"valu": 1}, "/records/0/valu", "is not a field"),
    ({"value": "a", "text": "b"}, "/records/0", "another in `text`"),
]


@pytest.mark.parametrize(("change", "pointer", "says"), BAD_RECORDS)
def test_a_wrong_record_is_refused_with_its_place(service, change: dict, pointer: str, says: str):
    record = {"time": "2024-03-05T08:00:00Z", "code": "crp", "value": 5, "unit": "mg/L"} | change
    refused = ask(service.client, records=[record])
    problem = expect_problem(refused, 422, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert says in problem["errors"][0]["detail"]


BAD_QUESTIONS: list[tuple[dict, str, str]] = [
    ({"patient_id": ""}, "/patient_id", "is empty"),
    ({"patient_id": " p"}, "/patient_id", "spaces at its ends"),
    ({"patient_id": 815}, "/patient_id", "is not a text"),
    ({"as_of": "2024-03-05T08:00:00"}, "/as_of", "no offset from UTC"),
    ({"as_of": "2199-01-01T00:00:00Z"}, "/as_of", "lies in the future: it may be at most 5 min"),
    ({"records": []}, "/records", "at least 1 record"),
    ({"records": {}}, "/records", "is not a list"),
    ({"records": [5]}, "/records/0", "is not an object"),
    ({"records": [{"code": "crp"}] * (MOST_RECORDS + 1)}, "/records", "more than 20000 records"),
]


@pytest.mark.parametrize(("change", "pointer", "says"), BAD_QUESTIONS)
def test_a_wrong_question_is_refused_with_its_place(service, change: dict, pointer: str, says: str):
    problem = expect_problem(ask(service.client, **change), 422, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert says in problem["errors"][0]["detail"]


def test_a_flood_of_unknown_keys_is_refused_as_one_fault(service):
    some, flood = ({f"k{place}": 1 for place in range(count)} for count in (100, 200_000))
    problem = expect_problem(ask(service.client, **some), 422, "invalid-request")
    assert len(problem["errors"]) == 100
    problem = expect_problem(ask(service.client, **flood), 422, "invalid-request")
    assert problem["errors"] == [
        {"pointer": "", "detail": "holds more than 100 keys that are no field of the contract"}
    ]
    spread = [{"code": "sex", "value": "f", f"k{place}": 1} for place in range(101)]
    problem = expect_problem(ask(service.client, records=spread), 422, "invalid-request")
    assert len(problem["errors"]) == 1


NOT_JSON = [
    b"",
    b"{",
    b'{"patient_id": "\xff"}',
    b"\xef\xbb\xbf{}",
    b'{"a":"\\ud800"}',
    b"[" * 5000,
]


@pytest.mark.parametrize("body", NOT_JSON)
def test_a_body_that_is_not_json_is_refused(service, body: bytes):
    headers = {"Content-Type": "application/json"}
    refused = service.client.post("/v1/predictions", content=body, headers=headers)
    expect_problem(refused, 400, "not-json")


TWINS = [
    ('"as_of": ', '"as_of": "2024-03-01T08:00:00Z", "as_of": ', "as_of"),
    ('"patient_id": ', '"patient_id": "other", "patient_id": ', "patient_id"),
    ('"value": 58', '"value": 5, "value": 58', "value"),
    ('"code": "crp"', '"code": "sex", "\\u0063ode": "crp"', "code"),
    ('"records": ', '"records": [], "records": ', "records"),
]


@pytest.mark.parametrize(("once", "twice", "key"), TWINS)
def test_a_key_that_stands_twice_is_refused_by_its_name(service, once: str, twice: str, key: str):
    before = service.client.get("/v1/audit/verify").json()
    body = json.dumps(question())
    assert once in body
    headers = {"Content-Type": "application/json"}
    content = body.replace(once, twice, 1)
    refused = service.client.post("/v1/predictions", content=content, headers=headers)
    problem = expect_problem(refused, 400, "duplicate-key")
    assert problem["detail"] == f'The key "{key}" stands more than once in one object.'
    assert service.client.get("/v1/audit/verify").json() == before


def test_a_noted_head_that_can_be_none_is_wrong_input_and_not_a_broken_chain(service):
    for head in ("3f6c0d", "g" * 64, "A" * 64, ""):
        refused = service.client.get("/v1/audit/verify", params={"head": head})
        assert "head" in str(expect_problem(refused, 422, "invalid-request")["errors"])


def test_a_body_of_another_type_is_refused(service):
    refused = service.client.post(
        "/v1/predictions", content=b"{}", headers={"Content-Type": "text/csv"}
    )
    expect_problem(refused, 415, "wrong-media-type")
    expect_problem(service.client.post("/v1/predictions", content=b"{}"), 415, "wrong-media-type")


def test_a_body_over_the_limit_is_refused_whether_it_states_its_length_or_not(service):
    headers = {"Content-Type": "application/json"}
    body = b" " * (MOST_BODY_BYTES + 1)
    stated = service.client.post("/v1/predictions", content=body, headers=headers)
    assert str(MOST_BODY_BYTES) in expect_problem(stated, 413, "too-large")["detail"]
    unstated = service.client.post("/v1/predictions", content=iter([body]), headers=headers)
    expect_problem(unstated, 413, "too-large")


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/v1/predictions/no-such-number", 404, "not-found"),
        ("POST", "/v1/predictions/no-such-number/replay", 404, "not-found"),
        ("GET", "/v1/patients/Quasthoff/elsewhere", 404, "not-found"),
        ("GET", "/v1/predictions", 405, "wrong-method"),
        ("DELETE", "/v1/model", 405, "wrong-method"),
    ],
)
def test_what_is_not_there_is_a_problem_too(
    service, method: str, path: str, status: int, name: str
):
    expect_problem(service.client.request(method, path), status, name)


def expect_problem(response: httpx.Response, status: int, name: str) -> dict:
    """The problem document, after checking what every one of them must have."""
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"]) == (status, status)
    assert problem["type"] == f"urn:crs-risk:problem:{name}"
    assert {"title", "detail", "instance"} <= set(problem)
    assert "Traceback" not in response.text
    return problem


def test_a_refused_question_leaves_no_entry(service):
    before = service.client.get("/v1/audit/verify").json()
    ask(service.client, records=[])
    assert service.client.get("/v1/audit/verify").json() == before


def test_log_lines_say_what_happened_and_never_to_whom(service):
    before = len(service.log_lines())
    created = ask(service.client)
    ask(service.client, patient_id=f"{PATIENT}\n")
    service.client.get(f"/v1/patients/{PATIENT}", params={"name": PATIENT})
    service.client.request(PATIENT[:11], f"/v1/predictions/{PATIENT}")
    lines = service.log_lines(at_least=before + 4)[before:]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/predictions", 201),
        ("POST", "/v1/predictions", 422),
        ("GET", "none", 404),
        ("other", "/v1/predictions/{prediction_id}", 405),
    ]
    assert lines[0]["prediction_id"] == created.json()["prediction_id"]
    assert lines[0]["audit_entry"] == created.headers["Audit-Entry"].split()[1]
    assert "Quasthoff" not in service.log.read_text()


def test_the_model_is_described(service, bundle_folder: Path):
    bundle = load_bundle(bundle_folder)
    model = service.client.get("/v1/model").json()
    assert model["model_version"] == bundle.version
    assert set(model["outcomes"]) == {"severe_crs", "infection"}
    assert model["learnt_from"] == "80 drawn patients"


def test_health_is_told_to_everybody(service):
    assert service.client.get("/healthz").json() == {"status": "alive"}
    assert service.client.get("/readyz").json() == {"status": "ready"}


def test_the_openapi_page_names_every_route_and_its_example_is_answered(service):
    page = service.client.get("/openapi.json").json()
    assert {
        "/v1/predictions",
        "/v1/predictions/{prediction_id}",
        "/v1/predictions/{prediction_id}/replay",
        "/v1/model",
        "/v1/audit/verify",
        "/healthz",
        "/readyz",
    } == set(page["paths"])
    example = page["components"]["schemas"]["PredictionRequest"]["examples"][0]
    assert service.client.post("/v1/predictions", json=example).status_code == 201


def test_the_bare_address_leads_to_the_page_for_people(service):
    led = service.client.get("/")
    assert (led.status_code, led.headers["Location"]) == (307, "docs")
    assert service.client.get("/", follow_redirects=True).url.path == "/docs"


def test_the_page_for_people_needs_nothing_from_elsewhere(service):
    page = service.client.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for path in ("/v1/predictions", "/v1/audit/verify", "/readyz"):
        assert path in page.text
    assert "http" not in page.text.replace("http://127.0.0.1", "")
    assert "<script" not in page.text


def test_every_reference_of_the_openapi_page_leads_somewhere(service):
    page = service.client.get("/openapi.json").json()
    known = {f"#/components/schemas/{name}" for name in page["components"]["schemas"]}
    assert set(references(page)) <= known


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in references(value)]
    return (
        [found for value in node for found in references(value)] if isinstance(node, list) else []
    )


def test_an_altered_answer_is_not_given_out(serve_here: Callable):
    with serve_here() as running:
        location = ask(running.client).headers["Location"]
        with closing(sqlite3.connect(running.database)) as forger:
            forger.execute("DROP TRIGGER audit_entries_refuse_update")
            forger.execute("UPDATE audit_entries SET answer = replace(answer, 'risk', 'rask')")
            forger.commit()
        expect_problem(running.client.get(location), 500, "fault")
        expect_problem(running.client.post(f"{location}/replay"), 500, "fault")
        report = running.client.get("/v1/audit/verify").json()
        assert (report["holds"], report["broken"]["sequence"]) == (False, 1)


def test_no_answer_leaves_without_its_entry(serve_here: Callable):
    with serve_here() as running:
        with closing(sqlite3.connect(running.database)) as other:
            other.execute("ALTER TABLE audit_entries RENAME TO elsewhere")
        refused = ask(running.client)
        expect_problem(refused, 503, "not-ready")
        assert json.loads(refused.content).keys() == {
            "type", "title", "status", "detail", "instance",
        }  # fmt: skip
        expect_problem(running.client.get("/readyz"), 503, "not-ready")
    assert "no such table: audit_entries" in running.logged.getvalue()


def test_a_trail_that_is_gone_or_only_shown_is_broken(serve_here: Callable):
    with serve_here() as running:
        ask(running.client)
        with closing(sqlite3.connect(running.database)) as forger:
            forger.execute("ALTER TABLE audit_entries RENAME TO elsewhere")
            gone = running.client.get("/v1/audit/verify").json()
            forger.execute("CREATE VIEW audit_entries AS SELECT * FROM elsewhere")
            shown = running.client.get("/v1/audit/verify").json()
    for report, reason in ((gone, "is not there"), (shown, "is a view, not a table")):
        assert (report["holds"], report["count"]) == (False, 0)
        assert reason in report["broken"]["reason"]


VALUE, FINDING = 57.8125, "Quasthoff-finding"


def test_no_line_of_the_log_holds_a_patient_or_a_value(serve_here: Callable):
    record = {"time": "2024-03-06T06:40:00+01:00", "code": "crp", "value": VALUE, "unit": "mg/L"}
    strange = [
        {"records": [record]},
        {"records": [record | {"value": FINDING}]},
        {"records": [record | {"unit": FINDING}]},
        {"records": [record | {"code": FINDING}]},
        {"records": [record | {FINDING: VALUE}]},
        {"records": [record | {"time": FINDING}]},
        {"records": [record | {"text": FINDING}]},
        {"records": FINDING},
        {"as_of": FINDING},
        {"as_of": "2999-01-01T00:00:00Z"},
        {FINDING: VALUE},
    ]
    headers = {"Content-Type": "application/json"}
    with serve_here() as running:
        client = running.client
        answers = [ask(client, **changes) for changes in strange]
        half = json.dumps(question())[:-1].encode()
        client.post("/v1/predictions", content=half, headers=headers)
        client.post(f"/v1/predictions?{FINDING}={VALUE}", content=b"{}", headers=headers)
        client.get(f"/v1/predictions/{PATIENT}", headers={FINDING: str(VALUE)})
        with closing(sqlite3.connect(running.database)) as forger:  # text that no reader can decode
            forger.execute("DROP TRIGGER audit_entries_refuse_update")
            forger.execute("UPDATE audit_entries SET request = CAST(request || x'ff' AS TEXT)")
            forger.commit()
        location = next(a.headers["Location"] for a in answers if a.status_code == 201)
        verified = client.get("/v1/audit/verify")
        expect_problem(client.get(location), 503, "not-ready")
    logged = running.logged.getvalue()
    assert logged.count('"event": "request"') == len(strange) + 6  # and one until it was ready
    for told in (PATIENT, "Quasthoff", str(VALUE)):
        assert told not in logged
        assert told not in verified.text


def test_an_unforeseen_error_tells_neither_caller_nor_log_what_it_said(serve_here: Callable):
    def fail() -> None:
        raise KeyError(PATIENT)

    with serve_here(lambda app: app.add_api_route("/fails", fail)) as running:
        problem = expect_problem(running.client.get("/fails"), 500, "fault")
    lines = [json.loads(line) for line in running.logged.getvalue().splitlines()]
    assert any("KeyError" in str(line.get("error")) for line in lines)
    assert any(problem["instance"] == f"urn:uuid:{line.get('request_id')}" for line in lines)
    assert "Quasthoff" not in running.logged.getvalue() + json.dumps(problem)
