"""Our networks against the same in PyTorch (eager, f32), in one run.

Same weights, batch of 8, loss and optimiser step (mean square, backward, global norm clipped, AdamW, moving
average of the weights), two threads for either side. First the outputs and the gradients of both sides are
compared; then each round times PyTorch in its two memory layouts and us, one after the other, and the medians
over rounds are printed with the ratios to the faster of PyTorch's layouts. Wait for a quiet machine: threads
that wait for each other, as PyTorch's do, suffer most from other work. `threads` computes the batch at
once with threads inside the operations, `workers` gives half of it to each of two workers.

Networks whose samples have classes are compared and not timed.

    bash tests/benchmarks/network.sh [--rounds 7] [--only reference]
"""

import argparse
import json
import os
import pathlib
import statistics
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
SIZES = {
    "reference": (64, 64, 0.7, 0.8),
    "small": (32, 32, 0.8, 0.9),
    "wide": (128, 32, 0.8, 0.9),
    "transformer": ("transformer", 64, 1.1, 1.1),
}
# networks that are told classes
TOLD = {"classes": ("32-classes", 32), "transformer of classes": ("transformer-classes", 32)}
TABLE = "time.classes.table"
PATCH = 4
# linear maps of the embedded time
OF_TIME = ("time.", ".scale.", ".shift.", "modulation")
BLOCKS, HEADS, GROUPS = 2, 4, 8
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + o for o in entry["data_offsets"])
        array = np.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors


def converted(name, w):
    """Our order of a weight's axes to PyTorch's."""
    if w.dim() == 4:  # [dx, out, dy, in]
        return w.permute(1, 3, 2, 0).contiguous()
    if w.dim() == 2 and any(part in name for part in OF_TIME) and name != TABLE:
        return w.t().contiguous()  # [in, out]
    return w


class Network:
    """The U-Net, written with PyTorch's own operations; weights by our names."""

    def __init__(self, weights, layout):
        self.w = {}
        for name, w in weights.items():
            w = converted(name, w)
            if w.dim() == 2 and not any(part in name for part in OF_TIME):
                out, inward = w.shape
                # halving takes the four cells of a channel side by side
                w = w.view(out, inward // 4, 2, 2) if name.startswith("halve.") else w.view(out, inward, 1, 1)
            if w.dim() == 4:
                w = w.contiguous(memory_format=layout)
            self.w[name] = w.clone(memory_format=torch.preserve_format).requires_grad_()

    def convolved(self, x, name):
        return F.conv2d(x, self.w[name + ".weight"], self.w.get(name + ".bias"), padding=1)

    def pointwise(self, x, name, stride=1):
        return F.conv2d(x, self.w[name + ".weight"], self.w[name + ".bias"], stride=stride)

    def norm(self, x, name):
        return F.group_norm(x, GROUPS, self.w[name + ".scale"], self.w[name + ".shift"])

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def block(self, x, name, embedding):
        h = self.convolved(F.silu(self.norm(x, name + ".first_norm")), name + ".first")
        scale = self.linear(embedding, name + ".second_norm.scale")[:, :, None, None]
        shift = self.linear(embedding, name + ".second_norm.shift")[:, :, None, None]
        h = self.convolved(F.silu(F.group_norm(h, GROUPS) * scale + shift), name + ".second")
        if name + ".shortcut.weight" in self.w:
            x = self.pointwise(x, name + ".shortcut")
        return x + h

    def attention(self, x, name):
        b, c, h, w = x.shape
        qkv = self.pointwise(self.norm(x, name + ".norm"), name + ".inward")
        q, k, v = qkv.reshape(b, 3, HEADS, c // HEADS, h * w).transpose(3, 4).unbind(1)
        y = F.scaled_dot_product_attention(q, k, v)
        y = y.transpose(2, 3).reshape(b, c, h, w)
        return x + self.pointwise(y, name + ".outward")

    def level(self, x, name, embedding):
        for i in range(BLOCKS):
            x = self.block(x, f"{name}.blocks.{i}", embedding)
        if name + ".attention.norm.scale" in self.w:
            x = self.attention(x, name + ".attention")
        return x

    def __call__(self, x, t, classes=None):
        w = torch.logspace(0, 2, 32, device=t.device)
        angle = t[:, None] * w
        embedding = torch.cat([angle.sin(), angle.cos()], 1)
        embedding = F.silu(self.linear(embedding, "time.first"))
        embedding = self.linear(embedding, "time.second")
        embedding = F.silu(embedding if classes is None else embedding + self.w[TABLE][classes])
        x = self.convolved(x, "input")
        left = []
        for level in range(3):
            if level > 0:
                left.append(x)
                x = self.pointwise(x, f"halve.{level - 1}.mixture", stride=2)
            x = self.level(x, f"down.{level}", embedding)
        x = self.block(x, "middle.0", embedding)
        for level in (1, 0):
            x = F.interpolate(self.pointwise(x, f"narrow.{level}"), scale_factor=2.0)
            x = self.level(torch.cat([x, left[level]], 1), f"up.{level}", embedding)
        return self.convolved(F.silu(self.norm(x, "output.norm")), "output.convolution")


class Transformer:
    """The transformer, written with PyTorch's own operations; weights by our names."""

    def __init__(self, weights, _layout):
        self.w = {}
        for name, w in weights.items():
            self.w[name] = converted(name, w).clone().requires_grad_()
        self.depth = sum(name.endswith("inward.weight") for name in self.w)

    def linear(self, x, name):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def places(self, rows, columns, width, device):
        w = 10_000 ** (-torch.arange(width // 4, device=device) / (width // 4))

        def axis(n):
            angle = torch.arange(n, device=device)[:, None] * w
            return torch.cat([angle.sin(), angle.cos()], 1)

        down = axis(rows)[:, None].expand(rows, columns, -1)
        across = axis(columns)[None].expand(rows, columns, -1)
        return torch.cat([down, across], 2).reshape(1, rows * columns, width)

    def modulated(self, x, scale, shift):
        return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale[:, None]) + shift[:, None]

    def block(self, x, name, embedding):
        a, s, k, a1, s1, k1 = self.linear(embedding, name + ".modulation").chunk(6, 1)
        b, n, c = x.shape
        qkv = self.linear(self.modulated(x, a, s), name + ".inward")
        q, k_, v = qkv.reshape(b, n, 3, HEADS, c // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k_, v).transpose(1, 2).reshape(b, n, c)
        x = x + k[:, None] * self.linear(mixed, name + ".outward")
        hidden = F.gelu(self.linear(self.modulated(x, a1, s1), name + ".rise"), approximate="tanh")
        return x + k1[:, None] * self.linear(hidden, name + ".fall")

    def __call__(self, x, t, classes=None):
        b, c, h, w = x.shape
        rows, columns, p = h // PATCH, w // PATCH, PATCH
        angle = t[:, None] * torch.logspace(0, 2, 128, device=t.device)
        embedding = torch.cat([angle.sin(), angle.cos()], 1)
        embedding = F.silu(self.linear(embedding, "time.first"))
        embedding = self.linear(embedding, "time.second")
        embedding = F.silu(embedding if classes is None else embedding + self.w[TABLE][classes])
        tokens = x.reshape(b, c, rows, p, columns, p).permute(0, 2, 4, 1, 3, 5).reshape(b, rows * columns, c * p * p)
        tokens = self.linear(tokens, "input")
        tokens = tokens + self.places(rows, columns, tokens.shape[2], x.device)
        for i in range(self.depth):
            tokens = self.block(tokens, f"blocks.{i}", embedding)
        scale, shift = self.linear(embedding, "modulation").chunk(2, 1)
        y = self.linear(self.modulated(tokens, scale, shift), "output")
        y = y.reshape(b, rows, columns, 1, p, p).permute(0, 3, 1, 4, 2, 5)
        return y.reshape(b, 1, h, w)


class Training:
    def __init__(self, tensors, layout):
        weights = {k[7:]: v for k, v in tensors.items() if k.startswith("weight.")}
        kind = Transformer if any(k.startswith("blocks.") for k in weights) else Network
        self.network = kind(weights, layout)
        self.x = tensors["x"].contiguous(memory_format=layout)
        self.classes = tensors["classes"].long() if "classes" in tensors else None
        self.t, self.target = tensors["t"], tensors["target"].contiguous(memory_format=layout)
        self.weights = list(self.network.w.values())
        self.average = [w.detach().clone() for w in self.weights]
        decayed = [w for w in self.weights if w.dim() >= 2]
        others = [w for w in self.weights if w.dim() < 2]
        groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-4, fused=True)

    def forward(self):
        with torch.inference_mode():
            begin = time.perf_counter()
            self.network(self.x, self.t, self.classes)
            return time.perf_counter() - begin

    def gradients(self):
        loss = (self.network(self.x, self.t, self.classes) - self.target).square().mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()

    def step(self):
        begin = time.perf_counter()
        self.gradients()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.weights, 0.001)
        return time.perf_counter() - begin

    def memory(self):
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        before = resident("VmRSS")
        for _ in range(3):
            self.step()
        return resident("VmHWM") - before


def resident(name):
    line = next(l for l in open("/proc/self/status") if l.startswith(name))
    return float(line.split()[1]) * 1024


class Ours:
    def __init__(self, binary, folder, base, side):
        command = [binary, folder, str(base), str(side)]
        environment = dict(os.environ, RAYON_NUM_THREADS="2")
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=environment)
        assert self.process.stdout.readline().strip() == "ready"

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def compare(tensors, output_error=1e-4, gradient_error=1e-3):
    """Largest differences relative to the largest value: of the output and, over weights, of gradients."""
    training = Training(tensors, torch.contiguous_format)
    with torch.inference_mode():
        output = relative(tensors["y"], training.network(training.x, training.t, training.classes))
    training.gradients()
    worst = 0.0
    for name, weight in training.network.w.items():
        ours = converted(name, tensors["gradient." + name]).reshape(weight.shape)
        worst = max(worst, relative(ours, weight.grad))
    print(f"  same output to {output:.1e}, same gradients to {worst:.1e}")
    return output < output_error and worst < gradient_error


def peer_memory(folder, layout):
    """In a process of its own, as for us: what has been freed before would hide what a step needs."""
    tensors = f"measured.read_safetensors({str(pathlib.Path(folder) / 'network.safetensors')!r})"
    code = f"import network_torch as measured; print(measured.Training({tensors}, measured.LAYOUTS[{layout!r}]).memory())"
    here = pathlib.Path(__file__).parent
    return float(subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, check=True).stdout)


def rounds(names, count, time_one):
    """The times of each name, which take turns."""
    for name in names:
        time_one(name)
        time_one(name)
    times = {name: [] for name in names}
    for _ in range(count):
        for name in names:
            times[name].append(time_one(name))
    return times


def table(title, times, bar):
    """Medians decide; the least times beside them tell how much other work on the machine has disturbed."""
    columns = [{k: of(v) for k, v in times.items()} for of in (statistics.median, min)]
    peers = [min(v for k, v in column.items() if k in LAYOUTS) for column in columns]
    ours = [min(v for k, v in column.items() if k not in LAYOUTS) for column in columns]
    print(f"  {title:14}    median            least")
    for name in times:
        cells = (f"{1e3 * column[name]:9.1f} ms {column[name] / peer:5.2f}" for column, peer in zip(columns, peers))
        print(f"    {name:14}", *cells)
    ratio, least = (a / b for a, b in zip(ours, peers))
    print(f"    ours / PyTorch {ratio:.2f} (at most {bar}); of the least times {least:.2f}")
    return ratio <= bar


def compare_told(binary, name):
    base, side = TOLD[name]
    print(f"{name}: {base}, {side} x {side}, batch 8", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(binary, folder, base, side)
        ours.close()
        return compare(read_safetensors(pathlib.Path(folder) / "network.safetensors"))


def measure(binary, size, count):
    base, side, forward_bar, train_bar = SIZES[size]
    print(f"{size}: base {base}, {side} x {side}, batch 8, {count} rounds", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(binary, folder, base, side)
        tensors = read_safetensors(pathlib.Path(folder) / "network.safetensors")
        good = compare(tensors)
        peers = {name: Training(tensors, layout) for name, layout in LAYOUTS.items()}
        kinds = {"threads": "", "workers": "-workers"}

        def timed(what, name):
            if name in peers:
                return peers[name].forward() if what == "forward" else peers[name].step()
            return ours.ask(what + kinds[name])

        names = [*peers, *kinds]
        for what, bar in (("forward", forward_bar), ("train", train_bar)):
            good &= table(what, rounds(names, count, lambda name: timed(what, name)), bar)
        ours.close()
        memory = {name: peer_memory(folder, name) for name in peers}
        for name, kind in kinds.items():
            command = [binary, folder, str(base), str(side), "memory" + kind]
            memory[name] = float(subprocess.run(command, capture_output=True, check=True).stdout)
        text = ", ".join(f"{name} {value / 2**20:.0f} MB" for name, value in memory.items())
        print(f"  memory of a training step: {text}", flush=True)
        good &= min(memory[k] for k in kinds) <= min(memory[k] for k in peers)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=[*SIZES, *TOLD])
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else [*SIZES, *TOLD]
    good = [
        compare_told(arguments.binary, name) if name in TOLD else measure(arguments.binary, name, arguments.rounds)
        for name in names
    ]
    raise SystemExit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
