"""A generator with plain dicts: a Kafka topic for a model's predictions, and the ConfigMap that tells clients of it.

from mlops_charts import load, plan, render, write

from kafka_topic import KafkaTopic

write(render(plan(load("model/iris")), [KafkaTopic()]), ".")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mlops_charts import EnvironmentPlan, Part, Plan, text, value

_NAME = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"


class KafkaTopic:
    """One topic a model and environment, as the Strimzi operator makes them."""

    name = "kafka-topic"
    kinds = frozenset({("", "ConfigMap"), ("kafka.strimzi.io", "KafkaTopic")})

    def pipeline(self, plan: Plan) -> Iterable[Part]:
        """Yield nothing: the topic serves."""
        del plan
        return ()

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
        """Yield the topic and what clients need to know of it."""
        cluster = value("kafka.cluster", "events", "The Kafka cluster that has the topic.", pattern=_NAME)
        yield Part("kafkatopic.yaml", _topic(plan, environment, cluster), origin="serving.requestLog")
        yield Part("configmap-kafka.yaml", _clients(plan, cluster), origin="serving.requestLog")


def _topic(plan: Plan, environment: EnvironmentPlan, cluster: Any) -> dict[str, Any]:
    """Return the topic; a pod of each slot may write to a partition of its own."""
    partitions = value(
        "kafka.partitions",
        2 * environment.spec.serving.replicas,
        "Partitions of the topic; Kafka can add some and never removes one.",
        minimum=1,
        maximum=1000,
        origin="serving.replicas",
    )
    retain = value("kafka.retentionMs", 604_800_000, "How long a message is kept, in milliseconds.", minimum=60_000)
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": _metadata(plan, "predictions", {"strimzi.io/cluster": cluster}),
        "spec": {
            "partitions": partitions,
            "replicas": 3,
            "config": {"retention.ms": retain, "cleanup.policy": "delete"},
        },
    }


def _clients(plan: Plan, cluster: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(plan, "kafka", {}),
        "data": {"bootstrap": text("{cluster}-kafka-bootstrap:9093", cluster=cluster), "topic": _named(plan)},
    }


def _named(plan: Plan) -> str:
    return f"{plan.model}-predictions"


def _metadata(plan: Plan, suffix: str, labels: dict[str, Any]) -> dict[str, Any]:
    return {"name": f"{plan.model}-{suffix}", "labels": {**plan.labels, **labels}}
