"""`mlops-charts step`: one step of the pipeline, as the pods of a workflow call it."""

from __future__ import annotations

import ast
from pathlib import Path

import click

from mlops_charts import steps
from mlops_charts.cli import CLEAN, Commands
from mlops_charts.contract import MEANINGS, OUT_OF_MEMORY, RESULT, STEPS, StepContract

_HELP = """Run one step of the pipeline, as the pods of a workflow do.

\b
Example:
  mlops-charts step train --spec model.json --inputs in --outputs out --data-digest 3f1c... --run-id 5d2e...

Inputs and outputs are folders: an artifact is a folder below them, a parameter that a later step needs a file, and
result.json says what the step found. Exit status: 0 done, 1 the user's side said no, 2 usage, 3 a tool or service
failed, 137 out of memory.
"""


def _subcommand(name: str, contract: StepContract) -> click.Command:
    options: list[click.Parameter] = [
        click.Option(["--spec"], type=click.Path(path_type=Path), required=True, help="The resolved spec, model.json."),
        click.Option(["--inputs"], type=click.Path(path_type=Path), required=True, help=_reads(contract)),
        click.Option(["--outputs"], type=click.Path(path_type=Path), required=True, help=_writes(contract)),
        *(click.Option([f"--{one}"], default="", help=MEANINGS[one]) for one in contract.parameters_in),
    ]

    def run(spec: Path, inputs: Path, outputs: Path, **parameters: str) -> int:
        given = {parameter.replace("_", "-"): content for parameter, content in parameters.items()}
        return _run(name, spec, inputs, outputs, given)

    purpose = _purpose(name)
    return click.Command(name, params=options, callback=run, help=_help(name, contract, purpose), short_help=purpose)


def _purpose(name: str) -> str:
    """Return what a step does, in the sentence that its module begins with; to load the module would cost seconds."""
    text = Path(steps.__path__[0], f"{name}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


def _help(name: str, contract: StepContract, purpose: str) -> str:
    flags = " ".join(f"--{one} ..." for one in contract.parameters_in[:2])
    call = f"mlops-charts step {name} --spec model.json --inputs in --outputs out {flags}"
    return f"{purpose}\n\n\b\nExample:\n  {call}\n\ndocs/steps.md says more of it, and what its result.json holds."


def _reads(contract: StepContract) -> str:
    return f"Folder of the artifacts: {', '.join(contract.artifacts_in) or 'source'}."


def _writes(contract: StepContract) -> str:
    made = (*contract.parameters_out, *contract.artifacts_out)
    return f"Folder for {', '.join((*made, RESULT))}."


def _run(name: str, spec: Path, inputs: Path, outputs: Path, parameters: dict[str, str]) -> int:
    from mlops_charts.steps.asked import read_spec  # noqa: PLC0415 - --help stays light
    from mlops_charts.steps.call import Call, Unavailable, check_code  # noqa: PLC0415
    from mlops_charts.steps.table import runner  # noqa: PLC0415

    call = Call(read_spec(spec), inputs, outputs, parameters)
    check_code(call)
    try:
        result = runner(name)(call)
    except MemoryError:
        click.echo("error: out of memory; training.resources.memory says how much there is", err=True)
        return OUT_OF_MEMORY
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("mlops_charts"):
            raise
        package = error.name.partition(".")[0]
        raise Unavailable(
            f"{package} is not installed; pip install 'mlops-charts[steps]' brings what steps need"
        ) from None
    text = result.model_dump_json(indent=2, by_alias=True)
    call.write(RESULT, text + "\n")
    click.echo(text)
    return CLEAN


class _Steps(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(STEPS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return _subcommand(cmd_name, STEPS[cmd_name]) if cmd_name in STEPS else None


@click.group(cls=_Steps, help=_HELP)
def command() -> None:
    """Run one step of the pipeline."""
