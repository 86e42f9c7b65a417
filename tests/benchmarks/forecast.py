"""50 members x 10 leads of sea level pressure from a cold start: foehn against PyTorch, two threads for either.

Same network and weights (trained for a few steps: speed does not depend on more), same sampler, steps and
initial state. First both forecast without noise, and their states are compared. Then each round starts either
program anew, one after the other: foehn opens the NetCDF file and writes a Zarr store, PyTorch is handed the
initial states as an array and writes another. PyTorch runs in the best of its settings, two memory layouts
and all members at once or ten. Memory is the peak of the whole process, and what the forecast needs beyond what is held
before it: of foehn, beyond the peak of a run that finds its forecast done.

    FOEHN_SHARED_DATA=../shared/data bash tests/benchmarks/forecast.sh [--rounds 7]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

import netCDF4
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = HERE.parents[1] / "configs" / "slp.toml"
DATA = pathlib.Path(os.environ.get("FOEHN_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
FILE = DATA / "gridded" / "ncep_slp_north_atlantic_2001_2008.nc"
MEMBERS, LEADS, STEPS, EPSILON, BATCH = 50, 10, 8, 0.7, 13
TIME_BAR, MEMORY_BAR, TOLERANCE = 0.5, 0.7, 1e-4
SETTINGS = [(layout, batch) for layout in ("contiguous", "channels_last") for batch in (10, MEMBERS)]


class Case:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self.environment = dict(os.environ, OMP_NUM_THREADS="2", RAYON_NUM_THREADS="2")
        config = tomllib.loads(CONFIG.read_text())
        defaults = {"middle": 1}
        assert config["sampling"]["steps"] == STEPS and config["interpolant"]["epsilon"] == EPSILON
        self.job = {
            "model": str(self.folder / "run" / "model"),
            "start": str(self.folder / "start.npy"),
            "network": defaults | config["network"],
            "steps": STEPS,
            "epsilon": EPSILON,
        }
        self.initial_states(config["data"]["history"])

    def initial_states(self, history):
        """The first days of 2008; time of year as an angle of a whole year, by days after the last of them."""
        with netCDF4.Dataset(FILE) as file:
            times = file["time"]
            dates = netCDF4.num2date(times[:], times.units, times.calendar)
            first = next(i for i, date in enumerate(dates) if date.year == 2008)
            np.save(self.job["start"], file["slp"][first : first + history].filled(np.nan))
        days = [history - 1 + lead for lead in range(LEADS + 1)]
        # the past at the end, where Python finds -1 and -2
        days += [history - 1 + back for back in range(1 - history, 0)]
        self.job["phases"] = [2 * np.pi * day / 366 for day in days]
        self.last_day = history + LEADS

    def foehn(self, command, *overrides, options=()):
        """Seconds, the peak of memory in bytes, and what was said."""
        keys = {
            "output": self.folder / "run",
            "data.path": FILE,
            "data.test": ["2008-01-01", f"2008-01-{self.last_day:02}"],
            "train.networks": 1,
            "train.steps": 40,
            "tune.inflation": [],
            "forecast.batch": BATCH,
        }
        settings = [f"{key}={json.dumps(value, default=str)}" for key, value in keys.items()]
        settings = [word for setting in [*settings, *overrides] for word in ("--set", setting)]
        words = [self.binary, command, CONFIG, "--quiet", "--device", "cpu", "--threads", "2"]
        return self.run([*words, *settings, *options])

    def forecast(self, members=MEMBERS, inflation=1.0, options=("--overwrite",)):
        overrides = [
            f"forecast.members={members}",
            f"forecast.leads={LEADS}",
            f"sampling.inflation={inflation}",
        ]
        return self.foehn("forecast", *overrides, options=options)

    def torch(self, setting, members=MEMBERS, inflation=1.0):
        """As `foehn`; what is said is the forecast's part of the memory, in bytes."""
        layout, batch = setting
        job = self.job | {"layout": layout, "batch": batch, "members": members, "leads": LEADS}
        job |= {"inflation": inflation, "output": str(self.folder / "torch.npy")}
        path = self.folder / "job.json"
        path.write_text(json.dumps(job))
        return self.run([sys.executable, HERE / "forecast_torch.py", path])

    def run(self, command):
        begin = time.perf_counter()
        pipe = subprocess.PIPE
        process = subprocess.Popen(list(map(str, command)), env=self.environment, stdout=pipe, text=True)
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"failed: {command}")
        return seconds, 1024 * usage.ru_maxrss, said


def compare(case):
    """Without noise, all of the stack but the noise is seen: the largest difference in standard deviations."""
    file = case.folder / "forecast.nc"
    case.forecast(members=2, inflation=0.0, options=["--overwrite", "--netcdf", file])
    case.torch(SETTINGS[0], members=2, inflation=0.0)
    with netCDF4.Dataset(file) as dataset:
        variable = dataset["slp"]
        ours = variable[:].filled(np.nan)
        names = {"time": 0, "number": 1, "prediction_timedelta": 2, "latitude": 3, "longitude": 4}
        axes = [names[name] for name in variable.dimensions]
    ours = np.transpose(ours, np.argsort(axes))[0].astype("f8")
    theirs = np.load(case.folder / "torch.npy").astype("f8")
    start = np.load(case.job["start"])[-1]
    difference = np.abs(ours - theirs).max() / start.std()
    moved = np.abs(ours[:, -1] - start).mean() / start.std()
    print(f"same states to {difference:.1e} standard deviations; they moved by {moved:.2f}", flush=True)
    return difference < TOLERANCE


def measure(case, count):
    trials = {setting: case.torch(setting)[0] for setting in SETTINGS}
    setting = min(trials, key=trials.get)
    print("PyTorch's settings: " + ", ".join(f"{s[0]} {s[1]}: {t:.2f} s" for s, t in trials.items()))
    names = {"foehn": case.forecast, "PyTorch": lambda: case.torch(setting)}
    times, peaks = {name: [] for name in names}, {name: [] for name in names}
    needed = {"PyTorch": []}
    for _ in range(count):
        for name, run in names.items():
            seconds, peak, said = run()
            times[name].append(seconds)
            peaks[name].append(peak)
        needed["PyTorch"].append(float(said))
    peaks = {name: statistics.median(values) for name, values in peaks.items()}
    done = statistics.median(case.forecast(options=["--resume"])[1] for _ in range(count))
    needed = {"foehn": peaks["foehn"] - done, "PyTorch": statistics.median(needed["PyTorch"])}
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        line = f"  {name:8} median {median[name]:6.2f} s, least {min(values):6.2f} s"
        print(f"{line}; peak {peaks[name] / 2**20:5.0f} MB, {needed[name] / 2**20:5.0f} MB of it for the forecast")
    ratio = median["foehn"] / median["PyTorch"]
    least = min(times["foehn"]) / min(times["PyTorch"])
    memory, whole = (values["foehn"] / values["PyTorch"] for values in (needed, peaks))
    print(f"  time, ours / PyTorch {ratio:.2f} (at most {TIME_BAR}); of the least times {least:.2f}")
    print(f"  memory of the forecast {memory:.2f} (at most {MEMORY_BAR}); of the whole process {whole:.2f}")
    return ratio <= TIME_BAR and memory <= MEMORY_BAR


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{MEMBERS} members x {LEADS} leads, {STEPS} steps a lead, {arguments.rounds} rounds", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        case = Case(arguments.binary, folder)
        case.foehn("train", options=["--overwrite"])
        good = compare(case) & measure(case, arguments.rounds)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
