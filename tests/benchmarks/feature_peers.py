"""The same statistics by other tools, each in a process of its own: NAME FOLDER -> seconds.

The folder holds `events.parquet` (patient, key, time, value) and `moments.parquet` (patient, time),
sorted. Pandas and polars write what they found for comparison; tsfresh and MEDS-Tab compute what
they have of it (their minimal set and their aggregates) and are compared by time alone.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

WINDOWS = (24, 48, 72, 168)
CHANGES = (24, 48, 72)
BY = ["patient", "key"]
COLUMNS = (
    "last", "age", *(f"change_{h}h" for h in CHANGES),
    *(f"{name}_{h}h" for h in WINDOWS for name in ("minimum", "maximum", "mean", "count", "slope")),
)  # fmt: skip


def _asked(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """One line for each as-of time and key."""
    keys = pd.DataFrame({"key": np.unique(events["key"])})
    return moments.merge(keys, how="cross")


def pandas_rolling(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """As-of lines among the events, then rolling windows by patient and key."""
    asked = _asked(events, moments).assign(asked=True)
    both = pd.concat([events.assign(asked=False), asked], ignore_index=True)
    both = both.sort_values([*BY, "time", "asked"], ignore_index=True)
    hours = both["time"].to_numpy().astype("datetime64[us]").astype(np.int64) / 3.6e9
    both["x"] = np.where(both["asked"], np.nan, hours - hours.min())
    both["xx"], both["xv"] = both["x"] ** 2, both["x"] * both["value"]
    is_asked = both["asked"].to_numpy()
    found = both.loc[is_asked, [*BY, "time"]].copy()
    filled = both.groupby(BY)[["value", "x"]].ffill()[is_asked]
    found["last"], found["age"] = filled["value"], (hours - hours.min())[is_asked] - filled["x"]
    measured = events.sort_values("time")
    for back in CHANGES:
        earlier = found[[*BY, "time"]].assign(time=found["time"] - pd.Timedelta(hours=back))
        earlier = earlier.reset_index().sort_values("time")
        before = pd.merge_asof(earlier, measured, on="time", by=BY).set_index("index")["value"]
        found[f"change_{back}h"] = found["last"] - before
    for window in WINDOWS:
        rolled = both.groupby(BY).rolling(f"{window}h", on="time", min_periods=1)
        for name in ("min", "max", "mean", "count"):
            label = {"min": "minimum", "max": "maximum"}.get(name, name)
            found[f"{label}_{window}h"] = getattr(rolled["value"], name)().to_numpy()[is_asked]
        sums = {c: rolled[c].sum().to_numpy()[is_asked] for c in ("x", "xx", "value", "xv")}
        n = found[f"count_{window}h"]
        across = sums["xx"] - sums["x"] ** 2 / n
        slope = (sums["xv"] - sums["x"] * sums["value"] / n) / across
        found[f"slope_{window}h"] = slope.where(n > 1)
    return found


def polars_rolling(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """The same in polars: rolling aggregates by patient and key, and joins as of earlier times."""
    import polars as pl

    measured = pl.from_pandas(events).sort(*BY, "time")
    asked = pl.from_pandas(_asked(events, moments)).sort(*BY, "time")
    both = pl.concat([measured.with_columns(asked=False), asked.with_columns(
        value=pl.lit(None, pl.Float64), asked=True)], how="diagonal")  # fmt: skip
    both = both.sort(*BY, "time", "asked").with_columns(
        x=pl.when(~pl.col("asked")).then(
            (pl.col("time") - pl.col("time").min()).dt.total_microseconds() / 3.6e9
        )
    )
    seen = measured.with_columns(seen=pl.col("time"))
    found = asked.join_asof(seen, on="time", by=BY, check_sortedness=False).with_columns(
        last=pl.col("value"),
        age=(pl.col("time") - pl.col("seen")).dt.total_microseconds() / 3.6e9,
    ).drop("value", "seen")  # fmt: skip
    for back in CHANGES:
        earlier = found.with_columns(time=pl.col("time") - pl.duration(hours=back))
        before = earlier.join_asof(measured, on="time", by=BY, check_sortedness=False)["value"]
        found = found.with_columns((pl.col("last") - before).alias(f"change_{back}h"))
    x, v, n = pl.col("x"), pl.col("value"), pl.col("value").is_not_null().cast(pl.Float64)
    both = both.with_columns(xx=x * x, xv=x * v, n=n)
    for window in WINDOWS:
        of = {"index_column": "time", "period": f"{window}h", "group_by": BY}
        rolled = both.rolling(**of).agg(
            v.min().alias(f"minimum_{window}h"),
            v.max().alias(f"maximum_{window}h"),
            v.mean().alias(f"mean_{window}h"),
            pl.col("n").sum().alias(f"count_{window}h"),
            v.sum().alias("sv"),
            *(pl.col(name).sum().alias(f"s{name}") for name in ("x", "xx", "xv")),
        )
        count, sx, sv = pl.col(f"count_{window}h"), pl.col("sx"), pl.col("sv")
        slope = (pl.col("sxv") - sx * sv / count) / (pl.col("sxx") - sx * sx / count)
        rolled = rolled.filter(both["asked"]).select(
            pl.selectors.ends_with(f"_{window}h"),
            pl.when(count > 1).then(slope).alias(f"slope_{window}h"),
        )
        found = pl.concat([found, rolled], how="horizontal")
    return found.to_pandas()


def tsfresh_minimal(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """tsfresh's minimal features of each window that ends at an as-of time, by patient and key."""
    from tsfresh.feature_extraction import MinimalFCParameters, extract_features

    asked = _asked(events, moments).reset_index(names="id")
    rolled = asked.merge(events, on=BY, suffixes=("_asked", ""))
    rolled = rolled[rolled["time"] <= rolled["time_asked"]]
    windows = []
    for window in WINDOWS:
        inside = rolled[rolled["time"] > rolled["time_asked"] - pd.Timedelta(hours=window)]
        table = inside[["id", "time", "value"]]
        settings = MinimalFCParameters()
        windows.append(
            extract_features(
                table, column_id="id", column_sort="time", column_value="value",
                default_fc_parameters=settings, n_jobs=2, disable_progressbar=True,
            ).add_suffix(f"_{window}h")
        )  # fmt: skip
    return pd.concat(windows, axis=1)


def meds_tab(events: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """MEDS-Tab's aggregates over the windows, at the as-of times."""
    import polars as pl
    from MEDS_tabular_automl.generate_summarized_reps import generate_summary
    from MEDS_tabular_automl.generate_ts_features import get_flat_ts_rep

    shard = pl.from_pandas(events).select(
        pl.col("patient").cast(pl.Int64).alias("subject_id"),
        "time",
        pl.format("key{}", "key").alias("code"),
        pl.col("value").cast(pl.Float32).alias("numeric_value"),
    )
    shard = shard.sort("subject_id", "time").lazy()
    labels = pl.from_pandas(moments).select(
        pl.col("patient").cast(pl.Int64).alias("subject_id"),
        pl.col("time").alias("prediction_time"),
    )
    labels = labels.sort("subject_id", "prediction_time").lazy()
    columns = [f"key{key}/value" for key in np.unique(events["key"])]
    for aggregate in ("value/min", "value/max", "value/sum", "value/sum_sqd", "value/count"):
        index, matrix = get_flat_ts_rep(aggregate, columns, shard)
        for window in WINDOWS:
            generate_summary(
                columns, index.lazy(), matrix, f"{window // 24}d", aggregate, label_df=labels
            )
    return pd.DataFrame()


PEERS: dict[str, Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]] = {
    "pandas rolling": pandas_rolling,
    "polars rolling": polars_rolling,
    "tsfresh minimal": tsfresh_minimal,
    "MEDS-Tab": meds_tab,
}


def main() -> int:
    """Time one peer."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    events = pd.read_parquet(folder / "events.parquet")
    moments = pd.read_parquet(folder / "moments.parquet")
    try:
        PEERS[name](events[events["patient"] == 0], moments[moments["patient"] == 0])  # imports
        start = time.perf_counter()
        found = PEERS[name](events, moments)
        took = time.perf_counter() - start
    except ModuleNotFoundError as error:
        sys.stdout.write(json.dumps({"skipped": f"{error.name} is not installed"}) + "\n")
        return 0
    if set(COLUMNS) <= set(found.columns):
        ordered = found.sort_values(["patient", "time", "key"])
        np.save(folder / "found.npy", ordered[list(COLUMNS)].to_numpy(dtype=np.float64))
    sys.stdout.write(json.dumps({"seconds": took}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
