#!/usr/bin/env bash
# `foehn prepare` against xarray, dask and zarr-python on the same NetCDF files, two threads each, interleaved.
#
#   FOEHN=path/to/foehn PYTHON=path/to/python bash tests/benchmarks/prepare.sh [GIGABYTES [ROUNDS]]
#
# The interpreter needs netCDF4, xarray, dask and zarr; flox makes xarray's groups faster. Files go to a folder below
# TMPDIR, which is removed in the end.
set -euo pipefail
size=${1:-1} rounds=${2:-3}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
"$PYTHON" "$here/prepare_input.py" "$work/input" "$size"
for ((round = 1; round <= rounds; round++)); do
    "$PYTHON" "$here/prepare_xarray.py" "$work/input" "$work/xarray.zarr"
    /usr/bin/env python3 - "$FOEHN" prepare "$here/prepare.toml" --set "prepare.from=\"$work/input/winds_*.nc\"" \
        --to "$work/foehn.zarr" --threads 2 --quiet --overwrite <<'PYTHON'
import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
print(f"foehn  {time.perf_counter() - begun:.1f} s, peak {peak:.0f} MB")
PYTHON
done
"$PYTHON" - "$work/xarray.zarr" "$work/foehn.zarr" <<'PYTHON'
import sys, numpy, xarray
theirs, ours = (xarray.open_zarr(path) for path in sys.argv[1:])
theirs = theirs.sel(time=ours.time)  # xarray also has days without a state, which foehn leaves out
for name in theirs.data_vars:
    a, b = theirs[name].values, ours[name].values[: len(theirs[name])]
    scale = max(1.0, float(numpy.nanmax(numpy.abs(a))))
    # xarray adds up in single precision
    print(f"{name}: largest difference {numpy.nanmax(numpy.abs(a - b)) / scale:.1e} of the largest value")
PYTHON
