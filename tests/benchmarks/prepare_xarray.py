"""The same preparation with xarray, dask and zarr-python: daily means of a region, wind speed, statistics.

    python tests/benchmarks/prepare_xarray.py FOLDER OUTPUT.zarr
"""

import resource
import sys
import time

import dask
import xarray
from zarr.codecs import BloscCodec

folder, output = sys.argv[1:]
begun = time.perf_counter()
dask.config.set(scheduler="threads", num_workers=2)
codec = BloscCodec(cname="zstd", clevel=2, shuffle="shuffle")
winds = xarray.open_mfdataset(f"{folder}/winds_*.nc", chunks={"time": 64}, combine="by_coords")
winds = winds.sel(latitude=slice(90, 0))
winds["speed"] = (winds.u**2 + winds.v**2) ** 0.5
daily = winds.resample(time="1D").mean().chunk({"time": 32})
names = list(daily.data_vars)
encoding = {name: {"compressors": [codec]} for name in names}
daily.to_zarr(output, mode="w", encoding=encoding, consolidated=True)
# statistics of what is written, which is smaller than what was read
daily = xarray.open_zarr(output)
statistics = {}
for name in names:
    values = daily[name]
    steps = values.diff("time")
    statistics[f"{name}_mean"] = values.mean("time")
    statistics[f"{name}_standard_deviation"] = values.std("time")
    statistics[f"{name}_tendency_mean"] = steps.mean("time")
    statistics[f"{name}_tendency_standard_deviation"] = steps.std("time")
    statistics[f"{name}_climatology"] = values.groupby("time.dayofyear").mean().chunk({"dayofyear": 32})
xarray.Dataset(statistics).to_zarr(output, mode="a", consolidated=True)
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(f"xarray {seconds:.1f} s, peak {peak:.0f} MB")
