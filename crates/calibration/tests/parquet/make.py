"""Writes the tables beside it, in the ways that pandas, pyarrow and polars write them: python make.py

Needs pyarrow, pandas and polars, which the tests do not.
"""
import datetime, decimal, pathlib
import pandas, polars, pyarrow, pyarrow.compute, pyarrow.parquet

here = pathlib.Path(__file__).parent
days = [datetime.datetime(2004, 1, 1 + i // 2, 12 * (i % 2)) for i in range(6)]
columns = {
    "station": ["A", "B"] * 3,
    "date": days,
    "m1": [1.5, None, 0.1, 1e-3, -7.25, 3.0],
    "m2": [1, 2, 3, 4, 5, 6],
    "obs": [1.0, 2.0, None, 4.0, 5.0, 6.0],
    "lat": [46.5, 47.25] * 3,
}
frame = pandas.DataFrame(columns)
frame["m2"] = frame["m2"].astype("int16")
for codec in ["snappy", "zstd", "gzip", None]:
    frame.to_parquet(here / f"pandas_{codec or 'uncompressed'}.parquet", compression=codec)
polars.DataFrame(columns).with_columns(polars.col("m1").cast(polars.Float32)).write_parquet(
    here / "polars.parquet"
)
table = pyarrow.table(columns)
for unit in ["ms", "us", "ns"]:
    for zone in [None, "UTC"]:
        at = table.schema.get_field_index("date")
        dates = table["date"].cast(pyarrow.timestamp(unit)).cast(pyarrow.timestamp(unit, zone))
        name = f"pyarrow_{unit}{'_utc' if zone else ''}.parquet"
        pyarrow.parquet.write_table(table.set_column(at, "date", dates), here / name)


def with_column(name, values, kind, file):
    at = table.schema.get_field_index(name)
    pyarrow.parquet.write_table(table.set_column(at, name, pyarrow.array(values, kind)), here / file)


with_column("date", [str(day) for day in days], pyarrow.string(), "dates_as_text.parquet")
with_column("station", [10, 20] * 3, pyarrow.int32(), "stations_as_integers.parquet")
with_column("m2", [decimal.Decimal(i) for i in range(6)], pyarrow.decimal128(9, 2), "decimal.parquet")
with_column("m2", [[1.0]] * 6, pyarrow.list_(pyarrow.float64()), "list.parquet")
with_column("m2", [True] * 6, pyarrow.bool_(), "boolean.parquet")
with_column("m2", [datetime.time(1)] * 6, pyarrow.time64("us"), "time.parquet")
late = [day + datetime.timedelta(microseconds=5) for day in days]
with_column("date", late, pyarrow.timestamp("us"), "part_of_a_second.parquet")
midnights = table.filter(pyarrow.compute.equal(table["station"], "A"))
at = midnights.schema.get_field_index("date")
pyarrow.parquet.write_table(midnights.set_column(at, "date", midnights["date"].cast(pyarrow.date32())), here / "days.parquet")
