"""The alerts themselves: what is asked, when it calls, and what the person who is called does first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from mlops_charts import contract
from mlops_charts.chart import Text, Value, text, when
from mlops_charts.generators.monitoring.series import Series, any_of, series_of
from mlops_charts.generators.monitoring.thresholds import BURNS, Burn, Thresholds, thresholds
from mlops_charts.generators.serving.release_values import slot
from mlops_charts.generators.serving.values import environment_name
from mlops_charts.generators.values import namespace
from mlops_charts.planning import SLOTS, EnvironmentPlan, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_charts.chart import When

_NAMESPACE = "{namespace}"  # filled in by Helm
_FAILED = 'code=~"5.."'
_UNATTENDED = 600  # seconds without a good tick; one is due every minute
_MIRRORED = "mlops_charts:slot_mirrored"


@dataclass(frozen=True)
class Alerts:
    """The alerts of one model in one environment.

    Attributes:
        plan: The model.
        series: What its runtime exposes.
        limits: The numbers.
        namespace: Where it is.
        environment: What the place is called.
    """

    plan: Plan
    series: Series
    limits: Thresholds
    namespace: Value
    environment: Value

    @classmethod
    def of(cls, plan: Plan, environment: EnvironmentPlan) -> Self:
        """Return the alerts of a model in an environment."""
        return cls(
            plan=plan,
            series=series_of(plan, environment),
            limits=thresholds(environment),
            namespace=namespace(environment),
            environment=environment_name(environment),
        )

    def down(self) -> dict[str, Any]:
        """Users are sent here, and nothing answers, in either slot."""
        return self._alert(
            "ModelDown",
            expr=self._absent(),
            lasting="5m",
            severity="critical",
            summary=f"No pod of {self.plan.model} answers.",
            description="Prometheus has seen no ready series of either slot for 5 minutes.",
            runbook=f"kubectl -n {_NAMESPACE} get pods -l seldon-deployment-id={self.plan.model}",
        )

    def slots_down(self) -> Iterator[When]:
        """One slot is on and has no pod."""
        for name in SLOTS:
            found = self._alert(
                "ModelSlotDown",
                expr=self._absent(name),
                lasting="15m",
                severity="warning",
                summary=f"No pod of {self.plan.model} answers in the slot {name}.",
                description="The slot is enabled, and Prometheus has seen nothing of it for 15 minutes.",
                runbook=f"kubectl -n {_NAMESPACE} get pods -l seldon-app={self.plan.names.predictor_service(name)}",
                more={"slot": name},
            )
            yield when(slot(name).enabled, found)

    def mirrored(self) -> Iterator[When]:
        """Record which version gets a copy of the traffic: nobody sees its answers, so they break no promise."""
        if not self._mirrors:
            return
        for name in SLOTS:
            labels = {"namespace": self.namespace, self.series.model: self.plan.model}
            labels |= {self.series.slot: name, self.series.version: slot(name).version}
            yield when(slot(name).mirrored, {"record": _MIRRORED, "expr": "vector(1)", "labels": labels})

    def errors(self) -> Iterator[dict[str, Any]]:
        """The budget of errors burns too fast, over a long window and still in a short one."""
        for burn in BURNS:
            limit = self.limits.errors[burn.window]
            shares = [self._failed_share(window, burn.recent) for window in (burn.window, burn.recent)]
            parts = [f"{share} > {{limit}}" for share in shares]
            yield self._alert(
                "ModelErrorBudgetBurn",
                expr=" and ".join(parts),
                lasting=_lasting(burn),
                severity=burn.severity,
                summary=f"{self.plan.model} fails too often to keep its promise.",
                description=f"{{{{ $value | humanizePercentage }}}} of the requests of the last {burn.window} failed;"
                f" {{objective}} percent availability allows {burn.factor} times its budget, a share of {{limit}}.",
                runbook=f"kubectl -n {_NAMESPACE} logs -l seldon-deployment-id={self.plan.model} --since={burn.recent}",
                more={"window": burn.window},
                values={"limit": limit, "objective": self.limits.objective},
            )

    def latency(self) -> dict[str, Any]:
        """Answers are slower than promised."""
        rate = f"sum by (le) ({self._seen(f'rate({self.series.buckets(_NAMESPACE)}[5m])', '5m')})"
        return self._alert(
            "ModelLatency",
            expr=f"histogram_quantile({{quantile}}, {rate}) > {{limit}}",
            lasting="10m",
            severity="warning",
            summary=f"{self.plan.model} answers too slowly.",
            description="The {quantile} quantile is {{ $value | humanizeDuration }}; at most {limit} s are promised.",
            runbook=f"kubectl -n {_NAMESPACE} top pods -l seldon-deployment-id={self.plan.model} --containers",
            values={"quantile": self.limits.quantile, "limit": self.limits.max_seconds},
        )

    def feature_drift(self) -> dict[str, Any]:
        """A feature's distribution has left that of the training."""
        watched = self.plan.spec.monitoring.drift.features
        only = () if watched == "all" else (any_of("feature", watched),)
        return self._drift(
            "ModelFeatureDrift",
            self.series.select(contract.FEATURE_DRIFT, _NAMESPACE, *only),
            by="slot, version, feature",
            what="The feature {{ $labels.feature }}",
        )

    def prediction_drift(self) -> dict[str, Any]:
        """The distribution of the predictions has left that of the training."""
        selected = self.series.select(contract.PREDICTION_DRIFT, _NAMESPACE)
        return self._drift("ModelPredictionDrift", selected, by="slot, version", what="The predictions")

    def release_stuck(self) -> dict[str, Any]:
        """A release is in flight for longer than the judge admits, so the judge does not run, or a person holds it.

        Users are served meanwhile, and a release that is paused looks the same: so it only warns. The rule exists while
        a release is in flight, and its own `for` measures the time. The versions stand in its labels: a newer release
        that takes over makes another alert, whose time begins anew.
        """
        return self._alert(
            "ModelReleaseStuck",
            expr="vector(1)",
            lasting=self.limits.stuck_after,
            severity="warning",
            summary=f"A release of {self.plan.model} does not come to an end.",
            description="It is in flight for {after}, longer than its longest duration: the judge does not decide, or"
            " the release is paused.",
            runbook=f"mlops-charts release status {self.plan.model} --environment {{environment}};"
            f" kubectl -n {_NAMESPACE} get cronjob,job -l app.kubernetes.io/name={self.plan.model}",
            more={name: slot(name).version for name in SLOTS},
            values={"after": self.limits.stuck_after, "environment": self.environment},
        )

    def release_unattended(self) -> dict[str, Any]:
        """The judge's ticks fail, or none runs: nothing moves the release on, nor takes a bad version back.

        What kube-state-metrics says of the CronJob is asked; where there is none, only `release_stuck` is left.
        """
        only = f'{{namespace="{_NAMESPACE}",cronjob="{self.plan.names.judge}"}}'
        last = f"max(kube_cronjob_status_last_successful_time{only} or kube_cronjob_created{only})"
        return self._alert(
            "ModelReleaseUnattended",
            expr=f"time() - {last} > {_UNATTENDED}",
            lasting="5m",
            severity="warning",
            summary=f"Nothing looks after the release of {self.plan.model} that is in flight.",
            description="The judge's last good tick was {{ $value | humanizeDuration }} ago, and one is due every"
            " minute: they fail, or do not run, so that a bad version is not taken back.",
            runbook=f"kubectl -n {_NAMESPACE} logs --tail=20"
            f" -l app.kubernetes.io/component=judge,mlops-charts/model={self.plan.model};"
            f" mlops-charts release status {self.plan.model} --environment {{environment}}",
            values={"environment": self.environment},
        )

    def _drift(self, name: str, selected: str, *, by: str, what: str) -> dict[str, Any]:
        return self._alert(
            name,
            expr=f"max by ({by}) (avg_over_time({selected}[{{window}}])) > {{limit}}",
            lasting="15m",
            severity="warning",
            summary=f"{what} of {self.plan.model} drifted.",
            description="The population stability index of {{ $labels.version }} against its training is"
            " {{ $value | humanize }} over {window}; {limit} is admitted.",
            runbook=f"mlops-charts plan {self.plan.source}, and retrain if the data has really changed",
            values={"window": self.limits.drift_window, "limit": self.limits.max_psi},
        )

    def _failed_share(self, window: str, recent: str) -> str:
        failed, answered = (
            f"sum({self._seen(f'rate({one}[{window}])', recent)})"
            for one in (self.series.answers(_NAMESPACE, _FAILED), self.series.answers(_NAMESPACE))
        )
        return f"({failed} / {answered})"

    @property
    def _mirrors(self) -> bool:
        return any(environment.spec.release.strategy == "shadow" for environment in self.plan.environments)

    def _seen(self, rates: str, recent: str) -> str:
        """Leave out the version that is mirrored, and until the short window is free of it, the one that was."""
        if not self._mirrors:
            return rates
        shadow = f"max_over_time({self.series.select(_MIRRORED, _NAMESPACE)}[{recent}])"
        return f"{rates} unless on ({self.series.slot}, {self.series.version}) {shadow}"

    def _absent(self, name: str = "") -> str:
        """Ask whether nothing is there; the executor has no series of its own before the first request."""
        if self.series.own_server:
            only = (f'slot="{name}"',) if name else ()
            return f"absent({self.series.select(contract.MODEL_INFO, _NAMESPACE, *only)})"
        wanted = self.plan.names.predictor_service(name or f"({'|'.join(SLOTS)})")
        return f'absent(up{{namespace="{_NAMESPACE}",predictor=~"{wanted}"}} == 1)'

    def _alert(
        self,
        name: str,
        *,
        expr: str,
        lasting: str | Value,
        severity: str,
        summary: str,
        description: str,
        runbook: str,
        more: dict[str, str | Value] | None = None,
        values: dict[str, Value] | None = None,
    ) -> dict[str, Any]:
        known = {"namespace": self.namespace, **(values or {})}
        owner = self.plan.spec.metadata.owner
        return {
            "alert": name,
            "expr": _filled(expr, known),
            "for": lasting,
            "labels": {
                "severity": severity,
                "model": self.plan.model,
                "namespace": self.namespace,
                **({"owner": owner} if owner else {}),
                **(more or {}),
            },
            "annotations": {
                "summary": _filled(summary, known),
                "description": _filled(description, known),
                "runbook": _filled(runbook, known),
            },
        }


def _lasting(burn: Burn) -> str:
    return "2m" if burn.severity == "critical" else "15m"


def _filled(template: str, known: dict[str, Value]) -> str | Text:
    """Put in the values that a text names."""
    used = {name: one for name, one in known.items() if f"{{{name}}}" in template}
    return text(template, **used) if used else template
