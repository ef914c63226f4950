"""The rows of a model as requests: a process of its own, because reading them may run the model's own code.

Called as `python -m mlops_charts.running.rows SPEC SOURCE MODEL FILE`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from mlops_charts.errors import MlopsChartsError


def main(spec: Path, source: Path, model: Path, file: Path) -> int:
    """Write a request a line, of all rows that the model has learned from and was judged by.

    Args:
        spec: The run's spec, model.json.
        source: The model's source files.
        model: The folder of the saved model.
        file: Where to write.
    """
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    from mlops_charts.local.bodies import write_bodies  # noqa: PLC0415 - pandas
    from mlops_charts.steps.asked import read_spec  # noqa: PLC0415
    from mlops_charts.steps.call import Call  # noqa: PLC0415
    from mlops_charts.steps.data import divided  # noqa: PLC0415

    asked = read_spec(spec)
    with tempfile.TemporaryDirectory(prefix="rows-") as scratch:
        inputs = Path(scratch, "inputs")
        inputs.mkdir()
        (inputs / "source").symlink_to(source, target_is_directory=True)
        parts = divided(Call(asked, inputs, Path(scratch, "outputs"), {}))
        rows = pd.concat([parts.train.X, parts.test.X], ignore_index=True)
        write_bodies(model, rows, file, asked.model.serving.protocol)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*(Path(word) for word in sys.argv[1:5])))
    except MlopsChartsError as error:
        sys.exit(f"error: {error}")
