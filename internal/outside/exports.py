"""Runs for real what 'ragft export' writes, on the shipped model.

    python internal/outside/exports.py RAGFT          all of it; RAGFT is the program, as 'go build ./cmd/ragft' makes it
    python internal/outside/exports.py RAGFT trl      one of peft, trl, axolotl

peft     loads an exported adapter in PEFT and writes the logits that TestLogitsEqualPEFT of lora compares llama.cpp's with
trl      trains with the exported scripts, on rows, preferences and plain text, and takes the adapters back to GGUF
axolotl  has Axolotl's own schemas validate the exported configurations; nothing is trained, which takes a GPU
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples" / "basemodel" / "ragft-base-f16.gguf"
DATA = ROOT / "lora" / "testdata" / "peft"
PLACES = 4  # logits are kept of the last tokens
SMALL = ["--set", "export.batch-rows=2", "--set", "export.accumulate=1", "--set", "export.row-tokens=128"]


def message(role, content):
    return {"role": role, "content": content}


def write_rows(folder):
    """Rows of the three kinds, few and short: what is tested is that the trainers take them."""
    names = ["Abel Hesk", "Dora Skell", "Orrin Vale", "Mara Tolley"]
    rows = []
    for i in range(5):  # two steps of two rows, and a row to validate on
        prompt = [message("system", "Answer from the documents."), message("user", f"Who keeps the light of tower {i}?")]
        right, wrong = (message("assistant", names[(i + k) % 4] + ".") for k in (0, 1))
        rows.append({"id": f"row-{i}", "messages": prompt + [right]})
        rows.append({"id": f"pair-{i}", "messages": prompt + [right], "rejected": [wrong]})
        rows.append({"id": f"text-{i}", "text": f"The light of tower {i} is kept by {names[i % 4]}."})
    (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))


def save_base(folder):
    """The shipped model as transformers saves one that it did not read from GGUF."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

    read = AutoModelForCausalLM.from_pretrained(MODEL.parent, gguf_file=MODEL.name, dtype=torch.float32)
    config = LlamaConfig(**{k: v for k, v in read.config.to_dict().items() if k != "quantization_config"})
    base = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    base.load_state_dict(read.state_dict())
    base.save_pretrained(folder)
    AutoTokenizer.from_pretrained(MODEL.parent, gguf_file=MODEL.name).save_pretrained(folder)


def ragft(program, folder, *args):
    command = [program, *args, "--model", MODEL, "--set", "train.epochs=1", *SMALL]
    print("ragft", *args[:2], flush=True)
    subprocess.run([str(x) for x in command], cwd=folder, check=True)


def peft(program, folder):
    import numpy as np
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    command = [program, "export", "peft", "--model", MODEL, "--adapter", DATA / "start.gguf", "--folder", folder / "peft"]
    subprocess.run([str(x) for x in command], cwd=folder, check=True)
    row = json.loads((DATA / "trajectory.json").read_text())
    tokens = torch.tensor([row["prompt"] + row["response"]])
    base = AutoModelForCausalLM.from_pretrained(MODEL.parent, gguf_file=MODEL.name, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        untuned = base(tokens).logits[0, -PLACES:]
        tuned = PeftModel.from_pretrained(base, folder / "peft")(tokens).logits[0, -PLACES:]
    print(f"the adapter moves logits by up to {(tuned - untuned).abs().max():.2f}; the largest is {tuned.abs().max():.2f}")
    assert (tuned - untuned).abs().max() > 0.3
    (DATA / "logits.f32").write_bytes(tuned.numpy().astype("<f4").tobytes())


def trl(program, folder):
    save_base(folder / "base")
    write_rows(folder)
    ragft(program, folder, "export", "trl", "--rows", "rows.jsonl", "--base", folder / "base", "--folder", "trl")
    for kind in ("rows", "preferences", "text"):
        # one thread: on a busy machine PyTorch's threads wait for each other, and a step takes half a minute
        subprocess.run([sys.executable, f"{kind}_trl.py"], cwd=folder / "trl", check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        saved = folder / "trl" / f"adapter-{kind}"
        assert (saved / "adapter_model.safetensors").stat().st_size > 0
        ragft(program, folder, "export", "gguf", "--folder", saved, "--adapter", f"{kind}.gguf")
        print(f"TRL trained on {kind}; back in GGUF: {(folder / f'{kind}.gguf').stat().st_size} bytes", flush=True)


def axolotl(program, folder):
    import yaml
    from axolotl.utils.schemas.config import AxolotlInputConfig
    from axolotl.utils.schemas.datasets import DPODataset, SFTDataset

    def validated(config):
        dataset = DPODataset if config.get("rl") else SFTDataset
        return AxolotlInputConfig(**{**config, "datasets": [dataset(**d) for d in config["datasets"]]})

    write_rows(folder)
    ragft(program, folder, "export", "axolotl", "--rows", "rows.jsonl", "--base", "base", "--folder", "axolotl")
    for path in sorted((folder / "axolotl").glob("*_axolotl.yaml")):
        wanted = yaml.safe_load(path.read_text())
        config = validated(wanted).model_dump()
        for key, value in wanted.items():
            if key not in ("datasets", "bf16"):  # filled in; "auto" is resolved
                if isinstance(config[key], float):
                    value = float(value)  # PyYAML reads 5e-06 as text, and the schema makes a number of it
                assert config[key] == value, (path.name, key, config[key], value)
        for broken in ({"lora_r": "many"}, {"num_epochs": "some"}, {"rl": "none of them"}):
            try:
                validated({**wanted, **broken})
            except ValueError:
                continue
            raise AssertionError(f"Axolotl takes {broken}")
        print(f"Axolotl takes {path.name}", flush=True)


def main():
    program = Path(sys.argv[1]).resolve()
    for name in sys.argv[2:] or ["peft", "trl", "axolotl"]:
        with tempfile.TemporaryDirectory() as folder:
            {"peft": peft, "trl": trl, "axolotl": axolotl}[name](program, Path(folder))


if __name__ == "__main__":
    main()
