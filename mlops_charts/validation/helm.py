"""The real Helm: a binary if there is one, else the library in a wheel. It renders and lints charts that lie on disk.

This module must not know what is in a chart. Which Helm is taken: the one that $HELM names, else `helm` on PATH, else
helm-python-sdk. The library cannot be told a Kubernetes version (.Capabilities is fixed in it); the binary is.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

from mlops_charts.errors import MlopsChartsError
from mlops_charts.validation.documents import DocumentError, split

__all__ = ["DocumentError", "Helm", "HelmBinary", "HelmError", "HelmLibrary", "MissingTool", "find_helm", "split"]

_TIMEOUT: Final = 60.0
_INSTALL: Final = "no helm is here: pip install 'mlops-charts[validate]', or put helm on PATH"
_HINT: Final = "Use --debug flag to render out invalid YAML"
_MESSAGE: Final = re.compile(r"^\[(INFO|WARNING|ERROR)\] ")
_SEVERITIES: Final[Mapping[int, str]] = {2: "WARNING", 3: "ERROR"}


class MissingTool(MlopsChartsError):  # noqa: N818 - it is a fact about the machine, and is caught by this name
    """A tool that the command needs is not on this machine. One line that says how to get it."""


class HelmError(MlopsChartsError):
    """Helm refuses a chart or its values, or failed itself; the message is Helm's, without its noise."""


class Helm(Protocol):
    """What can be asked of either Helm."""

    @property
    def version(self) -> str:
        """Helm's own version, such as v4.2.3."""

    def template(
        self, chart_dir: Path, values: Sequence[Path] = (), *, name: str, namespace: str, kubernetes_version: str = ""
    ) -> str:
        """What `helm template` prints: documents behind `# Source:` comments. Raises HelmError."""

    def lint(self, chart_dir: Path, values: Sequence[Path] = (), *, strict: bool = True) -> list[str]:
        """What `helm lint` objects to, warnings only if ``strict``; empty if all is well. Raises HelmError."""


def find_helm(environ: Mapping[str, str] | None = None) -> Helm:
    """The Helm of this machine.

    Raises:
        MissingTool: there is none, or $HELM names none.
    """
    env = os.environ if environ is None else environ
    wanted = env.get("HELM", "")
    binary = shutil.which(wanted or "helm", path=env.get("PATH", ""))
    if binary:
        return HelmBinary(binary)
    if wanted:
        raise MissingTool(f"HELM={wanted} is no program that can be run")
    if find_spec("helm_python") is None:
        raise MissingTool(_INSTALL)
    return HelmLibrary()


@dataclass(frozen=True)
class HelmBinary:
    """A helm program, called without a shell and never for longer than ``timeout`` seconds."""

    program: str
    timeout: float = _TIMEOUT

    @cached_property
    def version(self) -> str:
        """Helm's own version, such as v4.3.1."""
        return self._run("version", "--template", "{{.Version}}").stdout.strip()

    def template(
        self, chart_dir: Path, values: Sequence[Path] = (), *, name: str, namespace: str, kubernetes_version: str = ""
    ) -> str:
        """What `helm template` prints. Raises HelmError."""
        version = ("--kube-version", kubernetes_version) if kubernetes_version else ()
        files = _values_flags(values)
        done = self._run("template", name, str(chart_dir), "--namespace", namespace, *version, *files)
        if done.returncode:
            raise HelmError(_cleaned(done.stderr or done.stdout))
        return done.stdout

    def lint(self, chart_dir: Path, values: Sequence[Path] = (), *, strict: bool = True) -> list[str]:
        """What `helm lint` objects to. Raises HelmError."""
        done = self._run("lint", str(chart_dir), *(("--strict",) if strict else ()), *_values_flags(values))
        messages = _lint_messages(done.stdout, strict=strict)
        if done.returncode and not messages:
            raise HelmError(_cleaned(done.stderr or done.stdout))
        return messages

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self.program, *arguments],
                capture_output=True,
                check=False,
                encoding="utf-8",
                errors="replace",
                stdin=subprocess.DEVNULL,
                timeout=self.timeout,
            )
        except subprocess.TimeoutExpired:
            raise HelmError(f"helm {arguments[0]} took longer than {self.timeout:g} s") from None
        except OSError as error:
            raise HelmError(f"{self.program} cannot be run: {error.strerror}") from None


class HelmLibrary:
    """Helm as a library. A loaded chart is changed by rendering it, so each call loads its own."""

    @cached_property
    def version(self) -> str:
        """Helm's own version, such as v4.2.3."""
        import helm_python  # noqa: PLC0415 - 75 MB of shared library

        return str(helm_python.helm_sdk_version())

    def template(
        self, chart_dir: Path, values: Sequence[Path] = (), *, name: str, namespace: str, kubernetes_version: str = ""
    ) -> str:
        """What `helm template` would print, in the order of the template files. Raises HelmError."""
        del kubernetes_version
        rendered = _guarded(lambda: self._render(chart_dir, _merged(values), name, namespace))
        return "".join(_with_source(file, rendered[file]) for file in sorted(rendered))

    def lint(self, chart_dir: Path, values: Sequence[Path] = (), *, strict: bool = True) -> list[str]:
        """What `helm lint` objects to. Raises HelmError."""
        import helm_python  # noqa: PLC0415 - 75 MB of shared library

        report = _guarded(lambda: helm_python.lint(str(chart_dir), _merged(values), strict=strict))
        least = 2 if strict else 3
        return [
            f"{_SEVERITIES[found['severity']]} {found['path']}: {_cleaned(found['error'])}"
            for found in report["messages"]
            if found["severity"] in _SEVERITIES and found["severity"] >= least
        ]

    def _render(self, chart_dir: Path, values: dict[str, Any], name: str, namespace: str) -> Mapping[str, str]:
        import helm_python  # noqa: PLC0415 - 75 MB of shared library

        with helm_python.Chart.load(str(chart_dir)) as chart:
            return dict(chart.render(values, name=name, namespace=namespace))


def _guarded(call: Callable[[], Any]) -> Any:
    import helm_python  # noqa: PLC0415 - 75 MB of shared library

    try:
        return call()
    except helm_python.HelmError as error:
        raise HelmError(_cleaned(str(error))) from None


def _with_source(file: str, text: str) -> str:
    return f"---\n# Source: {file}\n{text.rstrip()}\n" if text.strip() else ""


def _merged(values: Sequence[Path]) -> dict[str, Any]:
    """The values files as Helm merges them: read as Go reads YAML, the later file wins."""
    from mlops_charts.chart import merge  # noqa: PLC0415 - only the library needs it

    return merge({}, *(_read_values(path) for path in values))


def _read_values(path: Path) -> dict[str, Any]:
    try:
        documents = split(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise HelmError(f"{path} cannot be read: {error}") from None
    except DocumentError as error:
        raise HelmError(f"{path}: {error}") from None
    if not documents:
        return {}
    if len(documents) > 1 or not isinstance(documents[0][1], dict):
        raise HelmError(f"{path} is not one map of values")
    return documents[0][1]


def _values_flags(values: Sequence[Path]) -> list[str]:
    return [word for path in values for word in ("--values", str(path))]


def _lint_messages(text: str, *, strict: bool) -> list[str]:
    """The findings of `helm lint`; lines without a severity belong to the finding above them."""
    found: list[str] = []
    for line in text.splitlines():
        if _MESSAGE.match(line):
            found.append(line)
        elif found and line.strip() and not line.startswith(("==>", "Error:")):
            found[-1] += f"\n{line}"
    wanted = ("[WARNING]", "[ERROR]") if strict else ("[ERROR]",)
    return [_MESSAGE.sub(r"\1 ", message) for message in found if message.startswith(wanted)]


def _cleaned(message: str) -> str:
    lines = [line.rstrip() for line in message.replace(_HINT, "").strip().splitlines()]
    return "\n".join(line for line in lines if line).removeprefix("Error: ")
