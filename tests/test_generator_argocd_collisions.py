"""Names of the fleet that two owners would both claim."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlops_charts.chart import When
from mlops_charts.generators.argocd import Collision, colliding_names
from mlops_charts.generators.argocd.collisions import _derived
from mlops_charts.generators.charts import pipeline_chart, serving_chart
from mlops_charts.generators.table import built_in
from mlops_charts.plan import decide
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec


def platform(*environments: str, **blocks: Any) -> PlatformSpec:
    return PlatformSpec.model_validate({"environments": {name: {} for name in environments}, **blocks})


def test_ordinary_names_do_not_collide() -> None:
    """Models with names of their own, also such that begin alike."""
    assert colliding_names({"iris": [], "iris-large": [], "wine": ["prod"]}, platform("staging", "prod")) == []


def test_a_hyphen_may_stand_on_either_side() -> None:
    """`a-b` in `c` and `a` in `b-c` share a namespace."""
    assert colliding_names({"a-b": ["c"], "a": ["b-c"]}, platform("c", "b-c")) == [
        Collision("a-b-c", "a in b-c", "a-b in c", "namespace")
    ]


def test_an_environment_called_pipeline_takes_the_pipelines_names() -> None:
    """Its namespace is the pipeline's, and its Application may be that of a model called a-serving."""
    assert colliding_names({"a": ["pipeline"], "a-serving": []}, platform("pipeline", "c")) == [
        Collision("a-pipeline", "a pipeline", "a in pipeline", "namespace"),
        Collision("a-serving-pipeline", "a in pipeline", "a-serving pipeline", "Application"),
        Collision("a-serving-pipeline", "a-serving pipeline", "a-serving in pipeline", "namespace"),
    ]


def test_another_cluster_is_another_namespace() -> None:
    """The same name in two clusters is no collision."""
    there = {"a": {"namespace": "{model}-x"}, "b": {"namespace": "{model}-x", "cluster": "https://b.example.com"}}
    assert colliding_names({"iris": []}, PlatformSpec.model_validate({"environments": there})) == []


def test_two_environments_in_one_namespace_collide() -> None:
    """One model stands in a namespace once."""
    there = {"a": {"namespace": "ml"}, "b": {"namespace": "ml"}}
    assert colliding_names({"iris": []}, PlatformSpec.model_validate({"environments": there})) == [
        Collision("ml", "iris in a", "iris in b", "namespace")
    ]


def test_models_may_share_a_namespace_as_long_as_their_objects_differ() -> None:
    """In a namespace without the model in its name, what is called after one model may be the name of another."""
    spec = PlatformSpec.model_validate({"environments": {"prod": {"namespace": "ml"}}})
    assert colliding_names({"iris": [], "wine": []}, spec) == []
    assert colliding_names({"iris": [], "iris-blue": []}, spec) == [
        Collision("iris-blue", "iris", "iris-blue", "object in namespace ml")
    ]


def test_secrets_that_are_fetched_cannot_be_fetched_twice() -> None:
    """An ExternalSecret has the Secret's name, so two models in one namespace would both own it."""
    secrets = {"provider": "external-secrets", "store": "vault"}
    spec = PlatformSpec.model_validate({"environments": {"prod": {"namespace": "ml"}}, "secrets": secrets})
    assert colliding_names({"iris": [], "wine": []}, spec) == [
        Collision("git-credentials", "iris", "wine", "object in namespace ml")
    ]


def test_the_names_that_charts_really_use_are_known() -> None:
    """Every object that is called after its model is one that the check of shared namespaces knows."""
    everything = {
        "metadata": {"name": "iris"},
        "training": {
            "data": {"uri": "sklearn://iris"},
            "schedule": "0 3 * * 1",
            "search": {"trials": 3, "parallel": 2, "metric": "accuracy", "space": {"a": {"int": [1, 2]}}},
        },
        "build": {"sign": {"mode": "key", "secret": "cosign-key"}},
    }
    spec = PlatformSpec.model_validate({"quotas": {"requests.cpu": "4"}})
    plan = decide(ModelSpec.model_validate(everything), spec, {"train.py": b"x"}, "model/iris")
    charts = (pipeline_chart(plan, built_in()), serving_chart(plan, built_in()).chart)
    names = {node_of(template.node)["metadata"]["name"] for chart in charts for template in chart.templates}
    digests = {plan.names.workflow, plan.names.source_config_map}
    assert {name for name in names if name.startswith("iris")} - digests - {*_derived("iris")} == set()


def node_of(node: Any) -> Any:
    return node_of(node.node) if isinstance(node, When) else node


def test_a_models_own_namespace_is_shared_with_nobody() -> None:
    """A namespace with a model in its name may not be the one that others share."""
    there = {"a": {"namespace": "{model}-x"}, "b": {"namespace": "iris-x"}}
    found = colliding_names({"iris": ["a"], "wine": ["b"]}, PlatformSpec.model_validate({"environments": there}))
    assert found == [Collision("iris-x", "iris in a", "wine in b", "namespace")]


def test_the_root_application_has_a_name_too() -> None:
    """A model whose pipeline is called like the root would replace it."""
    spec = platform("c", argocd={"bootstrapProject": "iris-pipeline"})
    assert colliding_names({"iris": []}, spec) == [
        Collision("iris-pipeline", "the root Application", "iris pipeline", "Application")
    ]


def test_an_environment_that_does_not_exist_is_somebody_elses_problem() -> None:
    """Only its Application has a name."""
    assert colliding_names({"iris": ["nowhere"]}, platform("c")) == []


@given(st.dictionaries(st.from_regex(r"[a-c](-[a-c]){0,3}", fullmatch=True), st.just(()), max_size=8), st.randoms())
def test_the_order_of_models_does_not_matter(models: dict[str, tuple[str, ...]], random: Any) -> None:
    """The same fleet gives the same answer."""
    names = list(models)
    random.shuffle(names)
    spec = platform("a", "b-c", "pipeline")
    assert colliding_names(models, spec) == colliding_names({name: models[name] for name in names}, spec)


def test_a_thousand_models_live_side_by_side() -> None:
    """Numbered names, and one that looks like a namespace of another, do not collide."""
    spec = platform("staging", "prod")
    fleet: dict[str, tuple[str, ...]] = {f"m{number}": () for number in range(1000)}
    fleet["m999-staging"] = ()
    assert colliding_names(fleet, spec) == []
