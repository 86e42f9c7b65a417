"""The turbulence simulator against the same scheme in numpy, in one run.

Same equation, grid, 2/3 rule, integrating factor with RK4, time step, number of trajectories, double
precision, two threads for either side. The peers:

  threads    numpy.fft as in a textbook: real transforms, u, v, dw/dx, dw/dy to the grid and the product
             back (five a stage); one process, its threads each with a share of the trajectories
  textbook   the same, but processes in place of threads, which no interpreter lock holds up
  packed     processes, numpy.fft, our own algebra: two complex transforms a stage
  scipy      processes, the packed form with scipy.fft in place: the fastest that we could make

Each round times a peer and then us; printed are medians over rounds of the wall-clock times, of their
ratio round by round, and of the ratio of processor times (which a busy machine disturbs less). The
exit code is 1 when the numerics differ or when we are not 10 times faster than the row `threads`.

    bash tests/benchmarks/turbulence.sh
"""

import argparse
import multiprocessing as mp
import os
import pathlib
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import scipy.fft

VISCOSITY, DAMPING, AMPLITUDE = 1e-3, 0.1, 1.0
WAVES = [
    (6, 0, "sin"), (7, 0, "cos"), (5, 5, "sin"), (8, 8, "cos"),
    (6, 0, "cos"), (7, 0, "sin"), (5, 5, "cos"), (8, 8, "sin"),
]


class Flow:
    """State: the modes of w as rfft2 holds them, (ky, kx >= 0), without the factor 1/n^2."""

    def __init__(self, n, dt, amplitude):
        self.n, self.dt = n, dt
        ky = np.fft.fftfreq(n, 1 / n)[:, None]
        kx = np.arange(n // 2 + 1.0)[None, :]
        k2 = kx**2 + ky**2
        self.keep = (np.abs(kx) <= (n - 1) // 3) & (np.abs(ky) <= (n - 1) // 3)
        self.ikx, self.iky = 1j * kx, 1j * ky
        self.inverse_laplacian = -np.divide(1.0, k2, out=np.zeros_like(k2), where=k2 > 0)
        rate = VISCOSITY * k2 + DAMPING
        self.half, self.full = np.exp(-rate * dt / 2), np.exp(-rate * dt)
        self.forced = []
        for x, y, kind in WAVES:
            rate = VISCOSITY * (x * x + y * y) + DAMPING
            variance = (1 - np.exp(-rate * dt)) / (2 * rate)
            unit = (-0.5j if kind == "sin" else 0.5) * amplitude * n * n
            before, after = np.sqrt(variance * np.exp(rate * dt)), np.sqrt(variance)
            self.forced.append((y, x, unit * before, unit * after))

    def start(self):
        p = 2 * np.pi * np.arange(self.n) / self.n
        x, y = p[None, :], p[:, None]
        return np.fft.rfft2(3 * np.sin(x + 2 * y) + 2 * np.cos(3 * x - y) + 2 * np.sin(2 * x)) * self.keep

    def push(self, w, normals, which):
        for z, wave in zip(normals, self.forced):
            w[wave[0], wave[1]] += z * wave[which]

    def step(self, w, normals):
        dt, half, full = self.dt, self.half, self.full
        self.push(w, normals[:8], 2)
        n = self.tendency(w)
        total = (w + n * (dt / 6)) * full
        n = self.tendency((w + n * (dt / 2)) * half)
        total += n * (half * (dt / 3))
        damped = w * half
        n = self.tendency(damped + n * (dt / 2))
        total += n * (half * (dt / 3))
        n = self.tendency((damped + n * dt) * half)
        total += n * (dt / 6)
        self.push(total, normals[8:], 3)
        return total

    def moments(self, w):
        """Enstrophy and energy."""
        square = np.abs(w / self.n**2) ** 2
        square[:, 1:] *= 2
        return 0.5 * square.sum(), -0.5 * (square * self.inverse_laplacian).sum()


class Textbook(Flow):
    def tendency(self, w):
        psi = w * self.inverse_laplacian
        u, v = np.fft.irfft2(-self.iky * psi), np.fft.irfft2(self.ikx * psi)
        wx, wy = np.fft.irfft2(self.ikx * w), np.fft.irfft2(self.iky * w)
        return -np.fft.rfft2(u * wx + v * wy) * self.keep


class Packed(Flow):
    """-u.grad w = -1/2 Im(d^2 z^2), z = u + i v, d = d/dx - i d/dy; the whole plane (ky, kx) is held."""

    def __init__(self, n, dt, amplitude):
        super().__init__(n, dt, amplitude)
        k = np.fft.fftfreq(n, 1 / n)
        q = k[None, :] - 1j * k[:, None]
        keep = (np.abs(k)[None, :] <= (n - 1) // 3) & (np.abs(k)[:, None] <= (n - 1) // 3)
        self.velocity = np.divide(keep, q, out=np.zeros_like(q), where=q != 0)
        self.curl = q**2 * keep / 2
        rate = VISCOSITY * np.abs(q) ** 2 + DAMPING
        self.half, self.full = np.exp(-rate * dt / 2), np.exp(-rate * dt)
        self.fft2, self.ifft2 = np.fft.fft2, np.fft.ifft2

    def start(self):
        return np.fft.fft2(np.fft.irfft2(super().start()))

    def push(self, w, normals, which):
        super().push(w, normals, which)
        for z, wave in zip(normals, self.forced):
            w[-wave[0], -wave[1]] += z * np.conj(wave[which])

    def tendency(self, w):
        z = self.ifft2(w * self.velocity)
        z *= z
        g = self.fft2(z)
        g *= self.curl
        # -1/2 Im d^2 z^2 by its modes: (i/4)(G(k) - conj G(-k)), G(k) = -q^2 Z
        g -= np.conjugate(self.mirror(g))
        g *= -0.5j
        return g

    @staticmethod
    def mirror(g):
        """g at -k."""
        out = np.empty_like(g)
        out[0, 0] = g[0, 0]
        out[0, 1:] = g[0, :0:-1]
        out[1:, 0] = g[:0:-1, 0]
        out[1:, 1:] = g[:0:-1, :0:-1]
        return out

    def moments(self, w):
        return super().moments(w[:, : self.n // 2 + 1].copy())


class Scipy(Packed):
    def __init__(self, n, dt, amplitude):
        super().__init__(n, dt, amplitude)
        self.fft2 = lambda z: scipy.fft.fft2(z, overwrite_x=True)
        self.ifft2 = lambda z: scipy.fft.ifft2(z, overwrite_x=True)


PEERS = {"textbook": Textbook, "packed": Packed, "scipy": Scipy}


def trajectories(flow, runs, steps, rng):
    for _ in range(runs):
        w = np.zeros_like(flow.start())
        for _ in range(steps):
            w = flow.step(w, rng.standard_normal(16))
        assert np.isfinite(w).all()


def worker(peer, args, shares, seed, go, done):
    """Runs `shares` of the trajectories, one thread each, whenever told to; answers with processor time."""
    flows = [PEERS[peer](args.grid, args.dt, AMPLITUDE) for _ in shares]
    rngs = [np.random.default_rng([seed, i]) for i, _ in enumerate(shares)]
    for flow, rng in zip(flows, rngs):
        trajectories(flow, 1, 1, rng)
    while go.get():
        start = time.process_time()
        with ThreadPoolExecutor(len(shares)) as pool:
            jobs = [pool.submit(trajectories, flow, runs, args.steps, rng)
                    for flow, runs, rng in zip(flows, shares, rngs)]
            for job in jobs:
                job.result()
        done.put(time.process_time() - start)


class Crew:
    """The processes of one peer, which share the trajectories among them and their threads."""

    def __init__(self, peer, groups, args):
        self.done, self.go, self.crew = mp.Queue(), [], []
        for seed, shares in enumerate(groups):
            go = mp.Queue()
            job = (peer, args, shares, seed, go, self.done)
            process = mp.Process(target=worker, args=job, daemon=True)
            process.start()
            self.go.append(go)
            self.crew.append(process)

    def seconds(self):
        """Wall-clock and processor time."""
        start = time.perf_counter()
        for go in self.go:
            go.put(True)
        busy = sum(self.done.get() for _ in self.go)
        return time.perf_counter() - start, busy

    def close(self):
        for go, process in zip(self.go, self.crew):
            go.put(False)
            process.join()


class Foehn:
    def __init__(self, args):
        command = [args.binary, str(args.grid), str(args.dt), str(args.runs), str(args.steps)]
        environment = dict(os.environ, RAYON_NUM_THREADS=str(args.threads))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        self.moments = [float(word) for word in self.process.stdout.readline().split()]

    def busy(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def seconds(self):
        """Wall-clock and processor time."""
        start = self.busy()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        wall = float(self.process.stdout.readline())
        return wall, self.busy() - start

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def differences(ours, args):
    """Largest relative difference of enstrophy and energy after the steps without noise."""
    worst = {}
    for name, peer in PEERS.items():
        flow = peer(args.grid, args.dt, 0.0)
        w = flow.start()
        for _ in range(args.steps):
            w = flow.step(w, np.zeros(16))
        worst[name] = max(abs(a / b - 1) for a, b in zip(flow.moments(w), ours))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", help="the built example turbulence_time")
    parser.add_argument("--grid", type=int, default=64)
    parser.add_argument("--dt", type=float, default=0.02)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    foehn = Foehn(args)
    worst = differences(foehn.moments, args)
    print(f"numpy {np.__version__}, {args.grid} x {args.grid}, dt {args.dt}, {args.runs} trajectories of "
          f"{args.steps} steps, {args.threads} threads, {args.rounds} rounds")
    foehn.seconds()
    shares = [(args.runs + rank) // args.threads for rank in range(args.threads)]
    apart = [[runs] for runs in shares]
    crews = {"threads": Crew("textbook", [shares], args)}
    crews |= {name: Crew(name, apart, args) for name in PEERS}
    rounds = {name: [] for name in crews}
    for _ in range(args.rounds):
        for name, crew in crews.items():
            rounds[name].append((*crew.seconds(), *foehn.seconds()))
    for runner in [*crews.values(), foehn]:
        runner.close()
    stage = 1e6 / (args.runs * args.steps)
    ours = statistics.median(wall for times in rounds.values() for _, _, wall, _ in times)
    print(f"{'':10} {'median s':>9} {'us a step':>10} {'ratio':>7} {'processor':>10} {'difference without noise':>26}")
    print(f"{'foehn':10} {ours:9.3f} {ours * stage:10.1f} {1:7.1f} {1:10.1f}")
    ratios = {}
    for name, times in rounds.items():
        wall = statistics.median(theirs for theirs, _, _, _ in times)
        ratios[name] = statistics.median(theirs / ours for theirs, _, ours, _ in times)
        busy = statistics.median(theirs / ours for _, theirs, _, ours in times)
        difference = worst["textbook" if name == "threads" else name]
        print(f"{name:10} {wall:9.3f} {wall * stage:10.1f} {ratios[name]:7.1f} {busy:10.1f} {difference:26.1e}")
    passed = ratios["threads"] >= 10 and max(worst.values()) < 1e-9
    print(f"{ratios['threads']:.1f} times faster than numpy (bar: 10): {'passed' if passed else 'MISSED'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
