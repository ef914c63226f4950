"""The code of a model's folder: loading a function of it, calling it, and telling whose fault an exception is.

What happens in that code is the user's: an exception becomes one refusal that shows the frames of the user's files and
none of ours. It must not know what the functions are for.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from mlops_charts.errors import MlopsChartsError
from mlops_charts.problems.suggest import nearest
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Refused

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_NOT_IN_WORDS: Final = (MemoryError, KeyboardInterrupt, Refused)


@dataclass(frozen=True)
class Context:
    """What a function of the model's folder is told of its run.

    Attributes:
        params: `training.params`, with what a search has chosen.
        seed: `training.seed`, from which all random numbers are to be drawn.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


def context_of(spec: RunSpec, chosen: Mapping[str, Any] | None = None) -> Context:
    """Return the context of a run; what a search has chosen stands over `training.params`."""
    training = spec.model.training
    params = {**training.params, **(chosen or {})}
    return Context(
        {name: list(value) if isinstance(value, tuple) else value for name, value in params.items()}, training.seed
    )


def load_function(source: Path, entrypoint: str) -> Callable[..., Any]:
    """Return a function or a class of the model's folder.

    The folder is put first on the path of modules, so that its files can import each other; no bytecode is written.

    Args:
        source: The model's folder.
        entrypoint: FILE.py:NAME.

    Raises:
        Refused: There is no such file or name, it cannot be called, or the file raises.
    """
    name, _, wanted = entrypoint.partition(":")
    path = source / name
    if not path.is_file():
        near = nearest(name, (file.relative_to(source).as_posix() for file in source.rglob("*.py")))
        raise Refused(f"{entrypoint}: there is no {name}{_meant(near)}")
    module = _module(source.resolve(), name)
    found = getattr(module, wanted, None)
    if found is None:
        near = nearest(wanted, (key for key, value in vars(module).items() if callable(value)))
        raise Refused(f"{entrypoint}: {name} defines no {wanted}{_meant(near)}")
    if not callable(found):
        raise Refused(f"{entrypoint}: {wanted} is no function, it is {_kind(found)}")
    function: Callable[..., Any] = found
    return function


def expect_arguments(function: Callable[..., Any], entrypoint: str, names: Sequence[str]) -> None:
    """Refuse a function that cannot be called with these arguments, by position.

    Raises:
        Refused: It cannot; the message has both signatures.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # written in C: it says nothing of its arguments
        return
    try:
        signature.bind(*names)
    except TypeError:
        called = entrypoint.partition(":")[2]
        message = f"{entrypoint}: defined as {called}{signature}, but is called as {called}({', '.join(names)})"
        raise Refused(message) from None


def seeded(seed: int) -> None:
    """Seed `random` and numpy's legacy generator, for code that does not take its seed from the context."""
    import random  # noqa: PLC0415 - only where code of a model runs

    import numpy as np  # noqa: PLC0415 - 0.1 s

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - it is this generator that the model's code may use


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn whatever the user's code raises into a refusal with the user's own frames.

    Running out of memory and an interrupt pass, as do refusals of ours; an exit of the process is refused. What the
    code prints goes to stderr, because stdout is the result of the step.

    Args:
        what: What is called, in the user's words: train.py:train.

    Raises:
        Refused: The code raised.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except _NOT_IN_WORDS:
        raise
    except SystemExit as error:
        reason = f"{what} ended the process with {error.code!r}; it must return or raise"
        raise Refused(_told(reason, error)) from None
    except MlopsChartsError as error:  # what we say of the answers of that code
        raise Refused(f"{what}: {error}") from None
    except BaseException as error:  # noqa: BLE001 - all that the user's code can raise
        if _out_of_memory(error):
            raise MemoryError from None
        raise Refused(_told(f"{what} raised {_one_line(error)}", error)) from None


def _module(source: Path, name: str) -> ModuleType:
    _on_path(source)
    path = source / name
    dotted = name.removesuffix(".py").replace("/", ".")
    taken = sys.modules.get(dotted)
    if taken is not None and _is_from(taken, path):
        return taken
    if taken is not None or dotted in sys.stdlib_module_names:
        dotted = f"model_{dotted}"  # a file called like a package that is installed
    spec = importlib.util.spec_from_file_location(dotted, path)
    if spec is None or spec.loader is None:
        raise Refused(f"{name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[dotted] = module
    try:
        with calling(name):
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(dotted, None)
        raise
    return module


def _on_path(source: Path) -> None:
    """Put a folder first on the path, and forget the modules of another model's folder that have the same names."""
    sys.dont_write_bytecode = True
    where = str(source)
    if sys.path[0] != where:
        sys.path[:] = [where, *(entry for entry in sys.path if entry != where)]
    importlib.invalidate_caches()
    heads = {entry.name.removesuffix(".py") for entry in source.iterdir()}
    for dotted, module in list(sys.modules.items()):
        if dotted.removeprefix("model_").partition(".")[0] in heads and _is_foreign(module, source):
            del sys.modules[dotted]


def _is_foreign(module: ModuleType, source: Path) -> bool:
    file = getattr(module, "__file__", None)
    if not file:  # a package without __init__.py
        paths = [str(path) for path in getattr(module, "__path__", ())]
        return bool(paths) and all(_is_users(path) and not Path(path).is_relative_to(source) for path in paths)
    return _is_users(file) and not Path(file).resolve().is_relative_to(source)


def _is_from(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).resolve() == path.resolve()


@cache
def _installed() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    places = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")} | {str(_PACKAGE)}
    places |= {os.path.realpath(place) for place in places}
    return tuple(place + os.sep for place in sorted(places))


def _is_users(file: str) -> bool:
    return not file.startswith(("<", *_installed()))


def _told(reason: str, error: BaseException) -> str:
    called = error.__traceback__ and error.__traceback__.tb_next  # the frame of the block around the call
    lines = traceback.TracebackException(type(error), error, called and called.tb_next)
    _keep_users(lines)
    text = "".join(lines.format()).rstrip()
    return f"{reason}\n{text}" if "  File " in text else reason


def _keep_users(lines: traceback.TracebackException) -> None:
    """Leave only the user's frames, also in what caused an exception."""
    seen: list[traceback.TracebackException] = [lines]
    while seen:
        one = seen.pop()
        one.stack = traceback.StackSummary.from_list([frame for frame in one.stack if _is_users(frame.filename)])
        seen += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]


def _out_of_memory(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, MemoryError):
        cause = cause.__cause__
    return cause is not None


def _one_line(error: BaseException) -> str:
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - the text of an exception is the user's code too
        said = ""
    if isinstance(error, ModuleNotFoundError):
        said += "; packages that the runtime lacks are named in training.requirements"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _kind(found: object) -> str:
    return f"of type {type(found).__name__}"


def _meant(near: str | None) -> str:
    return f'; did you mean "{near}"?' if near else ""
