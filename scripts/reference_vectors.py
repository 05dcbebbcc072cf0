"""A forward pass of BERT in double precision, with numpy alone, and the tokenizer of the Python package `tokenizers`.

Shares no code with ours: it is what `sentence-transformers` computes (mean of all token vectors, length 1, texts cut at
`max_seq_length`), written down from the paper.
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer


def read_tensors(path: Path) -> dict[str, np.ndarray]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[start:end], dtype="<f4").astype(np.float64).reshape(entry["shape"])
    return tensors


erf = np.vectorize(math.erf)


def layer_norm(x, weight, bias, epsilon):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * weight + bias


def embed(ids: list[int], tensors: dict[str, np.ndarray], config: dict) -> np.ndarray:
    def linear(x, name):
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(x, name):
        name += ".LayerNorm"
        return layer_norm(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], config["layer_norm_eps"])

    heads = config["num_attention_heads"]
    width = config["hidden_size"] // heads
    x = tensors["embeddings.word_embeddings.weight"][ids]
    x = x + tensors["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"

        def split(y):
            return y.reshape(len(ids), heads, width).transpose(1, 0, 2)

        query, key, value = (split(linear(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(width)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ value).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + linear(mixed, f"{name}.attention.output.dense"), f"{name}.attention.output")
        inner = linear(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + linear(inner, f"{name}.output.dense"), f"{name}.output")
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


def main(model: Path, reference: Path, check: bool) -> int:
    config = json.loads((model / "config.json").read_text())
    assert config["hidden_act"] == "gelu"
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(json.loads((model / "sentence_bert_config.json").read_text())["max_seq_length"])
    tensors = read_tensors(model / "model.safetensors")
    sentences = (reference / "sentences.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    encodings = [tokenizer.encode(sentence) for sentence in sentences]
    vectors = np.array([embed(encoding.ids, tensors, config) for encoding in encodings]).astype("<f4")
    lengths = sorted(len(encoding.ids) for encoding in encodings)
    print(f"{len(sentences)} sentences of {lengths[0]} to {lengths[-1]} tokens, vectors of {vectors.shape[1]} numbers")
    path = reference / "vectors.f32"
    if not check:
        path.write_bytes(vectors.tobytes())
        return 0
    stored = np.frombuffer(path.read_bytes(), dtype="<f4").reshape(vectors.shape)
    worst = (vectors.astype(np.float64) * stored).sum(axis=1).min()
    print(f"smallest cosine between what is stored and what was computed: {worst:.9f}")
    return 0 if worst > 0.999999 else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), "--check" in sys.argv[3:]))
