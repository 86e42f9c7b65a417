"""Features of Inception v3 by PyTorch's own operations, and ours, of the same pictures by the same random weights.

The network is that of published Fréchet distances: torchvision's Inception v3 whose average pools leave padding out and
whose last block pools by the largest value. With --weights FILE.safetensors the weights are those of a file instead.

    bash tests/benchmarks/inception.sh [--pictures 8] [--weights FILE]
"""

import argparse
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(2)


def write_safetensors(path, tensors):
    header, at, parts = {}, 0, []
    for name, tensor in tensors.items():
        data = np.ascontiguousarray(tensor.numpy(), dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] == "F32":
            begin, end = (8 + length + o for o in entry["data_offsets"])
            array = np.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
            tensors[name] = torch.from_numpy(array.copy())
    return tensors


class Features:
    """Weights are drawn as they are first met, unless they are there."""

    def __init__(self, weights=None):
        self.w = weights or {}
        self.draw = weights is None
        self.random = torch.Generator().manual_seed(1)

    def entry(self, name, shape, make):
        if self.draw and name not in self.w:
            self.w[name] = make(shape)
        assert list(self.w[name].shape) == list(shape), name
        return self.w[name]

    def unit(self, x, name, outputs, kernel, stride=1, padding=0):
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        inputs, generator = x.shape[1], self.random
        deviation = math.sqrt(2 / (inputs * kernel[0] * kernel[1]))
        normal = lambda shape: torch.randn(shape, generator=generator)
        positive = lambda shape: 0.5 + torch.rand(shape, generator=generator)
        weight = self.entry(name + ".conv.weight", [outputs, inputs, *kernel], lambda s: deviation * normal(s))
        gain = self.entry(name + ".bn.weight", [outputs], positive)
        shift = self.entry(name + ".bn.bias", [outputs], lambda s: 0.1 * normal(s))
        mean = self.entry(name + ".bn.running_mean", [outputs], lambda s: 0.1 * normal(s))
        variance = self.entry(name + ".bn.running_var", [outputs], positive)
        x = F.conv2d(x, weight, stride=stride, padding=padding)
        return F.relu(F.batch_norm(x, mean, variance, gain, shift, eps=0.001))

    @staticmethod
    def mean(x):
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)

    def fives(self, x, n, pool):
        a = self.unit(x, n + ".branch1x1", 64, 1)
        b = self.unit(self.unit(x, n + ".branch5x5_1", 48, 1), n + ".branch5x5_2", 64, 5, padding=2)
        c = self.unit(x, n + ".branch3x3dbl_1", 64, 1)
        c = self.unit(c, n + ".branch3x3dbl_2", 96, 3, padding=1)
        c = self.unit(c, n + ".branch3x3dbl_3", 96, 3, padding=1)
        return torch.cat([a, b, c, self.unit(self.mean(x), n + ".branch_pool", pool, 1)], 1)

    def sevens(self, x, n, inner):
        row, column = dict(kernel=(1, 7), padding=(0, 3)), dict(kernel=(7, 1), padding=(3, 0))
        a = self.unit(x, n + ".branch1x1", 192, 1)
        b = self.unit(x, n + ".branch7x7_1", inner, 1)
        b = self.unit(b, n + ".branch7x7_2", inner, **row)
        b = self.unit(b, n + ".branch7x7_3", 192, **column)
        c = self.unit(x, n + ".branch7x7dbl_1", inner, 1)
        for i, (width, how) in enumerate([(inner, column), (inner, row), (inner, column), (192, row)]):
            c = self.unit(c, f"{n}.branch7x7dbl_{i + 2}", width, **how)
        return torch.cat([a, b, c, self.unit(self.mean(x), n + ".branch_pool", 192, 1)], 1)

    def wide(self, x, n, pool):
        row, column = dict(kernel=(1, 3), padding=(0, 1)), dict(kernel=(3, 1), padding=(1, 0))
        a = self.unit(x, n + ".branch1x1", 320, 1)
        b = self.unit(x, n + ".branch3x3_1", 384, 1)
        b = [self.unit(b, n + ".branch3x3_2a", 384, **row), self.unit(b, n + ".branch3x3_2b", 384, **column)]
        c = self.unit(x, n + ".branch3x3dbl_1", 448, 1)
        c = self.unit(c, n + ".branch3x3dbl_2", 384, 3, padding=1)
        c = [self.unit(c, n + ".branch3x3dbl_3a", 384, **row), self.unit(c, n + ".branch3x3dbl_3b", 384, **column)]
        return torch.cat([a, *b, *c, self.unit(pool(x), n + ".branch_pool", 192, 1)], 1)

    def __call__(self, x):
        x = x.expand(-1, 3, -1, -1)
        x = F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False)
        x = self.unit(x, "Conv2d_1a_3x3", 32, 3, stride=2)
        x = self.unit(x, "Conv2d_2a_3x3", 32, 3)
        x = self.unit(x, "Conv2d_2b_3x3", 64, 3, padding=1)
        x = F.max_pool2d(x, 3, stride=2)
        x = self.unit(x, "Conv2d_3b_1x1", 80, 1)
        x = self.unit(x, "Conv2d_4a_3x3", 192, 3)
        x = F.max_pool2d(x, 3, stride=2)
        for n, pool in [("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)]:
            x = self.fives(x, n, pool)
        n = "Mixed_6a"
        c = self.unit(x, n + ".branch3x3dbl_1", 64, 1)
        c = self.unit(c, n + ".branch3x3dbl_2", 96, 3, padding=1)
        c = self.unit(c, n + ".branch3x3dbl_3", 96, 3, stride=2)
        x = torch.cat([self.unit(x, n + ".branch3x3", 384, 3, stride=2), c, F.max_pool2d(x, 3, stride=2)], 1)
        for n, inner in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)]:
            x = self.sevens(x, n, inner)
        n = "Mixed_7a"
        b = self.unit(self.unit(x, n + ".branch3x3_1", 192, 1), n + ".branch3x3_2", 320, 3, stride=2)
        c = self.unit(x, n + ".branch7x7x3_1", 192, 1)
        c = self.unit(c, n + ".branch7x7x3_2", 192, (1, 7), padding=(0, 3))
        c = self.unit(c, n + ".branch7x7x3_3", 192, (7, 1), padding=(3, 0))
        c = self.unit(c, n + ".branch7x7x3_4", 192, 3, stride=2)
        x = torch.cat([b, c, F.max_pool2d(x, 3, stride=2)], 1)
        x = self.wide(x, "Mixed_7b", self.mean)
        x = self.wide(x, "Mixed_7c", lambda x: F.max_pool2d(x, 3, stride=1, padding=1))
        return x.mean((2, 3))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--weights")
    options = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        network = Features(read_safetensors(options.weights) if options.weights else None)
        weights = options.weights or f"{folder}/weights.safetensors"
        for shape in [(1, 28, 28), (3, 75, 301)]:
            generator = torch.Generator().manual_seed(2)
            x = 2 * torch.rand((options.pictures, *shape), generator=generator) - 1
            network(x)
            begin = time.perf_counter()
            y = network(x)
            theirs = time.perf_counter() - begin
            if not options.weights:
                write_safetensors(weights, network.w)
            write_safetensors(f"{folder}/x.safetensors", {"x": x})
            command = [options.binary, weights, f"{folder}/x.safetensors", f"{folder}/y.safetensors"]
            ours = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            found = read_safetensors(f"{folder}/y.safetensors")["y"]
            error = ((found - y).abs().max() / y.abs().max()).item()
            worst = max(worst, error)
            print(
                f"{options.pictures} pictures {shape}: largest difference {error:.1e} of the largest feature; "
                f"ours {ours:.2f} s, PyTorch {theirs:.2f} s"
            )
    # single precision through 94 convolutions
    sys.exit(0 if worst < 1e-4 else 1)


if __name__ == "__main__":
    main()
