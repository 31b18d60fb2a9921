"""Converts an embedding model of sentence-transformers with BERT's shape, such as all-MiniLM-L6-v2, to GGUF in F16.

    python internal/outside/embedding_model.py all-MiniLM-L6-v2 all-minilm-l6-v2-f16.gguf

The folder has config.json, model.safetensors, vocab.txt and 1_Pooling/config.json. It needs gguf and safetensors, not PyTorch.
llama.cpp's convert_hf_to_gguf.py does the same for all shapes, and needs it.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

# Names of the tensors of a layer, of transformers to those of GGUF.
LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
EMBEDDINGS = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}


def name_of(tensor, layers):
    """The name of a tensor in GGUF; None for what no embedding needs."""
    tensor = tensor.removeprefix("bert.")
    if tensor in EMBEDDINGS:
        return EMBEDDINGS[tensor]
    if tensor.startswith("pooler.") or tensor == "embeddings.position_ids":
        return None
    for i in range(layers):
        for theirs, ours in LAYER.items():
            for kind in ("weight", "bias"):
                if tensor == f"encoder.layer.{i}.{theirs}.{kind}":
                    return f"blk.{i}.{ours}.{kind}"
    sys.exit(f"the tensor {tensor} is not one of BERT's: use llama.cpp's convert_hf_to_gguf.py")


def add_vocabulary(out, lines, size):
    """WordPiece as llama.cpp reads it: a word begins with a mark, and what continues one has none."""
    tokens, types = [], []
    for line in lines:
        special = line.startswith("[") and line.endswith("]")
        types.append(gguf.TokenType.CONTROL if special else gguf.TokenType.NORMAL)
        tokens.append(line if special else line[2:] if line.startswith("##") else "\u2581" + line)
    for i in range(len(tokens), size):
        tokens.append(f"[PAD{i}]")
        types.append(gguf.TokenType.UNUSED)
    out.add_tokenizer_model("bert")
    out.add_tokenizer_pre("default")
    out.add_token_list(tokens)
    out.add_token_types(types)
    number = {line: i for i, line in enumerate(lines)}
    out.add_bos_token_id(number["[CLS]"])
    out.add_eos_token_id(number["[SEP]"])
    out.add_sep_token_id(number["[SEP]"])
    out.add_pad_token_id(number["[PAD]"])
    out.add_unk_token_id(number["[UNK]"])
    out.add_mask_token_id(number["[MASK]"])


def main(folder, file):
    config = json.loads((folder / "config.json").read_text())
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
    if config["model_type"] != "bert" or config.get("position_embedding_type", "absolute") != "absolute":
        sys.exit(f"{folder} has not BERT's shape: use llama.cpp's convert_hf_to_gguf.py")
    kinds = {"pooling_mode_mean_tokens": gguf.PoolingType.MEAN, "pooling_mode_cls_token": gguf.PoolingType.CLS}
    kind = [k for mode, k in kinds.items() if pooling.get(mode)]
    if len(kind) != 1:
        sys.exit(f"{folder} pools neither the mean nor the first token")
    layers = config["num_hidden_layers"]
    out = gguf.GGUFWriter(file, "bert")
    out.add_name(folder.name)
    out.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    out.add_block_count(layers)
    out.add_context_length(config["max_position_embeddings"])
    out.add_embedding_length(config["hidden_size"])
    out.add_feed_forward_length(config["intermediate_size"])
    out.add_head_count(config["num_attention_heads"])
    out.add_layer_norm_eps(config["layer_norm_eps"])
    out.add_causal_attention(False)
    out.add_pooling_type(kind[0])
    out.add_token_type_count(config["type_vocab_size"])
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    add_vocabulary(out, lines, config["vocab_size"])
    for tensor, values in load_file(folder / "model.safetensors").items():
        name = name_of(tensor, layers)
        if name is not None:  # vectors, and what is added to a token, stay in F32
            small = values.ndim == 1 or name in ("position_embd.weight", "token_types.weight")
            out.add_tensor(name, values.astype(np.float32 if small else np.float16))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
