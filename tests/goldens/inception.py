"""Features of Inception v3 by PyTorch's own operations, of weights and pictures that a formula makes: goldens for
crates/network/tests/inception_features.rs.

    python tests/goldens/inception.py > tests/goldens/inception.json

Written are the shape of every entry of the file of weights, some features of two pictures, and how far those features
go when one branch, pool or kernel of the network is another: each of these must fail the test. Needs PyTorch 2.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "benchmarks"))
from inception_torch import Features  # noqa: E402

# some of every branch of the last block: 1x1, the two of 3x3, the two of 3x3dbl, the pool
SHOWN = [0, 319, 320, 500, 703, 704, 1000, 1087, 1088, 1300, 1471, 1472, 1800, 1855, 1856, 2047]


def uniform(name, count):
    """`count` numbers in [0, 1), of the name and the place alone, in arithmetic of 32 bits."""
    seed = 0
    for byte in name.encode():
        seed = (seed * 31 + byte) & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
        h ^= h >> np.uint32(15)
        h *= np.uint32(0x2C1B3C6D)
        h ^= h >> np.uint32(12)
        h *= np.uint32(0x297A2D39)
        h ^= h >> np.uint32(15)
    return (h >> np.uint32(8)).astype(np.float64) / 2**24


def made(name, shape):
    u = uniform(name, int(np.prod(shape)))
    kind = name.rsplit(".", 2)[1:]
    if kind == ["conv", "weight"]:
        # variance 2 over the number of inputs
        values = (u - 0.5) * np.sqrt(24 / np.prod(shape[1:]))
    elif kind == ["bn", "weight"] or kind == ["bn", "running_var"]:
        values = 0.5 + u
    else:
        values = 0.4 * (u - 0.5)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


class Formula(Features):
    def __init__(self):
        super().__init__({})

    def entry(self, name, shape, make):
        if name not in self.w:
            self.w[name] = made(name, list(shape))
        return self.w[name]


class PaddedMean(Formula):
    @staticmethod
    def mean(x):
        return F.avg_pool2d(x, 3, stride=1, padding=1)


class SameLastPool(Formula):
    def wide(self, x, n, pool):
        return super().wide(x, n, self.mean)


class OtherPool(Formula):
    def fives(self, x, n, pool):
        if n == "Mixed_5c":
            self.mean, mean = (lambda x: F.max_pool2d(x, 3, stride=1, padding=1)), self.mean
            y = super().fives(x, n, pool)
            self.mean = mean
            return y
        return super().fives(x, n, pool)


class SwappedBranches(Formula):
    def sevens(self, x, n, inner):
        y = super().sevens(x, n, inner)
        a, b, c, d = y.split(192, 1)
        return torch.cat([a, c, b, d], 1) if n == "Mixed_6d" else y


class SwappedLastBranches(Formula):
    def wide(self, x, n, pool):
        y = super().wide(x, n, pool)
        a, b, c, d, e, f = y.split([320, 384, 384, 384, 384, 192], 1)
        return torch.cat([a, c, b, d, e, f], 1) if n == "Mixed_7c" else y


class Turned(Formula):
    def unit(self, x, name, outputs, kernel, stride=1, padding=0):
        if name == "Mixed_6e.branch7x7_2":
            kernel, padding = (7, 1), (3, 0)
            weight = self.entry(name + ".conv.weight", [outputs, x.shape[1], 1, 7], None)
            self.w[name + ".conv.weight"] = weight.reshape(outputs, x.shape[1], 7, 1)
        return super().unit(x, name, outputs, kernel, stride, padding)


def main():
    pictures = {}
    for name, shape in [("grey", (1, 1, 28, 28)), ("colour", (1, 3, 75, 301))]:
        u = uniform(name, int(np.prod(shape)))
        pictures[name] = torch.from_numpy((2 * u - 1).astype(np.float32).reshape(shape))
    with torch.inference_mode():
        network = Formula()
        whole = {name: network(x)[0] for name, x in pictures.items()}
        features = {name: [float(y[i]) for i in SHOWN] for name, y in whole.items()}
        far = {}
        for other in [PaddedMean, SameLastPool, OtherPool, SwappedBranches, SwappedLastBranches, Turned]:
            y = other()(pictures["colour"])[0]
            difference = (y - whole["colour"])[SHOWN].abs().max() / whole["colour"][SHOWN].abs().max()
            far[other.__name__] = float(difference)
    shapes = {name: list(tensor.shape) for name, tensor in network.w.items()}
    json.dump({"shapes": shapes, "shown": SHOWN, "features": features, "far": far}, sys.stdout)
    print(file=sys.stdout)


if __name__ == "__main__":
    main()
