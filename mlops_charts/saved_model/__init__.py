"""The folder of a saved model: loading it, and asking it. What serves, and what judges, ask it here and alike.

    model.onnx | model.skops | model.pkl    what computes; none where the entrypoint holds all of it
    signature.json                          what it takes and gives
    example.json                            a request with some real rows, and the answers that it had
    profile.json                            the reference for drift, once monitor has run
    code/                                   the source files, where serving.entrypoint names one of them

It knows numpy and what computes; it must not know pandas, MLflow, specs or servers.
"""

from mlops_charts.saved_model.model import Answers, BrokenModel, Rows, SavedModel, load
from mlops_charts.saved_model.signature import Column, Signature, read_signature, signature_text

__all__ = [
    "Answers",
    "BrokenModel",
    "Column",
    "Rows",
    "SavedModel",
    "Signature",
    "load",
    "read_signature",
    "signature_text",
]
