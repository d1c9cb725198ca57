"""What the CRP rule catches under other meanings of "rapid", on rows whose outcome is known."""

from collections.abc import Sequence
from itertools import product
from math import inf

import numpy as np
import pandas as pd

from models.rules import RAPID, Rapid, crp_rule

FOLDS, RISES = (1.5, 2.0, 3.0, inf), (10.0, 20.0, 40.0, inf)  # times; mg/L; in 24 h
MEANINGS = tuple(Rapid(fold, rise) for fold, rise in product(FOLDS, RISES) if min(fold, rise) < inf)
"""Each fold with each rise (either is enough), and each of them alone."""


def by_meaning_of_rapid(
    rows: pd.DataFrame, label: np.ndarray, meanings: Sequence[Rapid] = MEANINGS
) -> pd.DataFrame:
    """The rule's alarms under each meaning.

    Args:
        rows: feature rows with the columns of `models.rules.RULE_COLUMNS`.
        label: 1 where the outcome followed, 0 where not; rows with NaN are not judged.
        meanings: what "rapid" may mean.

    Returns:
        One line a meaning: `fold`, `rise` (mg/L), `default`, and, in rows, `judged`, `answered`
        (there was a CRP to compare with), `alarms` and `caught`; `sensitivity` (caught per row
        before an event, one that the rule cannot answer counts as missed) and `ppv` (caught per
        alarm), NaN where nothing can be divided.
    """
    judged = ~np.isnan(label)
    known, event = rows[judged], label[judged] == 1
    return pd.DataFrame([_line(known, event, rapid) for rapid in meanings])


def _line(rows: pd.DataFrame, event: np.ndarray, rapid: Rapid) -> dict[str, float | bool]:
    answer = crp_rule(rows, rapid)
    alarm = answer == 1.0
    caught, alarms, events = int((alarm & event).sum()), int(alarm.sum()), int(event.sum())
    return {
        "fold": rapid.fold,
        "rise": rapid.rise,
        "default": rapid == RAPID,
        "judged": len(rows),
        "answered": int((~np.isnan(answer)).sum()),
        "alarms": alarms,
        "caught": caught,
        "sensitivity": caught / events if events else np.nan,
        "ppv": caught / alarms if alarms else np.nan,
    }
