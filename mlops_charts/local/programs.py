"""What does what a container would: a Python for a step, a builder or a proof for an image, tools from PATH."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from mlops_charts.contract import DONE, FAILED, REFUSED
from mlops_charts.errors import MlopsChartsError
from mlops_charts.local.flow import Manifest
from mlops_charts.local.places import Places
from mlops_charts.local.processes import Command, Ended, execute
from mlops_charts.local.setting import Setting
from mlops_charts.workspace.write import read_text, replace_text

Kind = Literal["step", "builder", "scanner", "signer", "foreign"]
_PROGRAMS: Final[Mapping[str, Kind]] = {
    "mlops-charts": "step",
    "/kaniko/executor": "builder",
    "trivy": "scanner",
    "/syft": "scanner",
    "/ko-app/cosign": "signer",
}
_FOUND: Final = 10  # exit status of the scanner where it found something: the user's side
_REGISTRY: Final = "registry:"  # how the bill of materials names an image of a registry


class NotRun(MlopsChartsError):  # noqa: N818 - nothing is wrong: it is a fact about this machine
    """A tool cannot run here; the reason, in a line."""


@dataclass(frozen=True)
class Work:
    """A container to be run, everything filled in.

    Attributes:
        name: Of the pod.
        command: The program and the head of its arguments, as the pod would see them.
        arguments: The rest, as the pod would see them.
        image: What it would run in.
        environment: Its variables, paths led to their places.
        own: Those that the container itself asks for, as the pod would see them.
        folder: Where it starts.
        places: Where its paths are.
        parameters: Inputs of its template.
        deadline: When it must have ended, by the monotonic clock; None for never.
        output: File of its stdout.
        log: File of its stderr.
    """

    name: str
    command: Sequence[str]
    arguments: Sequence[str]
    image: str
    environment: Mapping[str, str]
    own: Mapping[str, str]
    folder: Path
    places: Places
    parameters: Mapping[str, str]
    deadline: float | None
    output: Path
    log: Path

    def option(self, name: str) -> str:
        """Return the value of an option, its path led to its place; empty if it is not given."""
        given = [*self.arguments, ""]
        for index, argument in enumerate(given):
            if argument == name:
                return self.places.led(given[index + 1])
            if argument.startswith(f"{name}="):
                return self.places.led(argument.removeprefix(f"{name}="))
        return ""


@dataclass(frozen=True)
class Ran:
    """What came of a container.

    Attributes:
        ended: How its last process ended.
        note: What stood for it, where it was not the program itself.
    """

    ended: Ended
    note: str = ""


def kind_of(template: Manifest) -> Kind:
    """Return what sort of program a template runs: by the program, never by the name of an image."""
    command = template["container"].get("command") or [""]
    return _PROGRAMS.get(str(command[0]), "foreign")


def final(template: Manifest, status: int | None) -> bool:
    """Return whether another try is idle whatever the template says: what stands for the builder said no here."""
    return "container" in template and kind_of(template) == "builder" and status == REFUSED


def refused(kind: Kind, status: int | None) -> bool:
    """Return whether an exit status says that the user's side said no, and no tool failed."""
    if kind == "scanner":
        return status == _FOUND
    return status == 1 or (kind == "foreign" and bool(status))


@dataclass
class Programs:
    """Runs containers of one run.

    Attributes:
        setting: Where the run happens.
    """

    setting: Setting
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, kind: Kind, work: Work) -> Ran:
        """Run a container.

        Raises:
            NotRun: This machine cannot.
            OSError: A program cannot be started.
        """
        ways: dict[Kind, Callable[[Work], Awaitable[Ran]]] = {
            "step": self._step,
            "builder": self._build,
            "scanner": self._scan,
            "signer": self._sign,
            "foreign": self._foreign,
        }
        return await ways[kind](work)

    async def _step(self, work: Work) -> Ran:
        python, note = sys.executable, ""
        if self.setting.environment_image and work.image == self.setting.environment_image:
            async with self._one:
                ended, answer = await self._environment(work)
            if ended.status != DONE:
                return Ran(ended)
            python, note = answer["python"], "in the environment of requirements.txt"
        arguments = [python, "-m", "mlops_charts", *work.command[1:], *map(work.places.led, work.arguments)]
        return Ran(await _execute(work, arguments), note)

    async def _environment(self, work: Work) -> tuple[Ended, Mapping[str, Any]]:
        answer = self.setting.folder / "environment.json"
        if answer.exists():
            return Ended(DONE, 0.0), _read(answer)
        return await self._aside(work, "environment", str(self.setting.requirements), answer)

    async def _aside(self, work: Work, kind: str, source: str, answer: Path) -> tuple[Ended, Mapping[str, Any]]:
        module = "mlops_charts.local.aside"
        home = {"HOME": self.setting.environ["HOME"]} if "HOME" in self.setting.environ else {}
        work = replace(work, environment={**work.environment, **home})  # where pip has its settings and its cache
        ended = await _execute(work, [sys.executable, "-m", module, kind, source, str(self.setting.cache), str(answer)])
        return ended, _read(answer)

    async def _build(self, work: Work) -> Ran:
        destination = work.option("--destination")
        if destination == self.setting.environment_image:
            async with self._one:
                ended, answer = await self._environment(work)
            python = answer.get("python")
            return Ran(ended, f"a virtual environment stands for the image: {python}" if python else "")
        context = Path(work.option("--context").removeprefix("dir://"))
        if not self.setting.containers.program:
            return await self._prove(work, context, self.setting.containers.reason)
        build = [self.setting.containers.program, "build", "-t", destination, str(context)]
        name = Path(self.setting.containers.program).name
        ended = await _execute(work, build)
        if ended.status != DONE and not ended.late and not self.setting.containers.insisted:
            return await self._prove(
                work, context, f"{name} could not: exit status {ended.status}, see {work.log.name}"
            )
        if ended.status != DONE:
            return Ran(replace(ended, status=FAILED))  # whatever it exits with, it is the tool that failed
        inspect = [self.setting.containers.program, "inspect", "--type=image", "--format={{.Id}}", destination]
        digest = work.folder / "digest"
        ended = await _execute(replace(work, output=digest), inspect)
        replace_text(Path(work.option("--digest-file")), _digest(digest))
        return Ran(ended, f"built by {name} on this machine, not pushed")

    async def _prove(self, work: Work, context: Path, reason: str) -> Ran:
        ended, proof = await self._aside(work, "context", str(context), work.folder / "proof.json")
        note = f"not built ({reason}); its context was proven instead: {proof.get('summary', 'it does not hold')}"
        return Ran(ended, note)

    async def _scan(self, work: Work) -> Ran:
        program = self._tool(work)
        digest = work.parameters.get("image-digest", "")
        here = [argument.replace(f"@{digest}", "").removeprefix(_REGISTRY) for argument in work.arguments]
        return Ran(await _execute(work, [program, *map(work.places.led, here)]), "of the image on this machine")

    async def _sign(self, work: Work) -> Ran:
        self._tool(work)
        raise NotRun("a signature lies beside its image in the registry, and this one was not pushed")

    def _tool(self, work: Work) -> str:
        if not work.parameters.get("image-digest"):
            raise NotRun("no image was built")
        name = Path(work.command[0]).name
        program = shutil.which(name, path=self.setting.environ.get("PATH"))
        if program is None:
            raise NotRun(f"{name} is not on PATH")
        return program

    async def _foreign(self, work: Work) -> Ran:
        if not self.setting.containers.runs:
            reason = self.setting.containers.reason or "buildah builds images and does not run them"
            raise NotRun(f"{reason}, and {work.image} runs {work.command[0] if work.command else 'its own program'}")
        mounts = [f"--volume={here}:{path}" for path, here in work.places.mounts().items()]
        variables = [f"--env={name}" for name in sorted(work.own)]
        entry = [f"--entrypoint={work.command[0]}"] if work.command else []
        rest = [*work.command[1:], *work.arguments]
        run = [self.setting.containers.program, "run", "--rm", "--init", *mounts, *variables, *entry, work.image, *rest]
        return Ran(await _execute(replace(work, environment={**work.environment, **work.own}), run))


async def _execute(work: Work, arguments: Sequence[str]) -> Ended:
    left = None if work.deadline is None else max(0.0, work.deadline - time.monotonic())
    return await execute(Command(arguments, work.environment, work.folder, work.output, work.log), left)


def _read(answer: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(read_text(answer) or "{}")
    return found


def _digest(file: Path) -> str:
    found = (read_text(file) or "").strip()
    return found if found.startswith("sha256:") else f"sha256:{found}"
