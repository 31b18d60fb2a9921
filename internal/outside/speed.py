"""Compares the speed of a training step with that of PEFT on PyTorch, on the same model, machine and numbers of tokens.

    python internal/outside/speed.py MODEL-F32.gguf [MODEL.gguf ...] [--times 5] [--out docs/performance/peft.json]

The first model is the F32 one: PEFT trains it, and so does ragft. The others are trained by ragft alone, since PEFT cannot train
them on a CPU; their speeds are divided by PEFT's on the first. A step is one of BenchmarkModelStep in lora: rank 8 on all seven
linear layers, one window of 512 tokens of which 128 have a loss, AdamW. PEFT runs as its documentation shows, in F32, with
PyTorch's own attention. The two take turns, and medians are compared. Nothing else should run meanwhile. The file --out is one of
those that examples/performance makes its page of.
"""

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKENS, LOSS = 512, 128


def peft_seconds(model, steps):
    """Run in a process of its own: prints the seconds of a step, and the peak of the memory in MiB."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(model.parent, gguf_file=model.name, dtype=torch.float32)
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    tuned = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=8, lora_alpha=16, target_modules=names))
    tuned.train()
    optimiser = torch.optim.AdamW([p for p in tuned.parameters() if p.requires_grad], lr=1e-4)
    tokens = torch.randint(base.config.vocab_size, (1, TOKENS), generator=torch.Generator().manual_seed(1))
    labels = tokens.clone()
    labels[:, : TOKENS - LOSS] = -100

    def step():
        optimiser.zero_grad()
        tuned(input_ids=tokens, labels=labels).loss.backward()
        optimiser.step()

    step()
    began = time.monotonic()
    for _ in range(steps):
        step()
    print((time.monotonic() - began) / steps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def peft(model, steps):
    # OPENBLAS variables slow current builds of numpy and PyTorch
    env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    out = subprocess.run([sys.executable, __file__, "--peft", str(steps), str(model)], check=True, capture_output=True, text=True, env=env)
    return [float(x) for x in out.stdout.split()[-2:]]


def ragft(program, model, steps):
    """Seconds of a step, the ratio to its bare products, and the peak of the memory in MiB."""
    command = [program, "-test.run", "^$", "-test.bench", "^BenchmarkModelStep$", "-test.benchtime", f"{steps}x"]
    child = subprocess.Popen(command, cwd=ROOT / "lora", env={**os.environ, "RAGFT_BENCH_MODEL": str(model)}, stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(out)
    speed, bare = (float(re.search(rf"([\d.]+) {unit}", out)[1]) for unit in ("tokens/s", "x/bare"))
    return [TOKENS / speed, bare, usage.ru_maxrss / 1024]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--times", type=int, default=5, help="turns")
    parser.add_argument("--steps", type=int, default=4, help="steps of a turn")
    parser.add_argument("--out", type=Path, help="JSON file to write the figures to")
    parser.add_argument("--peft", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    models = [m.resolve() for m in args.models]
    if args.peft:
        peft_seconds(models[0], args.peft)
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "lora.test"
        subprocess.run(["go", "test", "-c", "-o", program, "./lora"], cwd=ROOT, check=True)
        theirs, ours = [], {m: [] for m in models}
        for _ in range(args.times):
            theirs.append(peft(models[0], args.steps))
            for m in models:
                ours[m].append(ragft(program, m, args.steps))

    def median(turns, i):
        return statistics.median(t[i] for t in turns)

    base = median(theirs, 0)
    metrics = {"peft tokens/s": TOKENS / base, "peft MiB": median(theirs, 1)}
    print(f"PEFT, F32: {TOKENS / base:.0f} tokens/s, peak {median(theirs, 1):.0f} MiB")
    for m in models:
        seconds, bare, peak = (median(ours[m], i) for i in range(3))
        metrics |= {f"{m.stem} tokens/s": TOKENS / seconds, f"{m.stem} x/peft": base / seconds, f"{m.stem} MiB": peak}
        print(f"ragft, {m.stem}: {TOKENS / seconds:.0f} tokens/s, {base / seconds:.2f} times PEFT, "
              f"{bare:.2f} times its bare products, peak {peak:.0f} MiB")
    if args.out:
        info = Path("/proc/cpuinfo")
        named = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
        machine = {"system": f"{platform.system()}/{platform.machine()}", "processor": named[1] if named else "", "cores": os.cpu_count()}
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
        done = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({"metrics": metrics, "times": args.times, "threads": os.cpu_count(), "machine": machine,
                                        "commit": commit, "done": done}, indent="\t") + "\n")


if __name__ == "__main__":
    main()
