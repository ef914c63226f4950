"""Iris behind FastAPI and onnxruntime, as many teams write it: types checked by pydantic, one request a call."""

import os

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from pydantic import BaseModel

options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(os.environ["ONNX"], options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
app = FastAPI()


class Tensor(BaseModel):
    """A tensor of version 2."""

    name: str
    shape: list[int]
    datatype: str
    data: list[list[float]]


class Request(BaseModel):
    """A request of version 2."""

    inputs: list[Tensor]


@app.get("/ready")
async def ready() -> dict[str, bool]:
    """Say that it runs."""
    return {"ready": True}


@app.post("/infer")
async def infer(request: Request) -> dict[str, list]:  # type: ignore[type-arg]
    """Answer."""
    labels, probabilities = session.run(None, {name: np.array(request.inputs[0].data, np.float32)})
    return {"labels": labels.tolist(), "probabilities": probabilities.tolist()}
