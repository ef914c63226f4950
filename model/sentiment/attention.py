"""A small network with self-attention, written twice: in numpy for its gradient, and as an ONNX graph for serving.

Each word looks at the words around it, so that "good" can see the "not" before it; what the words then say is averaged.
The two forms read alike, line by line, and must stay so.
"""

import autograd.numpy as np
import onnx
import onnx.parser

FAR = -1e9  # a score that no softmax sees


def initial(rng, words, length, width, classes):
    """Return the weights before training, for so many words of the vocabulary and places in a sentence."""

    def drawn(*shape):
        return rng.normal(scale=shape[0] ** -0.5, size=shape)

    return {
        "embedding": rng.normal(scale=0.1, size=(words, width)),
        "near": np.zeros((length, length)),  # how much a place looks at another, whatever stands there
        "query": drawn(width, width),
        "key": drawn(width, width),
        "value": drawn(width, width),
        "mix": drawn(2 * width, width),
        "say": drawn(width, classes),
    }


def probabilities(weights, tokens):
    """Return (n, classes) probabilities from (n, length) tokens, of which 0 is padding."""
    hidden = np.where(tokens == 0, FAR, 0.0)[:, None, :]
    seen = np.where(tokens == 0, 0.0, 1.0)[:, None, :]
    words = weights["embedding"][tokens]
    query, key, value = words @ weights["query"], words @ weights["key"], words @ weights["value"]
    looks = _softmax(query @ np.swapaxes(key, 1, 2) + weights["near"] + hidden)
    both = np.concatenate([words, looks @ value], axis=2)
    meanings = np.tanh(both @ weights["mix"])
    total = (seen @ meanings)[:, 0, :]
    mean = total / np.maximum(np.sum(seen, axis=2), 1.0)
    return _softmax(mean @ weights["say"])


def _softmax(scores):
    raised = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return raised / np.sum(raised, axis=-1, keepdims=True)


GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
attention (int64[n, length] tokens) => (float[n, classes] probabilities)
{
    one_row = Constant <value_ints = [1]> ()
    padding = Equal (tokens, none)
    padding_row = Unsqueeze (padding, one_row)
    hidden = Where (padding_row, far, zero)
    seen = Where (padding_row, zero, one)

    words = Gather (embedding, tokens)
    queries = MatMul (words, query)
    keys = MatMul (words, key)
    values = MatMul (words, value)

    keys_down = Transpose <perm = [0, 2, 1]> (keys)
    alike = MatMul (queries, keys_down)
    placed = Add (alike, near)
    scores = Add (placed, hidden)
    looks = Softmax <axis = -1> (scores)

    contexts = MatMul (looks, values)
    both = Concat <axis = 2> (words, contexts)
    mixed = MatMul (both, mix)
    meanings = Tanh (mixed)

    totals = MatMul (seen, meanings)
    total = Squeeze (totals, one_row)
    counts = ReduceSum <keepdims = 0> (seen, two)
    count = Max (counts, one)
    mean = Div (total, count)
    said = MatMul (mean, say)
    probabilities = Softmax <axis = -1> (said)
}
"""


def graph(weights, notes):
    """Return the network as an ONNX model with these weights, and notes in its metadata."""
    model = onnx.parser.parse_model(GRAPH)
    constants = {
        "none": np.int64(0),
        "two": np.array([2]),
        "far": np.float32(FAR),
        "zero": np.float32(0),
        "one": np.float32(1),
    }
    floats = {name: weight.astype(np.float32) for name, weight in weights.items()}
    for name, array in {**constants, **floats}.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
    onnx.helper.set_model_props(model, notes)
    onnx.checker.check_model(model, full_check=True)
    return model
