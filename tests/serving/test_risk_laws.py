"""Laws of the risk through the running service: no future, no neighbours, the same as the table."""

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training import apply

START = pd.Timestamp("2026-03-01T06:00Z")
AS_OF = 100.0
SLOW = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def instant(hour):
    return None if hour is None else (START + pd.Timedelta(hours=hour)).isoformat()


def asked(service, patient, stay, hour):
    """The service's outcomes, rules and ages; the rest of an answer tells what was sent."""
    records = [
        {"time": instant(line["hour"]), "result_time": instant(line["known_hour"])}
        | {name: line[name] for name in ("code", "value", "unit")}
        for line in stay
    ]
    question = {"patient_id": patient, "as_of": instant(hour), "records": records}
    answer = service.client.post("/v1/predictions", json=question).raise_for_status().json()
    return answer["outcomes"], answer["rules"], answer["data_quality"]["age_hours"]


@SLOW
@given(data=st.data())
def test_what_comes_after_the_moment_changes_no_served_answer(data, stays, known_by, service):
    stay = data.draw(stays)
    late = [line["hour"] for line in stay if line["known_hour"] is not None]
    hour = data.draw(st.sampled_from([*late, AS_OF]))
    assert asked(service, "a", stay, hour) == asked(service, "a", known_by(stay, hour), hour)


@SLOW
@given(data=st.data())
def test_the_order_of_records_and_other_patients_change_no_served_answer(data, stays, service):
    own, other = data.draw(stays), data.draw(stays)
    first = asked(service, "a", own, AS_OF)
    asked(service, "b", other, AS_OF)
    asked(service, "a", other, AS_OF)  # the same name elsewhere: nothing is remembered
    assert asked(service, "a", data.draw(st.permutations(own)), AS_OF) == first


@SLOW
@given(data=st.data())
def test_a_drawn_stay_is_answered_as_the_table_of_its_records_is(
    data, stays, ingested, ask_at, bundle, service
):
    stay = data.draw(stays)
    table = ingested([("a", line) for line in stay])
    answers = apply.predict(bundle, table, ask_at(("a", AS_OF)), True).set_index("outcome")
    served, _, _ = asked(service, "a", stay, AS_OF)
    for one in served:
        row = answers.loc[one["outcome"]]
        assert (one["verdict"], one["at_risk"]) == (row["verdict"], row["at_risk"])
        assert "; ".join(one["verdict_reasons"]) == row["verdict_reasons"]
        if one["verdict"] != "abstain":
            assert one["risk"] == row["risk"]
            assert one["interval"] == [row["risk_low"], row["risk_high"]]
            assert one["tier"] == row["tier"]
            assert one["contributions"] | {"base": one["base"]} == row["contributions"]
