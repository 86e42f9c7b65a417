"""Four times the resolution for one photograph: `foehn restore apply` against the same network in PyTorch.

Eager PyTorch, f32, in its channels-last layout, does what foehn does: one sample a pixel of noise, Euler steps of the flow
for all samples at once, overlapping tiles whose velocities are averaged in every step. Two threads for either side, each in
a process of its own, one after the other; prints seconds and the peak of resident memory. All steps cost the same, so that
fewer of them (--steps) tell the ratio too.

    python tests/benchmarks/restore_torch.py target/release/foehn runs/restore_super_resolution photo.png [--steps 20]
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
SIDE, OVERLAP = 128, 32


def along(n):
    """As few ranges of SIDE as cover n with the overlap, evenly spaced."""
    if n <= SIDE:
        return [(0, n)]
    gaps = -(-(n - SIDE) // (SIDE - OVERLAP))
    return [(k * (n - SIDE) // gaps, k * (n - SIDE) // gaps + SIDE) for k in range(gaps + 1)]


def torch_side(folder, size, samples, steps):
    import network_torch as measured
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(2)
    tensors = measured.read_safetensors(pathlib.Path(folder) / "weights.safetensors")
    tensors = {name.removeprefix("average.Unet."): value for name, value in tensors.items()}

    class Network(measured.Network):
        """The U-Net of configs/restore_super_resolution.toml: one block a level, patches of two."""

        def level(self, x, name, embedding):
            x = self.block(x, f"{name}.blocks.0", embedding)
            return self.attention(x, name + ".attention") if name + ".attention.norm.scale" in self.w else x

        def __call__(self, x, t):
            angle = t[:, None] * torch.logspace(0, 2, 32)
            embedding = torch.cat([angle.sin(), angle.cos()], 1)
            embedding = F.silu(self.linear(embedding, "time.first"))
            embedding = F.silu(self.linear(embedding, "time.second"))
            x = self.level(self.convolved(F.pixel_unshuffle(x, 2), "input"), "down.0", embedding)
            left = x
            x = self.level(self.pointwise(x, "halve.0.mixture", stride=2), "down.1", embedding)
            x = self.block(x, "middle.0", embedding)
            x = F.interpolate(self.pointwise(x, "narrow.0"), scale_factor=2.0)
            x = self.level(torch.cat([x, left], 1), "up.0", embedding)
            x = self.convolved(F.silu(self.norm(x, "output.norm")), "output.convolution")
            return F.pixel_shuffle(x, 2)

    layout = torch.channels_last
    network = Network(tensors, layout)
    with torch.inference_mode():
        condition = torch.rand(samples, 1, *size) * 2 - 1
        x = condition + 0.3 * torch.randn_like(condition)
        ramp = torch.minimum(torch.arange(SIDE) + 1, SIDE - torch.arange(SIDE)).clamp(max=OVERLAP + 1) / (OVERLAP + 1)
        share = ramp[:, None] * ramp[None]
        begin = time.perf_counter()
        for step in range(steps):
            t = step / steps
            velocity, weight = torch.zeros_like(x), torch.zeros(size)
            scale = ((1 - t) ** 2 + t**2) ** -0.5
            for top, bottom in along(size[0]):
                for first, last in along(size[1]):
                    part = (slice(None), slice(None), slice(top, bottom), slice(first, last))
                    seen = torch.cat([x[part] * scale, condition[part]], 1).contiguous(memory_format=layout)
                    velocity[part] += share * network(seen, torch.full((samples,), t))
                    weight[part[2:]] += share
            x = x + velocity / weight / steps
        seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "memory": memory}))


def foehn_side(binary, model, photo, samples, steps):
    with tempfile.TemporaryDirectory() as folder:
        words = f"restore apply --model {model} --input {photo} --degrade --threads 2 --quiet --tile {SIDE}"
        words += f" --samples {samples} --steps {steps} --out {folder}/out"
        begin = time.perf_counter()
        process = subprocess.Popen([binary, *words.split()], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, "foehn restore apply failed"
        return {"seconds": time.perf_counter() - begin, "memory": usage.ru_maxrss * 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("model")
    parser.add_argument("photo")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--size", type=int, default=512, help="side of the photograph, for PyTorch")
    parser.add_argument("--torch", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.torch:
        return torch_side(given.model, (given.size, given.size), given.samples, given.steps)
    ours = foehn_side(given.binary, given.model, given.photo, given.samples, given.steps)
    again = subprocess.run([sys.executable, __file__, "--torch", *sys.argv[1:]], capture_output=True, check=True, text=True)
    theirs = json.loads(again.stdout)
    for name, side in (("foehn", ours), ("PyTorch", theirs)):
        print(f"{name:8} {side['seconds']:7.1f} s, {side['memory'] / 2**20:6.0f} MiB")
    print(f"ratio    {ours['seconds'] / theirs['seconds']:7.2f}    {ours['memory'] / theirs['memory']:6.2f}")


if __name__ == "__main__":
    main()
