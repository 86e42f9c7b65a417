"""Our U-Net against the same network in PyTorch on a GPU: eager and compiled, f32 and bf16, in one run.

Same weights, batch of 8, loss and optimiser step as network_torch.py. First our outputs and gradients are compared
with PyTorch's in f32; then each round gives every side twenty passes, or steps, at once and waits for the last, and the
medians over rounds are printed with the ratios to the faster of PyTorch's two. In f32 both sides may round the factors of
products to TF32, as burn does by default; bf16 is PyTorch's autocast (f32 weights) against our precision "bf16".

    bash tests/benchmarks/network_gpu.sh [--rounds 7] [--only reference] [--device cuda:0]
"""

import argparse
import contextlib
import pathlib
import statistics
import subprocess
import tempfile
import time

import network_torch
import torch
from network_torch import SIZES, Training, compare, read_safetensors, rounds

QUEUE = 20
# bf16 keeps 8 bits, TF32 10, and both pass through some fifty layers
ERRORS = {"f32": 2e-2, "bf16": 1e-1}


class OnGpu(Training):
    """PyTorch's side in channels-last order, which its GPU convolutions prefer."""

    def __init__(self, tensors, device, precision, compiled):
        super().__init__({k: v.to(device) for k, v in tensors.items()}, torch.channels_last)
        self.precision, self.device = precision, torch.device(device)
        if compiled:
            self.network_call = torch.compile(self.network.__call__)
        else:
            self.network_call = self.network.__call__

    def numbers(self):
        if self.precision == "bf16":
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return contextlib.nullcontext()

    def timed(self, job):
        torch.cuda.synchronize(self.device)
        begin = time.perf_counter()
        for _ in range(QUEUE):
            job()
        torch.cuda.synchronize(self.device)
        return (time.perf_counter() - begin) / QUEUE

    def call(self):
        with torch.inference_mode(), self.numbers():
            self.network_call(self.x, self.t)

    def gradients(self):
        with self.numbers():
            y = self.network_call(self.x, self.t)
        loss = (y.float() - self.target).square().mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()


class Ours(network_torch.Ours):
    def __init__(self, binary, folder, base, side, device, precision):
        command = [binary, folder, str(base), str(side), device, precision]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        assert self.process.stdout.readline().strip() == "ready"


def measure(binary, size, count, device, precision):
    base, side, _, _ = SIZES[size]
    print(f"{size} in {precision}: base {base}, {side} x {side}, batch 8, {count} rounds", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(binary, folder, base, side, device, precision)
        tensors = read_safetensors(pathlib.Path(folder) / "network.safetensors")
        error = ERRORS[precision]
        good = compare(tensors, error, 5 * error)
        peers = {
            name: OnGpu(tensors, device, precision, name == "compiled") for name in ("eager", "compiled")
        }

        def timed(what, name):
            if name == "ours":
                return ours.ask(what + "-queue")
            peer = peers[name]
            return peer.timed(peer.call if what == "forward" else peer.step)

        for what in ("forward", "train"):
            times = rounds([*peers, "ours"], count, lambda name: timed(what, name))
            medians = {name: statistics.median(values) for name, values in times.items()}
            fastest = min(v for k, v in medians.items() if k != "ours")
            cells = ", ".join(f"{k} {1e3 * v:.2f} ms" for k, v in medians.items())
            print(f"  {what:8} {cells}: ours / PyTorch {medians['ours'] / fastest:.2f}", flush=True)
        ours.close()
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=SIZES)
    parser.add_argument("--device", default="cuda:0")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("PyTorch finds no GPU: check the driver with nvidia-smi")
    # as burn: products of f32 may round their factors to TF32
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    sizes = [arguments.only] if arguments.only else list(SIZES)
    runs = [(size, precision) for size in sizes for precision in ("f32", "bf16")]
    good = [measure(arguments.binary, s, arguments.rounds, arguments.device, p) for s, p in runs]
    raise SystemExit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
