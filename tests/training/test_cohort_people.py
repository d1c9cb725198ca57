"""Who the virtual patients are: each centre's own, and every draw of a birth drawn once."""

import dataclasses

import numpy as np
import pytest

from training.cohort.centres import USUAL_MIX, centre
from training.cohort.chance import patient_keys, uniform
from training.cohort.laboratories import PLACE
from training.cohort.parameters import DISEASES, PHYSIOLOGY
from training.cohort.people import DOUBTS, MOST_EARLIER_INFECTIONS, counts, make_people
from training.cohort.products import Kind, product
from training.cohort.simulation import DEFAULT_MIX, simulate

KEYS = patient_keys(3, 0, 4000)


def persons(place: str) -> np.ndarray:
    return make_people(KEYS, DEFAULT_MIX, mix=centre(place).case_mix).persons


def diseases(rows: np.ndarray) -> set[str]:
    return {DISEASES[place].key for place in np.unique(rows["disease"])}


def test_no_draw_of_a_birth_is_drawn_again_in_the_first_hours() -> None:
    for row, key in zip(persons("university")[:20], KEYS[:20], strict=True):
        drawn = {uniform(key, hour, question) for hour in range(4) for question in range(1024)}
        assert drawn.isdisjoint(row[name] for name in DOUBTS)


def test_a_longer_table_of_the_body_leaves_the_person_as_they_were() -> None:
    longer = (*PHYSIOLOGY, dataclasses.replace(PHYSIOLOGY[0], name="another", spread=0.1))
    usual, asked_more = (make_people(KEYS[:500], DEFAULT_MIX, table).persons
                         for table in (PHYSIOLOGY, longer))  # fmt: skip
    assert (usual == asked_more).all()


def test_university_and_registry_take_everybody_as_they_come() -> None:
    for place in ("university", "registry"):
        assert centre(place).case_mix == USUAL_MIX
    assert (persons("university") == make_people(KEYS, DEFAULT_MIX).persons).all()


def test_each_centre_has_patients_of_its_own() -> None:
    usual, community, poor, at_home = map(
        persons, ("university", "community", "low_income", "home_based")
    )
    assert community["age"].mean() > usual["age"].mean() + 3
    assert poor["age"].mean() < usual["age"].mean() - 3
    assert community["prior_lines"].mean() < 0.9 * usual["prior_lines"].mean()
    assert poor["prior_lines"].mean() > 1.1 * usual["prior_lines"].mean()
    # the same people with another tumour: what is drawn is drawn alike
    np.testing.assert_allclose(poor["burden_score"] - usual["burden_score"], 0.6)
    np.testing.assert_allclose(at_home["burden_score"] - usual["burden_score"], -0.6)
    assert (poor["tumour_burden"] > usual["tumour_burden"]).all()
    assert (at_home["tumour_burden"] < usual["tumour_burden"]).all()
    np.testing.assert_array_equal(at_home["age"], usual["age"])


def test_a_centre_for_adults_treats_no_child_and_no_disease_of_children() -> None:
    community = persons("community")
    assert community["age"].min() >= 18.0
    assert "b_all" in diseases(persons("university"))
    assert "b_all" not in diseases(community)
    assert "b_all_adult" in diseases(community)
    # a product for nothing else is given there to the oldest of them
    only_children = dataclasses.replace(product("tisagenlecleucel"), diseases=(("b_all", 1.0),))
    oldest = make_people(KEYS[:200], (only_children,), mix=centre("community").case_mix).persons
    assert diseases(oldest) == {"b_all"}
    assert oldest["age"].min() >= 18.0


def test_the_centre_reaches_the_records() -> None:
    def burden(place: str) -> float:
        records = simulate(60, seed=2, days=1, centre=place).records
        return float(records.loc[records["code"] == "tumour_burden", "numeric_value"].mean())

    assert burden("low_income") > burden("university") > burden("home_based")


def test_cells_go_through_a_central_line_injections_mostly_not() -> None:
    rows = persons("university")
    cells = np.array([row.kind is Kind.CAR_T for row in DEFAULT_MIX])[rows["product"]]
    assert rows["central_line"][cells].mean() == pytest.approx(0.85, abs=0.03)
    assert rows["central_line"][~cells].mean() == pytest.approx(0.2, abs=0.03)


def test_low_igg_and_many_lines_have_had_more_infections() -> None:
    people = make_people(KEYS, (product("teclistamab"),))
    rows, igg = people.persons, people.rest[:, PLACE["igg"]]
    count = rows["prior_infections"]
    assert count.min() == 0
    assert count.max() <= MOST_EARLIER_INFECTIONS
    low, many = igg < np.median(igg), rows["prior_lines"] >= 6
    assert count[low].mean() > 1.3 * count[~low].mean()
    assert count[many].mean() > 1.3 * count[~many].mean()


@pytest.mark.parametrize("mean", [0.3, 1.0, 2.5])
def test_counts_follow_poisson(mean: float) -> None:
    """Evenly spread chances give the published probabilities exp(-m) m^k / k!."""
    even = (np.arange(100_000) + 0.5) / 100_000
    share = np.bincount(counts(even, np.full(100_000, mean)), minlength=4)[:4] / 100_000
    expected = [np.exp(-mean) * mean**k / f for k, f in enumerate((1, 1, 2, 6))]
    np.testing.assert_allclose(share, expected, atol=1e-4)
