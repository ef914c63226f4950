"""The ConfigMaps of the pipeline: source files under keys without slashes, and the resolved spec."""

from __future__ import annotations

import base64
import json
import re

from hypothesis import given
from hypothesis import strategies as st
from pipeline_plans import EVERYTHING, EVERYTHING_FILES, MINIMAL, case, objects_of, of_kind, plan_of, templates_of

from mlops_charts.generators.external import file_name
from mlops_charts.generators.pipeline.configmaps import key

_PATHS = st.text(st.sampled_from("ab_x-./é"), min_size=1, max_size=8)


@given(_PATHS, _PATHS)
def test_no_two_paths_share_a_key(one: str, other: str) -> None:
    """Neither underscores nor slashes nor a name that looks like a key can make two files one."""
    assert (key(one) == key(other)) == (one == other)


@given(_PATHS)
def test_every_key_is_one_that_kubernetes_takes(path: str) -> None:
    """Letters, digits, dot, hyphen and underscore; not two dots first; not too long."""
    found = key(path)
    assert re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", found)
    assert found not in {".", ".."} or path == "."
    assert not found.startswith("..")


def test_keys_read_like_their_paths() -> None:
    """A person who looks into the ConfigMap finds the file."""
    assert key("lib/my_code.py") == "lib__my_code.py"
    assert key("train.py") == "train.py"
    assert key("a__b.py") != key("a/b.py")


def test_the_volume_of_guard_puts_every_file_back_in_its_place() -> None:
    """Text stays text, the rest travels as it is."""
    plan = case("everything")
    source = of_kind(objects_of(plan), "ConfigMap")[plan.names.source_config_map]
    (volume,) = (one for one in templates_of(plan)["guard"]["volumes"] if one["name"] == "source")
    binary = {name: base64.b64decode(text) for name, text in source["binaryData"].items()}
    content = {**{name: text.encode() for name, text in source["data"].items()}, **binary}
    assert {item["path"]: content[item["key"]] for item in volume["configMap"]["items"]} == EVERYTHING_FILES
    assert list(binary.values()) == [EVERYTHING_FILES["data/rows.bin"]]
    assert source["immutable"] is True


def test_text_with_carriage_returns_travels_as_it_is() -> None:
    """YAML readers would change line ends; the digest covers bytes."""
    files = {"train.py": b"a\r\nb\n", "empty.py": b"", "tab.py": b"\tx  \n\n"}
    plan = plan_of(MINIMAL, {}, files)
    source = of_kind(objects_of(plan), "ConfigMap")[plan.names.source_config_map]
    assert base64.b64decode(source["binaryData"]["train.py"]) == files["train.py"]
    assert source["data"] == {"empty.py": "", "tab.py": "\tx  \n\n"}


def test_the_spec_says_all_that_steps_need() -> None:
    """Defaults are written out, environments resolved, the platform's services named."""
    model = {**EVERYTHING, "environments": ["staging", {"name": "prod", "overrides": {"serving": {"replicas": 6}}}]}
    plan = plan_of(model, {"environments": {"staging": {}, "prod": {}}}, EVERYTHING_FILES)
    spec = json.loads(of_kind(objects_of(plan), "ConfigMap")["iris-spec"]["data"]["model.json"])
    assert sorted(spec) == ["environments", "model", "plan", "platform"]
    assert spec["model"]["training"]["seed"] == 0
    assert [(one["name"], one["serving"]["replicas"]) for one in spec["environments"]] == [("staging", 2), ("prod", 6)]
    assert spec["platform"]["mlflow"] == {"trackingUri": "http://mlflow.mlflow:5000", "credentialsSecret": None}
    assert spec["plan"]["codeDigest"] == plan.code_digest
    assert spec["plan"]["steps"] == list(plan.pipeline.steps)


def test_a_signing_configuration_is_there_for_a_key_alone() -> None:
    """It names no service, so that nothing is published."""
    data = of_kind(objects_of(case("everything")), "ConfigMap")["iris-spec"]["data"]
    assert list(json.loads(data["signing-config.json"])) == ["mediaType"]
    assert "signing-config.json" not in of_kind(objects_of(case("keyless")), "ConfigMap")["iris-spec"]["data"]


def test_a_file_is_named_after_its_secret_as_far_as_files_may_be() -> None:
    """Secrets have names of up to 253 characters; the file of each has one that disks take, and its own."""
    names = ["pull.secret", "a" * 252 + "b", "a" * 252 + "c"]
    files = [file_name(name) for name in names]
    assert files[0] == "externalsecret-pull.secret.yaml"
    assert len({*files}) == len(names)
    assert max(map(len, files)) <= 255
