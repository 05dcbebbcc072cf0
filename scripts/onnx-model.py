"""Writes a BERT encoder in the layout of model hubs as ONNX, in the shape that exporters give it: `input_ids`,
`attention_mask` and `token_type_ids` in, `last_hidden_state` out, for any number of texts of any length.

    onnx-model.py FOLDER FILE REFERENCE

The graph is made of the basic operators that exporters of PyTorch write, so that runtimes know its patterns. What it
computes is compared with two others before the file counts: numpy, written out once more below, and itself after ONNX
Runtime has changed it to its liking. With that, the vectors in the folder REFERENCE, which the tests of the embedding
compare with, are looked at once more: another program has to come to the same.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

OPSET = 17
IR = 8
# What floating point may make of another order of additions.
TOLERANCE = 2e-5
# Of the cosine between a vector and its reference, to 1.
DISTANCE = 1e-5


class Graph:
    """Nodes in their order, and the tensors that they share."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.constants = {}

    def constant(self, name, value):
        self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def weight(self, name, transposed=False):
        value = self.weights[name]
        return self.constant(name, value.T if transposed else value)

    def node(self, operator, *inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name, **attributes))
        return name

    def linear(self, value, layer, name):
        # PyTorch keeps matrices of layers as (out, in).
        product = self.node("MatMul", value, self.weight(f"{layer}.weight", transposed=True), name=f"{name}/matmul")
        return self.node("Add", product, self.weight(f"{layer}.bias"), name=name)

    def normal(self, value, layer, epsilon, name):
        scale, bias = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.node("LayerNormalization", value, scale, bias, name=name, axis=-1, epsilon=epsilon)


def build(config, weights):
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    epsilon = config["layer_norm_eps"]
    graph = Graph(weights)
    number = lambda name, value: graph.constant(name, np.array(value, dtype=np.float32))
    indices = lambda name, value: graph.constant(name, np.array(value, dtype=np.int64))

    words = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids", name="words")
    kinds = graph.node("Gather", graph.weight("embeddings.token_type_embeddings.weight"), "token_type_ids", name="kinds")
    length = graph.node(
        "Gather", graph.node("Shape", "input_ids", name="shape"), indices("second", 1), name="length", axis=0
    )
    length = graph.node("Unsqueeze", length, indices("zero", [0]), name="length_as_list")
    places = graph.node(
        "Slice",
        graph.weight("embeddings.position_embeddings.weight"),
        indices("from", [0]),
        length,
        indices("rows", [0]),
        name="places",
    )
    value = graph.node("Add", graph.node("Add", words, kinds, name="words_and_kinds"), places, name="embedded")
    value = graph.normal(value, "embeddings.LayerNorm", epsilon, "embeddings")

    # 0 where a token counts, the smallest number where it does not: (texts, 1, 1, tokens).
    mask = graph.node("Unsqueeze", "attention_mask", indices("heads", [1]), name="mask_for_heads")
    mask = graph.node("Unsqueeze", mask, indices("queries", [2]), name="mask_for_queries")
    mask = graph.node("Cast", mask, name="mask_as_number", to=TensorProto.FLOAT)
    mask = graph.node("Sub", number("one", 1), mask, name="mask_inverted")
    mask = graph.node("Mul", mask, number("smallest", np.finfo(np.float32).min), name="mask")

    split = indices("split", [0, 0, heads, hidden // heads])
    join = indices("join", [0, 0, hidden])
    scale = number("scale", math.sqrt(hidden // heads))
    for n in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{n}"

        def part(which, order):
            part = graph.linear(value, f"{layer}.attention.self.{which}", f"{layer}/{which}")
            part = graph.node("Reshape", part, split, name=f"{layer}/{which}/split")
            return graph.node("Transpose", part, name=f"{layer}/{which}/heads", perm=order)

        query, key, values = part("query", [0, 2, 1, 3]), part("key", [0, 2, 3, 1]), part("value", [0, 2, 1, 3])
        scores = graph.node("MatMul", query, key, name=f"{layer}/products")
        scores = graph.node("Div", scores, scale, name=f"{layer}/scaled")
        scores = graph.node("Add", scores, mask, name=f"{layer}/scores")
        shares = graph.node("Softmax", scores, name=f"{layer}/shares", axis=-1)
        context = graph.node("MatMul", shares, values, name=f"{layer}/context/heads")
        context = graph.node("Transpose", context, name=f"{layer}/context/split", perm=[0, 2, 1, 3])
        context = graph.node("Reshape", context, join, name=f"{layer}/context")
        attended = graph.linear(context, f"{layer}.attention.output.dense", f"{layer}/attended")
        attended = graph.node("Add", attended, value, name=f"{layer}/attended/sum")
        attended = graph.normal(attended, f"{layer}.attention.output.LayerNorm", epsilon, f"{layer}/attended/normal")

        wide = graph.linear(attended, f"{layer}.intermediate.dense", f"{layer}/wide")
        # GELU, exact: x * (1 + erf(x / sqrt(2))) / 2.
        curve = graph.node("Div", wide, number("root_of_two", math.sqrt(2)), name=f"{layer}/gelu/div")
        curve = graph.node("Erf", curve, name=f"{layer}/gelu/erf")
        curve = graph.node("Add", curve, number("one", 1), name=f"{layer}/gelu/add")
        curve = graph.node("Mul", wide, curve, name=f"{layer}/gelu/mul")
        curve = graph.node("Mul", curve, number("half", 0.5), name=f"{layer}/gelu")
        narrow = graph.linear(curve, f"{layer}.output.dense", f"{layer}/narrow")
        narrow = graph.node("Add", narrow, attended, name=f"{layer}/sum")
        value = graph.normal(narrow, f"{layer}.output.LayerNorm", epsilon, f"{layer}/normal")
    graph.node("Identity", value, name="last_hidden_state")

    tokens = ["batch_size", "sequence_length"]
    inputs = ["input_ids", "attention_mask", "token_type_ids"]
    made = helper.make_graph(
        graph.nodes,
        "bert",
        [helper.make_tensor_value_info(name, TensorProto.INT64, tokens) for name in inputs],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*tokens, hidden])],
        list(graph.constants.values()),
        # Lost on the way through the slice; with it, runtimes find sums before normalisations, and join them.
        value_info=[helper.make_tensor_value_info("embedded", TensorProto.FLOAT, [*tokens, hidden])],
    )
    model = helper.make_model(made, producer_name="modelferry", opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR
    onnx.checker.check_model(model, full_check=True)
    return model


def compute(config, weights, ids, mask):
    """The same with numpy, read off the paper and not off the graph."""
    erf = np.vectorize(math.erf, otypes=[np.float64])
    weights = {name: value.astype(np.float64) for name, value in weights.items()}
    heads, epsilon = config["num_attention_heads"], config["layer_norm_eps"]
    linear = lambda x, name: x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def normal(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    rows = []
    # Text by text and without padding: what a mask should come to.
    for text, counts in zip(ids, mask):
        text = text[counts == 1]
        x = weights["embeddings.word_embeddings.weight"][text]
        x = x + weights["embeddings.token_type_embeddings.weight"][0]
        x = normal(x + weights["embeddings.position_embeddings.weight"][: len(text)], "embeddings.LayerNorm")
        for n in range(config["num_hidden_layers"]):
            layer = f"encoder.layer.{n}"
            parts = [linear(x, f"{layer}.attention.self.{which}") for which in ("query", "key", "value")]
            heard = []
            for query, key, value in zip(*(np.split(part, heads, axis=-1) for part in parts)):
                scores = query @ key.T / math.sqrt(query.shape[-1])
                shares = np.exp(scores - scores.max(-1, keepdims=True))
                heard.append(shares / shares.sum(-1, keepdims=True) @ value)
            attended = linear(np.concatenate(heard, axis=-1), f"{layer}.attention.output.dense")
            x = normal(x + attended, f"{layer}.attention.output.LayerNorm")
            wide = linear(x, f"{layer}.intermediate.dense")
            wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
            x = normal(x + linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        rows.append(x)
    return rows


def check(config, weights, file):
    ids = np.array([[101, 7592, 1010, 2088, 102, 0, 0, 0], [101, 1037, 4937, 2003, 2006, 1996, 13523, 102]])
    mask = (ids != 0).astype(np.int64)
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    levels = onnxruntime.GraphOptimizationLevel
    expected = compute(config, weights, ids, mask)
    for level in (levels.ORT_DISABLE_ALL, levels.ORT_ENABLE_ALL):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        (found,) = session.run(["last_hidden_state"], inputs)
        for text, row in zip(found, expected):
            worst = np.abs(text[: len(row)] - row).max()
            if not worst <= TOLERANCE:
                raise SystemExit(f"the ONNX graph ({level}) is off by {worst}")
            print(f"    {len(row)} tokens, {level}: off by {worst:.1e} at most")


def check_reference(folder, file, reference):
    sentences = Path(reference, "sentences.txt").read_text(encoding="utf-8").splitlines()
    expected = np.fromfile(Path(reference, "vectors.f32"), dtype="<f4").reshape(len(sentences), -1)
    tokenizer = Tokenizer.from_file(str(Path(folder, "tokenizer.json")))
    tokenizer.enable_truncation(json.loads(Path(folder, "sentence_bert_config.json").read_text())["max_seq_length"])
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    worst = 0
    for sentence, vector in zip(sentences, expected):
        ids = np.array([tokenizer.encode(sentence).ids])
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (found,) = session.run(["last_hidden_state"], inputs)
        found = found[0].mean(axis=0)
        worst = max(worst, 1 - found @ vector / np.linalg.norm(found) / np.linalg.norm(vector))
    if not worst <= DISTANCE:
        raise SystemExit(f"ONNX Runtime and {reference}/vectors.f32 differ: 1 - cosine is up to {worst}")
    print(f"    {len(sentences)} reference vectors: 1 - cosine is {worst:.1e} at most")


def main(folder, file, reference):
    config = json.loads(Path(folder, "config.json").read_text())
    expected = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in expected.items():
        if config.get(key, value) != value:
            raise SystemExit(f"{key} is {config[key]!r}, and only {value!r} is known here")
    weights = load_file(Path(folder, "model.safetensors"))
    Path(file).write_bytes(build(config, weights).SerializeToString(deterministic=True))
    check(config, weights, file)
    check_reference(folder, file, reference)


main(*sys.argv[1:])
