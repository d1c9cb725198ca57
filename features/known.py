"""Which records were on file at a moment: the law of time, as one line of pandas."""

import pandas as pd


def known_at(records: pd.DataFrame, as_of: pd.Timestamp | pd.Series) -> pd.DataFrame:
    """The records that could be known at `as_of`, unchanged and in their order.

    What happened later is left out, and so is a result that came later. A record without a time
    (sex) is always known; one without a `result_time` is known from its `time` on.

    Args:
        records: the records contract, of one patient or of many.
        as_of: one moment with a time zone, or one for each record.

    >>> times = pd.to_datetime(["2026-03-01T06:00Z", "2026-03-01T09:00Z", "2026-03-02T06:00Z"])
    >>> late = pd.to_datetime([None, "2026-03-01T11:00Z", None], utc=True)
    >>> drawn = pd.DataFrame({"code": ["crp", "ferritin", "crp"], "time": times,
    ...                       "result_time": late})
    >>> list(known_at(drawn, pd.Timestamp("2026-03-01T10:00Z"))["code"])
    ['crp']
    >>> list(known_at(drawn, pd.Timestamp("2026-03-01T12:00Z"))["code"])
    ['crp', 'ferritin']
    """
    later = (records["time"] > as_of) | (records["result_time"] > as_of)
    return records[~later]
