"""Random windows for training: foehn against xarray over one Zarr store, interleaved, medians.

    python tests/benchmarks/windows_xarray.py PROGRAM [rounds]

A window is a state and the one after it. The store has one state a chunk (zstd), 4000 x 96 x 144. foehn may keep
64 MB of states, a third of the store; xarray reads what it is asked for. Both open the store before the clock starts.
"""
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
states, windows = 4000, 500

with tempfile.TemporaryDirectory() as folder:
    store = str(Path(folder) / "x.zarr")
    draws = np.random.default_rng(1)
    field = draws.standard_normal((states, 96, 144), dtype="f4").cumsum(0).round(2)
    xr.Dataset(
        {"t": (("time", "latitude", "longitude"), field, {"units": "K"})},
        {
            "time": np.datetime64("2000-01-01", "ns") + np.arange(states) * np.timedelta64(6, "h"),
            "latitude": ("latitude", np.linspace(88, -88, 96), {"units": "degrees_north"}),
            "longitude": ("longitude", np.arange(144) * 2.5, {"units": "degrees_east"}),
        },
    ).to_zarr(store, encoding={"t": {"chunks": (1, 96, 144)}})

    def theirs(seed):
        data = xr.open_zarr(store, chunks=None)["t"]
        starts = np.random.default_rng(seed).integers(0, states - 1, windows)
        begin = time.perf_counter()
        for start in starts:
            data.isel(time=slice(start, start + 2)).values
        return time.perf_counter() - begin

    def ours(seed):
        run = subprocess.run([program, store, str(windows), str(seed)], check=True, capture_output=True)
        return float(run.stdout)

    ours(0), theirs(0)
    pairs = [(ours(k), theirs(k)) for k in range(1, rounds + 1)]
    mine, other = (statistics.median(p[k] for p in pairs) for k in (0, 1))
    print(json.dumps({
        "windows_per_second": {"foehn": round(windows / mine), "xarray": round(windows / other)},
        "ratio": round(statistics.median(b / a for a, b in pairs), 1),
        "rounds": rounds,
    }))
