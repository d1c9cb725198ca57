"""What was set aside of the records, in one line a reason."""

import pandas as pd

from features.catalogue import key_of
from features.tables import count_rejects

LONGEST_EXAMPLE = 90  # characters


def reject_summary(rejects: pd.DataFrame) -> list[str]:
    """One line a reason, most frequent first: how many, what is most affected, one of them.

    >>> rejects = pd.DataFrame(
    ...     {
    ...         "reason": ["unknown_unit", "unknown_unit", "no_value"],
    ...         "code": ["LOINC//1988-5", "crp", "weight"],
    ...         "source": ["a.csv:3", "a.csv:4", "a.csv:9"],
    ...         "detail": ["crp: no conversion from furlong to mg/L"] * 2 + ["weight: no number"],
    ...     }
    ... )
    >>> for line in reject_summary(rejects):
    ...     print(line)
    2 unknown_unit, most in crp (2), such as a.csv:3: crp: no conversion from furlong to mg/L
    1 no_value, most in weight (1), such as a.csv:9: weight: no number
    """
    reasons = rejects["reason"].astype("str")
    return [
        f"{count} {reason}, {_most_affected(rejects[reasons == reason])}"
        for reason, count in count_rejects(rejects).items()
    ]


def _most_affected(rejects: pd.DataFrame) -> str:
    """The key (or unknown code) that most of these have, and the place of its first."""
    codes = rejects["code"].astype("str").fillna("(no code)")
    named = {code: key_of(code) or code for code in codes.unique()}
    keys = codes.map(named)
    counts = keys.value_counts()
    most = min(counts[counts == counts.max()].index)
    first = rejects[keys == most].iloc[0]
    example = f"{first['source']}: {first['detail']}"
    if len(example) > LONGEST_EXAMPLE:
        example = example[: LONGEST_EXAMPLE - 3] + "..."
    return f"most in {most} ({counts[most]}), such as {example}"
