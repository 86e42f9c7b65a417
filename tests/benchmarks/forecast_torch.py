"""One forecast of sea level pressure in PyTorch, from a cold start: what tests/benchmarks/forecast.sh times.

    python forecast_torch.py JOB.json

The job names the folder of a model that foehn has trained, the initial states, and where members go. The law is
that of configs/slp.toml: increments on a path from a point, Euler-Maruyama steps with the amplitude
epsilon (1 - t), noise coloured like increments. Prints how many bytes the forecast needed at most beyond what
was held before it.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch
import torch.nn.functional as F

import network_torch


class Network(network_torch.Network):
    """As its parent, but of any number of levels and blocks, on patches of cells, with zeros beyond the edges."""

    def __init__(self, weights, layout, config):
        super().__init__(weights, layout)
        self.config = config

    def level(self, x, name, embedding):
        for i in range(self.config["blocks"]):
            x = self.block(x, f"{name}.blocks.{i}", embedding)
        if name + ".attention.norm.scale" in self.w:
            x = self.attention(x, name + ".attention")
        return x

    def embedded(self, t):
        angle = t[:, None] * torch.logspace(0, 2, self.config["time_embedding"] // 2)
        embedding = torch.cat([angle.sin(), angle.cos()], 1)
        embedding = F.silu(self.linear(embedding, "time.first"))
        return F.silu(self.linear(embedding, "time.second"))

    def __call__(self, x, t):
        h, w = x.shape[2:]
        patch, levels = self.config["patch"], len(self.config["channels"])
        embedding = self.embedded(t)
        x = self.convolved(F.pixel_unshuffle(grown(x, patch), patch), "input")
        left = []
        for level in range(levels):
            if level > 0:
                left.append(x)
                x = self.pointwise(grown(x, 2), f"halve.{level - 1}.mixture", stride=2)
            x = self.level(x, f"down.{level}", embedding)
        for i in range(self.config["middle"]):
            x = self.block(x, f"middle.{i}", embedding)
        for level in reversed(range(levels - 1)):
            fine = left[level]
            x = F.interpolate(self.pointwise(x, f"narrow.{level}"), scale_factor=2.0)
            x = x[:, :, : fine.shape[2], : fine.shape[3]]
            x = self.level(torch.cat([x, fine], 1), f"up.{level}", embedding)
        x = self.convolved(F.silu(self.norm(x, "output.norm")), "output.convolution")
        return F.pixel_shuffle(x, patch)[:, :, :h, :w]


def grown(x, multiple):
    """With rows and columns of zeros up to a multiple."""
    h, w = x.shape[2:]
    return F.pad(x, (0, -w % multiple, 0, -h % multiple)) if h % multiple or w % multiple else x


class Statistics:
    """The annual cycle and the standard deviation of a cell."""

    def __init__(self, path):
        values = json.loads(pathlib.Path(path).read_text())
        assert values["valid"] is None and len(values["variables"]) == 1
        shape = values["shape"][1:]
        self.harmonics = values["harmonics"]
        self.centre = np.array(values["centre"]).reshape(*shape, 1 + 2 * self.harmonics)
        self.scale = np.array(values["scale"]).reshape(shape)

    def centre_at(self, phase):
        k = np.arange(1, self.harmonics + 1) * phase
        waves = np.stack([np.cos(k), np.sin(k)], 1).ravel()
        return self.centre @ np.concatenate([[1.0], waves])


class Forecast:
    def __init__(self, job):
        model = pathlib.Path(job["model"])
        self.job, self.statistics = job, Statistics(model / "statistics.json")
        weights = network_torch.read_safetensors(model / "weights-0.safetensors")
        weights = {name.removeprefix("average."): w for name, w in weights.items()}
        layout = network_torch.LAYOUTS[job["layout"]]
        self.network = Network(weights, layout, job["network"])
        self.layout = layout
        increments = network_torch.read_safetensors(model / "increments.safetensors")
        self.scale, self.root = increments["scale"], increments["root"].t().contiguous()

    def features(self, lead, count):
        """Position and season at the present state, `lead` days after the start."""
        ny, nx = self.scale.shape[1:]
        y = torch.linspace(-1, 1, ny)[:, None].expand(ny, nx)
        x = torch.linspace(-1, 1, nx)[None, :].expand(ny, nx)
        phase = self.job["phases"][lead]
        season = [torch.full((ny, nx), float(f(phase))) for f in (np.cos, np.sin)]
        return torch.stack([y, x, *season])[None].expand(count, -1, -1, -1)

    def next(self, history, lead):
        """The state that follows, standardised: [members, 1, ny, nx]."""
        job, members = self.job, history[0].shape[0]
        epsilon, steps = job["epsilon"], job["steps"]
        shown = [history[-1]]
        for before, after in zip(reversed(history[:-1]), reversed(history[1:])):
            shown.append((after - before) / self.scale)
        shown = torch.cat([*shown, self.features(lead, members)], 1)
        x = torch.zeros_like(history[-1])
        for n in range(steps):
            t, h = n / steps, 1.0 / steps
            spread = t**2 + epsilon**2 * (1 - t) ** 2 * t + 1e-4
            seen = torch.cat([x * spread**-0.5, shown], 1).contiguous(memory_format=self.layout)
            drift = self.network(seen, torch.full((members,), t))
            noise = torch.randn(members, self.root.shape[0]) @ self.root
            amplitude = job["inflation"] * epsilon * (1 - t) * h**0.5
            x = x + h * drift + amplitude * noise.view_as(x)
        return history[-1] + x * self.scale

    def members(self, count):
        """[count, leads, ny, nx] in the units of the data."""
        states = np.load(self.job["start"])
        phases, statistics = self.job["phases"], self.statistics
        past = range(-len(states) + 1, 1)
        history = [(x - statistics.centre_at(phases[i])) / statistics.scale for i, x in zip(past, states)]
        history = [torch.from_numpy(x.astype("f4")).expand(count, 1, *x.shape) for x in history]
        leads = []
        for lead in range(self.job["leads"]):
            history = [*history[1:], self.next(history, lead)]
            centre = statistics.centre_at(phases[lead + 1])
            leads.append(centre + statistics.scale * history[-1][:, 0].numpy())
        return np.stack(leads, 1).astype("f4")


def main():
    job = json.loads(pathlib.Path(sys.argv[1]).read_text())
    torch.manual_seed(1)
    with torch.inference_mode():
        forecast = Forecast(job)
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before = network_torch.resident("VmRSS")
        sizes = [min(job["batch"], job["members"] - m) for m in range(0, job["members"], job["batch"])]
        members = np.concatenate([forecast.members(size) for size in sizes])
    np.save(job["output"], members)
    print(network_torch.resident("VmHWM") - before)


if __name__ == "__main__":
    main()
