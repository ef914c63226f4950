"""The folder of a saved model: loading it, and asking it. What serves, and what judges, ask it here and alike.

    model.onnx | model.skops | model.pkl    what computes; none where the entrypoint holds all of it
    signature.json                          what it takes and gives
    example.json                            a request with some real rows, and the answers that it had
    profile.json                            the reference for drift, once monitor has run
    code/                                   the source files, where serving.entrypoint names one of them, or where what
                                            is stored has types of theirs
    MLmodel, requirements.txt, ...          the same for MLflow; nothing here reads them
    SHA256SUMS                              what was saved, but for the profile

It knows numpy and what computes, and pandas only for an estimator that asks for its columns by name; it must not know
MLflow, specs or servers.
"""

from mlops_charts.saved_model.example import Example, ExampleAnswers, example_text, read_example
from mlops_charts.saved_model.loading import load
from mlops_charts.saved_model.model import Answers, BrokenModel, Rows, SavedModel
from mlops_charts.saved_model.signature import Column, Signature, read_signature, signature_text

__all__ = [
    "Answers",
    "BrokenModel",
    "Column",
    "Example",
    "ExampleAnswers",
    "Rows",
    "SavedModel",
    "Signature",
    "example_text",
    "load",
    "read_example",
    "read_signature",
    "signature_text",
]
