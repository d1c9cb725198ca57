"""A shipped committee with local trees on top answers as the sum that it stands for."""

import numpy as np
import pytest

from features.outcomes import Outcome
from models.continued import group_size, join_onto
from models.risk import Member, RiskModel, fit_member, join_members
from models.start import Start
from tests.conftest import TINY

EXTRA = "ldh.age"
NOWHERE = Start(0.0, (0.0, 0.0))


@pytest.fixture(scope="module")
def continued(ward_bundle, ward_training):
    """Shipped model, local members, the joined model, and the rows."""
    shipped = ward_bundle.models[Outcome.SEVERE_CRS].risk
    rows = ward_training[Outcome.SEVERE_CRS].rows
    names = tuple(dict.fromkeys((*shipped.names, EXTRA)))
    random = np.random.default_rng(4)
    target = (random.random(len(rows)) < 0.3).astype(float)
    members = [
        fit_member(
            rows[list(names)], target, NOWHERE, TINY, (0,) * len(names), seed,
            offset=0.4 + 0.7 * shipped.margin(rows),
        )
        for seed in range(4)
    ]  # fmt: skip
    return shipped, members, join_onto(shipped, 0.4, 0.7, members, names), rows


def test_the_margin_is_the_line_plus_the_mean_of_the_local_boosters(continued):
    shipped, members, model, rows = continued
    alone = np.mean([join_members([one], model.names).margin(rows) for one in members], axis=0)
    expected = 0.4 + 0.7 * shipped.margin(rows) + alone
    assert np.abs(alone).max() > 0.1
    np.testing.assert_allclose(model.margin(rows), expected, atol=2e-5)


def test_contributions_add_up_to_the_margin(continued):
    _, _, model, rows = continued
    values, base = model.contributions(rows)
    assert values.shape == (len(rows), len(model.names))
    np.testing.assert_allclose(values.sum(axis=1) + base, model.margin(rows), atol=1e-4)


def test_members_of_both_committees_are_shared_out_and_their_mean_is_the_margin(continued):
    shipped, members, model, rows = continued
    assert (shipped.members, len(members), model.members) == (6, 4, 2)
    assert group_size(6, 4) == 3
    margins = model.member_margins(rows)
    np.testing.assert_allclose(margins.mean(axis=1), model.margin(rows), atol=2e-5)
    old = shipped.member_margins(rows)[:, 0::2].mean(axis=1)
    new = np.mean([join_members([m], model.names).margin(rows) for m in members[0::2]], axis=0)
    np.testing.assert_allclose(margins[:, 0], 0.4 + 0.7 * old + new, atol=2e-5)


def test_it_is_kept_in_a_file_like_any_other_model(continued, tmp_path):
    _, _, model, rows = continued
    model.save(tmp_path / "model.ubj")
    again = RiskModel.load(tmp_path / "model.ubj", model.names, model.starts)
    np.testing.assert_array_equal(again.margin(rows), model.margin(rows))


def test_a_row_that_weighs_nothing_is_not_learnt_from(ward_training):
    rows = ward_training[Outcome.SEVERE_CRS].rows.iloc[:60, :5]
    target = (np.arange(60) % 2).astype(float)
    weight = (np.arange(60) < 40).astype(float)

    def margin(last: np.ndarray) -> np.ndarray:
        taught = np.concatenate([target[:40], last])
        signs = (0,) * 5
        fitted = fit_member(rows, taught, NOWHERE, whole_rows, signs, 1, weight=weight)
        return join_members([Member(NOWHERE, fitted.booster)], list(rows)).margin(rows)

    whole_rows = TINY.__class__(**(TINY.as_numbers() | {"row_share": 1.0}))
    np.testing.assert_array_equal(margin(target[40:]), margin(1.0 - target[40:]))
