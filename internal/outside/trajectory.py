"""Computes the trajectory that TestTrainerFollowsPEFT holds the trainer to: ten AdamW steps of PEFT on PyTorch.

    python internal/outside/trajectory.py

It trains the shipped model on one row, in F32 on the CPU, and writes into lora/testdata/peft:

    start.gguf       the adapter that both sides begin with, neither of its matrices zero
    trajectory.json  the row, the settings, and for each step the loss and the norm of the gradient before it is clipped

transformers reads the GGUF model by itself, so that no code of ours takes part.
"""

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples" / "basemodel" / "ragft-base-f16.gguf"
FOLDER = ROOT / "lora" / "testdata" / "peft"

PROMPT = """<|system|>Answer from the documents. If they do not say it, say so.<|end|><|user|>[1] Tuckle Mill
Tuckle Mill stands on the river Arl. Its wheel is made of oak and turns from March to October. The miller is Abel Hesk, \
who learnt the trade from his aunt. On Fridays he bakes rye bread and sells it at the gate.

[2] Candle Bridge
Candle Bridge is built of grey stone. It has three arches, and forty lamps that are lit in winter.

Who is the miller at Tuckle Mill, and from whom did he learn the trade?<|end|><|assistant|>"""
RESPONSE = "The miller is Abel Hesk, and he learnt the trade from his aunt [1].<|end|>"

RANK, ALPHA, STEPS = 2, 8.0, 10
RATE, DECAY, BETAS, EPSILON, CLIP = 1e-3, 0.1, (0.9, 0.999), 1e-8, 3.5  # of the ten norms, some are above CLIP and some below

# Names of transformers to those of GGUF.
MODULES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def adapted():
    """The model with an adapter that changes it."""
    base = AutoModelForCausalLM.from_pretrained(MODEL.parent, gguf_file=MODEL.name, dtype=torch.float32, attn_implementation="eager")
    assert all(p.dtype == torch.float32 for p in base.parameters())
    names = [m.rsplit(".", 1)[1] for m in MODULES]
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=names))
    random = torch.Generator().manual_seed(20)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.requires_grad:
                size = 1 / 16 if "lora_A" in name else 1 / 64
                p.copy_((size * torch.randn(p.shape, generator=random)).half().float())  # so that the file may hold halves
    return model


def gguf_rows(values, heads):
    """The rows of Q and K in the order of GGUF: transformers rotates rows half a head apart, llama.cpp neighbouring ones."""
    return values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def write_adapter(model, path):
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", ALPHA)
    for name, p in model.named_parameters():
        if not p.requires_grad:
            continue
        layer, rest = name.split(".layers.")[1].split(".", 1)
        module, half = rest.split(".lora_")
        values = p.detach().numpy()
        if half[0] == "B" and module == "self_attn.q_proj":
            values = gguf_rows(values, config.num_attention_heads)
        if half[0] == "B" and module == "self_attn.k_proj":
            values = gguf_rows(values, config.num_key_value_heads)
        writer.add_tensor(f"blk.{layer}.{MODULES[module]}.weight.lora_{half[0].lower()}", np.ascontiguousarray(values.astype(np.float16)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    torch.use_deterministic_algorithms(True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(MODEL.parent, gguf_file=MODEL.name)
    prompt, response = (tokenizer(text, add_special_tokens=False).input_ids for text in (PROMPT, RESPONSE))
    model = adapted()
    write_adapter(model, FOLDER / "start.gguf")

    tokens = torch.tensor([prompt + response])
    labels = torch.tensor([[-100] * len(prompt) + response])
    weights = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=RATE, betas=BETAS, eps=EPSILON, weight_decay=DECAY)
    losses, norms = [], []
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = model(input_ids=tokens, labels=labels).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(weights, CLIP).item())
        losses.append(loss.item())
        optimiser.step()
    with torch.no_grad():
        losses.append(model(input_ids=tokens, labels=labels).loss.item())

    result = {
        "prompt": prompt, "response": response, "learning_rate": RATE, "weight_decay": DECAY, "beta1": BETAS[0],
        "beta2": BETAS[1], "epsilon": EPSILON, "clip_norm": CLIP, "losses": losses, "gradient_norms": norms,
    }
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in result.items())
    (FOLDER / "trajectory.json").write_text("{\n" + lines + "\n}\n")
    print(f"{len(prompt)} + {len(response)} tokens; losses {losses}; norms {norms}")


if __name__ == "__main__":
    main()
