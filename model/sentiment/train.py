"""Trains the reader of what guests write."""

import json

import autograd.numpy as np
from attention import graph, initial, probabilities
from autograd import grad
from autograd.misc.optimizers import adam
from words import LENGTH, tokens_of, vocabulary_of


def train(X, y, context):
    """Return a network with attention as an ONNX model that takes tokens and carries its vocabulary along.

    Args:
        X: Data frame with the column text.
        y: Series with the sentiment.
        context: `params` are `width`, numbers for each word; `steps` of gradient descent, their `rate`, and the
            sentences in a `batch`. All that is random follows from `seed`.
    """
    rng, params = np.random.default_rng(context.seed), context.params
    vocabulary = vocabulary_of(X["text"])
    tokens = tokens_of(X["text"], vocabulary)
    classes, truth = np.unique(np.asarray(y, dtype=str), return_inverse=True)
    batches = rng.integers(len(tokens), size=(params["steps"], params["batch"]))

    def loss(weights, step):
        rows = batches[step]
        said = probabilities(weights, tokens[rows])
        return -np.mean(np.log(said[np.arange(len(rows)), truth[rows]] + 1e-9))

    start = initial(rng, len(vocabulary), LENGTH, params["width"], len(classes))
    weights = adam(grad(loss), start, num_iters=params["steps"], step_size=params["rate"])
    return graph(weights, {"vocabulary": json.dumps(vocabulary), "classes": json.dumps(list(classes))})
