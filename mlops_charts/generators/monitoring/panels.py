"""The panels of the dashboard, in reading order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_charts import contract

if TYPE_CHECKING:
    from mlops_charts.generators.monitoring.series import Series

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_NAMESPACE = "$namespace"
_QUANTILES = (0.5, 0.95, 0.99)
_WIDTH, _HEIGHT = 12, 8


@dataclass(frozen=True)
class _Panel:
    """One panel.

    Attributes:
        title: What it shows.
        description: How to read it.
        queries: PromQL and legend of each line.
        unit: Grafana's name of the unit.
        kind: Grafana's name of the panel.
    """

    title: str
    description: str
    queries: tuple[tuple[str, str], ...]
    unit: str
    kind: str = "timeseries"


def panels(series: Series) -> list[dict[str, Any]]:
    """Return the panels of a model, two in a row."""
    found = (_traffic(series), _errors(series), _latency(series), _releases(series), *_server(series))
    return [_placed(number, panel) for number, panel in enumerate(found)]


def _by_version(series: Series) -> tuple[str, str]:
    """Return the labels that a version is told by, and the legend that shows them."""
    legend = f"{{{{{series.version}}}}} ({{{{{series.slot}}}}})"
    return f"{series.version}, {series.slot}", legend


def _traffic(series: Series) -> _Panel:
    by, legend = _by_version(series)
    query = f"sum by ({by}) (rate({series.answers(_NAMESPACE)}[$__rate_interval]))"
    return _Panel("Traffic by version", "Requests answered per second.", ((query, legend),), "reqps")


def _errors(series: Series) -> _Panel:
    by, legend = _by_version(series)
    failed = series.answers(_NAMESPACE, 'code=~"5.."')
    answered = f"sum by ({by}) (rate({series.answers(_NAMESPACE)}[$__rate_interval]))"
    query = f"(sum by ({by}) (rate({failed}[$__rate_interval])) or 0 * {answered}) / {answered}"
    return _Panel("Errors by version", "Share of requests that the server failed.", ((query, legend),), "percentunit")


def _latency(series: Series) -> _Panel:
    by, legend = _by_version(series)
    rate = f"sum by (le, {by}) (rate({series.buckets(_NAMESPACE)}[$__rate_interval]))"
    queries = tuple((f"histogram_quantile({one}, {rate})", f"{one} of {legend}") for one in _QUANTILES)
    return _Panel("Latency by version", "Quantiles, as fine as the buckets of the histogram.", queries, "s")


def _releases(series: Series) -> _Panel:
    by, legend = _by_version(series)
    seen = contract.MODEL_INFO if series.own_server else series.requests
    query = f"count by ({by}) ({series.select(seen, _NAMESPACE)}) > bool 0"
    return _Panel("Releases", "Which version was in which slot.", ((query, legend),), "none", "state-timeline")


def _server(series: Series) -> tuple[_Panel, ...]:
    """Return what only our own server exposes."""
    if not series.own_server:
        return ()
    by, legend = _by_version(series)
    features = f"max by (feature, {by}) ({series.select(contract.FEATURE_DRIFT, _NAMESPACE)})"
    predictions = f"max by ({by}) ({series.select(contract.PREDICTION_DRIFT, _NAMESPACE)})"
    made = f"sum by (value, {by}) (rate({series.select(contract.PREDICTIONS, _NAMESPACE)}[$__rate_interval]))"
    index = "Population stability index against the training."
    return (
        _Panel("Drift of features", index, ((features, f"{{{{feature}}}}, {legend}"),), "none"),
        _Panel("Drift of predictions", index, ((predictions, legend),), "none"),
        _Panel("Predictions by class", "By upper bound, for numbers.", ((made, f"{{{{value}}}}, {legend}"),), "reqps"),
    )


def _placed(number: int, panel: _Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "gridPos": {"x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": legend,
                "range": True,
            }
            for place, (query, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
    }


def _defaults(panel: _Panel) -> dict[str, Any]:
    if panel.kind == "state-timeline":
        running = {"type": "value", "options": {"1": {"text": "running", "color": "green", "index": 0}}}
        return {"mappings": [running], "custom": {"fillOpacity": 70, "lineWidth": 0}}
    return {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}


def _options(panel: _Panel) -> dict[str, Any]:
    if panel.kind == "state-timeline":
        return {"mergeValues": True, "showValue": "never", "rowHeight": 0.8, "legend": {"showLegend": False}}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
