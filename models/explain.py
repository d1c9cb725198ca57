"""From TreeSHAP contributions to signed shares per analyte and plain sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from features.catalogue import Kind, kind_of, name_of, unit_of
from features.declared import columns_named
from features.matrix import feature_rows
from features.scores import SCORES
from features.trajectory import Feature, Statistic
from models.prediction import Reason
from models.reference import analytes_of

REASONS_SHOWN = 6

_SCORE_MEANING = {score.name.partition(".")[0]: score.meaning for score in SCORES}


def by_analyte(contributions: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Sum contributions (rows x features) over the features of each analyte, in a fixed order."""
    analytes = analytes_of(names)
    order = sorted(set(analytes))
    place = {analyte: position for position, analyte in enumerate(order)}
    membership = np.zeros((len(names), len(order)))
    membership[np.arange(len(names)), [place[analyte] for analyte in analytes]] = 1.0
    return pd.DataFrame(contributions @ membership, columns=order)


def reasons(
    contributions: Mapping[str, float], row: pd.Series, recent: Mapping[str, "Recent"]
) -> tuple[Reason, ...]:
    """The strongest contributions as sentences, strongest first.

    Args:
        contributions: log-odds by analyte.
        row: the model's own feature row, for scores.
        recent: latest value, its age and its change by analyte (see `recent_values`).
    """
    total = sum(abs(value) for value in contributions.values())
    strongest = sorted(contributions, key=lambda key: (-abs(contributions[key]), key))
    return tuple(
        Reason(
            analyte=key,
            sentence=_sentence(key, row, recent.get(key)),
            contribution=contributions[key],
            share=abs(contributions[key]) / total,
        )
        for key in strongest[:REASONS_SHOWN]
        if contributions[key] != 0.0
    )
