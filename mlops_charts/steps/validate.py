"""Decides whether a trained model may become a version.

    the saved model, asked once about every test row -> metrics, gates, the champion, latency -> a report -> a verdict

The report is written and logged whatever the verdict is. The stage of the run is advanced last, and only if every gate
passed, so that a model that was refused never becomes a version.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Literal

from mlops_charts import contract
from mlops_charts.log import log
from mlops_charts.saved_model import BrokenModel
from mlops_charts.steps.call import Call, Refused, Result, Unavailable
from mlops_charts.steps.data import Divided, divided
from mlops_charts.steps.fitting import saved
from mlops_charts.steps.judging.report import ChampionVerdict, GateVerdict, LatencyFigures, Report
from mlops_charts.steps.registry import Registry, model_folder, open_registry

if TYPE_CHECKING:
    from mlops_charts.steps.judging.examine import Examined

TAG_VERDICT: Final = "mlops.verdict"


class ValidateResult(Result):
    """What validation found.

    Attributes:
        verdict: Whether the model may become a version.
        test_rows: Rows that it was judged by.
        metrics: Every metric that exists on these rows; the latency in seconds.
        gates: Each gate with its figures.
        champion: The comparison with what serves now; none if it was not asked for.
        latency: How long one row takes, in seconds.
    """

    verdict: Literal["passed", "failed"]
    test_rows: int
    metrics: dict[str, float]
    gates: tuple[GateVerdict, ...]
    champion: ChampionVerdict | None
    latency: LatencyFigures | None


def run(call: Call) -> ValidateResult:
    """Judge the saved model by the test rows, and keep the report.

    Raises:
        Refused: A gate failed, or the model cannot be judged; every reason has a line.
        Unavailable: The rows, the model or MLflow cannot be reached.
    """
    from mlops_charts.steps.judging.examine import conclude, examine  # noqa: PLC0415 - loads numpy

    registry, rows = open_registry(call), divided(call)
    with TemporaryDirectory() as scratch:
        model = _model(call, registry, Path(scratch))
        examined = examine(call, model, rows.test)
        champion = _champion(call, registry, examined, rows, Path(scratch))
    report = conclude(call, examined, rows, champion)
    _keep(call, registry, report, examined)
    if report.failures:
        for line in report.failures:
            log("gate failed", reason=line)
        raise Refused("\n".join(report.failures))
    registry.advance(call.parameters["run-id"], "validated")
    return ValidateResult(
        verdict=report.verdict,
        test_rows=report.test_rows,
        metrics=report.metrics,
        gates=report.gates,
        champion=report.champion,
        latency=report.latency,
    )


def _model(call: Call, registry: Registry, scratch: Path) -> Any:
    try:
        return saved(call, model_folder(call, registry, scratch / "model"))
    except BrokenModel as error:
        raise Unavailable(f"the saved model cannot be loaded: {error}") from None


def _champion(
    call: Call, registry: Registry, examined: Examined, rows: Divided, scratch: Path
) -> ChampionVerdict | None:
    """Return the comparison with what serves now; skipped, with the reason, where there is nothing to compare with."""
    from mlops_charts.steps.judging.champion import Contest, judge_champion, skipped  # noqa: PLC0415 - loads numpy
    from mlops_charts.steps.judging.examine import examine  # noqa: PLC0415

    asked = call.spec.model.validation.champion
    if asked is None:
        return None
    version = registry.champion()
    if version is None:
        return skipped("no version has been promoted yet")
    if version.run_id == call.parameters["run-id"]:
        return skipped(f"version {version.version} is the champion itself", version.version)
    folder = registry.get(version.run_id, contract.MODEL_ARTIFACTS, scratch / "champion")
    if folder is None:
        return skipped(f"champion {version.version} has no saved model in MLflow any more", version.version)
    try:
        model = saved(call, folder)
        _comparable(examined, model)
        old = examine(call, model, rows.test, champion=True)
    except (BrokenModel, Refused) as reason:
        return skipped(f"champion {version.version} cannot answer these rows: {reason}", version.version)
    search = call.spec.model.training.search
    less = search is not None and search.metric == asked.metric and search.direction == "minimize"
    notes = tuple(_notes(version.data, rows.digest))
    return judge_champion(asked, Contest(examined.subject, old.subject, version.version, less, notes))


def _comparable(examined: Examined, champion: Any) -> None:
    before, now = champion.signature.task, examined.model.signature.task
    if before != now:
        raise Refused(f"its task was {before}, and is now {now}")


def _notes(before: str, now: str) -> Iterator[str]:
    if before != now:
        yield "the champion was trained on other data: it may have seen some of these test rows, which favours it"


def _keep(call: Call, registry: Registry, report: Report, examined: Examined) -> None:
    from mlops_charts.steps.judging.page import write_report  # noqa: PLC0415 - loads numpy

    run_id = call.parameters["run-id"]
    with call.making("report") as folder:
        write_report(report, examined.subject.rows, folder)
    registry.put(run_id, call.outputs / "report", contract.REPORT_ARTIFACTS)
    registry.log(run_id, {}, {f"test_{name}": value for name, value in report.metrics.items()})
    registry.tag(run_id, TAG_VERDICT, report.verdict)
    log("judged", verdict=report.verdict, test_rows=report.test_rows, metrics=report.metrics)
