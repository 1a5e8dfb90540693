"""Weather with data frames: polars in one task, pandas in another, Parquet between them."""

from typing import Annotated

import pandas as pd
import polars as pl
from glacier import Dataset, Pipeline, compute
from glacier.storage import ObjectStorage

readings = Dataset(
    "readings", storage=ObjectStorage(), schema={"station": "string", "day": "int64", "celsius": "double"}
)
means = Dataset("means", storage=ObjectStorage(access_pattern="archive", aws_lifecycle_days=3650))

Readings = Annotated[pl.DataFrame, readings]
Lazy = Annotated[pl.LazyFrame, readings]
Means = Annotated[pl.DataFrame, means]
MeansForPandas = Annotated[pd.DataFrame, means]
Warmest = Annotated[dict[str, float], Dataset("warmest")]

pipeline = Pipeline("weather")
with_polars = compute.serverless(memory=1024, requirements=["polars==1.35.2"])
with_pandas = compute.serverless(memory=1024, requirements=["pandas==2.3.3", "pyarrow==21.0.0"])


@pipeline.task(compute=with_polars)
def measure(stations: int = 5, days: int = 30) -> Readings:
    """Readings of a month (made up, the same each time)."""
    rows = [
        (f"s{station}", day, 10 + station + (day * 7 % 11) / 2) for station in range(stations) for day in range(days)
    ]
    return pl.DataFrame(rows, schema=["station", "day", "celsius"], orient="row")


@pipeline.task(compute=with_polars)
def average(lazy: Lazy) -> Means:
    """The mean of each station, read lazily."""
    return lazy.group_by("station").agg(pl.col("celsius").mean()).sort("station").collect()


@pipeline.task(compute=with_pandas)
def warmest(frame: MeansForPandas) -> Warmest:
    """The warmest station."""
    best = frame.loc[frame["celsius"].idxmax()]
    return {str(best["station"]): round(float(best["celsius"]), 2)}
