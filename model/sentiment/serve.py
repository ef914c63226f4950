"""Answers with what a sentence means: text in, probabilities out."""

import json

import onnxruntime
from words import tokens_of


class Model:
    """The stored network behind the tokens that it was trained on."""

    def __init__(self, folder):
        """Load the network.

        Args:
            folder: Path of the model's folder, with model.onnx in it.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # a pod has half a core; more threads would wait for each other
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._vocabulary = json.loads(self._session.get_modelmeta().custom_metadata_map["vocabulary"])

    def predict(self, inputs):
        """Return (n, 2) probabilities, negative first, of (n, 1) sentences."""
        tokens = tokens_of([str(sentence) for sentence in inputs[:, 0]], self._vocabulary)
        return self._session.run(["probabilities"], {"tokens": tokens})[0]
