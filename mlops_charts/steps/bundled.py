"""The data sets that scikit-learn brings along, as rows with names instead of numbers of classes."""

from __future__ import annotations

from typing import Any, Final

from mlops_charts.problems.suggest import nearest
from mlops_charts.steps.call import Refused

NAMES: Final = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")


def bundled(name: str, target: str) -> Any:
    """Return the rows of a data set that needs no network.

    Args:
        name: One of NAMES.
        target: What the column of the target is to be called. Of linnerud, which has three, the one that is meant.

    Raises:
        Refused: There is no such data set, or no such target in it.
    """
    if name not in NAMES:
        near = nearest(name, NAMES)
        raise Refused(
            f"sklearn://{name}: there is no such data set"
            + (f'; did you mean "{near}"?' if near else f"; there are {', '.join(NAMES)}")
        )
    from sklearn import datasets  # noqa: PLC0415 - 1 s

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    return _one_of(bunch, target) if name == "linnerud" else _named(bunch, target)


def _named(bunch: Any, target: str) -> Any:
    import numpy as np  # noqa: PLC0415 - 0.1 s

    if target in bunch.data.columns:
        raise Refused(f'training.data.target: "{target}" is a feature of this data set; its target has no name yet')
    names = bunch.get("target_names")
    classes = np.asarray(names)[bunch.target.to_numpy()] if names is not None and len(names) else bunch.target
    return bunch.data.assign(**{target: classes.tolist()})


def _one_of(bunch: Any, target: str) -> Any:
    names = list(bunch.target.columns)
    if target not in names:
        raise Refused(f'training.data.target: linnerud has no "{target}"; its targets are {", ".join(names)}')
    return bunch.data.assign(**{target: bunch.target[target]})
