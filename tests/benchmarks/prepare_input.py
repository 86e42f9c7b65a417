"""Writes NetCDF-4 files to prepare: six-hourly winds on a globe, one file a year.

    python tests/benchmarks/prepare_input.py FOLDER GIGABYTES
"""

import sys
from pathlib import Path

import netCDF4
import numpy

NY, NX, STEPS_A_DAY = 181, 360, 4
folder, size = Path(sys.argv[1]), float(sys.argv[2]) * 1e9
folder.mkdir(parents=True, exist_ok=True)
total = int(size / (2 * 4 * NY * NX)) // STEPS_A_DAY * STEPS_A_DAY
rng = numpy.random.default_rng(1)
latitude, longitude = numpy.linspace(90, -90, NY), numpy.arange(NX, dtype="f8")
# smooth patterns that turn, with as much noise as leaves nothing to compress in the last bytes
y, x = numpy.meshgrid(numpy.radians(latitude), numpy.radians(longitude), indexing="ij")
noise = rng.standard_normal((8, NY, NX)).astype("f4")
for year, first in enumerate(range(0, total, 365 * STEPS_A_DAY)):
    states = min(365 * STEPS_A_DAY, total - first)
    with netCDF4.Dataset(folder / f"winds_{2001 + year}.nc", "w") as file:
        for name, values, units in (("latitude", latitude, "degrees_north"), ("longitude", longitude, "degrees_east")):
            file.createDimension(name, len(values))
            variable = file.createVariable(name, "f8", (name,))
            variable.units, variable.standard_name = units, name
            variable[:] = values
        file.createDimension("time", None)
        time = file.createVariable("time", "i4", ("time",))
        time.units, time.calendar = f"hours since {2001 + year}-01-01", "standard"
        winds = [
            file.createVariable(name, "f4", ("time", "latitude", "longitude"), chunksizes=(1, NY, NX), fill_value=numpy.float32(9e36))
            for name in ("u", "v")
        ]
        for wind in winds:
            wind.units = "m s-1"
        for start in range(0, states, 64):
            count = min(64, states - start)
            t = numpy.arange(start, start + count)
            phase = t[:, None, None] * 0.02 + 3 * x
            time[start : start + count] = t * (24 // STEPS_A_DAY)
            for k, wind in enumerate(winds):
                field = 10 * numpy.sin(phase + k) * numpy.cos(y) + noise[(t + k) % 8]
                wind[start : start + count] = field.astype("f4")
print(f"{total} states, {sum(f.stat().st_size for f in folder.glob('*.nc')) / 1e9:.2f} GB")
