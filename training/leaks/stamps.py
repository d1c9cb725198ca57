"""Whether the times at which values became known can be believed."""

import pandas as pd

from features.catalogue import ANALYTES, AnalyteKind, key_of
from features.tables import RejectReason
from training.dataset import Events
from training.leaks.finding import Finding, Severity

CHECK = "feature availability"
MOST_EARLY, FEWEST_EARLY = 0.05, 10
"""Results stamped before their collection are set aside one by one. Where more than this share of
an analyte's values, and at least so many, are, its clock is wrong and the others' stamps may be too
early as well without showing it. A choice of this project."""
NAMED = 6


def early_results(source: Events) -> list[Finding]:
    """Analytes whose results are often known before they were taken."""
    early = source.rejects[source.rejects["reason"] == RejectReason.RESULT_BEFORE_COLLECTION]
    if early.empty:
        return []
    codes = early["code"].astype("str")
    refused = codes.map({code: key_of(code) or code for code in codes.unique()}).value_counts()
    usable = source.events["key"].value_counts()
    found = []
    for key, count in refused.items():
        values = int(count) + int(usable.get(key, 0))
        grave = count >= FEWEST_EARLY and count > MOST_EARLY * values
        found.append(_early(str(key), int(count), values, grave))
    return found


def _early(key: str, count: int, values: int, grave: bool) -> Finding:
    told = "its clock cannot be believed" if grave else "they are set aside"
    return Finding(
        CHECK,
        key,
        f"{count} of {values} results of {key} are stamped before they were taken "
        f"({count / values:.1%}, limit {MOST_EARLY:.0%}): {told}",
        Severity.STOP if grave else Severity.TELL,
    )


def known_at_once(events: pd.DataFrame) -> list[Finding]:
    """Laboratory analytes whose results never took any time: told, for daily files have none."""
    laboratory = [k for k, row in ANALYTES.items() if row.kind is AnalyteKind.LABORATORY]
    values = events[events["key"].isin(laboratory) & events["time"].notna()]
    delayed = (values["known_time"] > values["time"]).groupby(values["key"], observed=True).any()
    at_once = sorted(str(key) for key in delayed.index[~delayed])
    if not at_once:
        return []
    more = f" and {len(at_once) - NAMED} more" if len(at_once) > NAMED else ""
    return [
        Finding(
            CHECK,
            ", ".join(at_once[:NAMED]) + more,
            f"{len(at_once)} of {len(delayed)} laboratory analytes have no result later than its "
            "sample: they count as known when they were taken, which no laboratory manages",
            Severity.TELL,
        )
    ]
