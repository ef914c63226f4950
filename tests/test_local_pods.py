"""What a pod does, done here: volumes, paths, variables, outputs, retries, deadlines, mutexes."""

from __future__ import annotations

import os
import sys
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from local_flows import Manifest, config_map, dag, output, python, run, task, workflow, write

from mlops_charts.local.variables import MissingSecret

SHOW = "import os; print({name: os.environ.get(name) for name in %r})"


def one(template: Manifest, **spec: Any) -> Manifest:
    """Return a Workflow of one task."""
    return workflow(dag(task(template["name"])), template, **spec)


def test_config_maps_are_files(tmp_path: Path) -> None:
    """A ConfigMap is mounted as a whole or by items, alone or projected."""
    volumes = [
        {"name": "whole", "configMap": {"name": "texts"}},
        {"name": "chosen", "configMap": {"name": "texts", "items": [{"key": "a__b.py", "path": "a/b.py"}]}},
        {"name": "both", "projected": {"sources": [{"configMap": {"name": "texts"}}, {"serviceAccountToken": {}}]}},
        {"name": "none", "configMap": {"name": "gone", "optional": True}},
    ]
    mounts = [{"name": each["name"], "mountPath": f"/in/{each['name']}"} for each in volumes]
    code = "import pathlib; print(sorted(str(one)[-14:] for one in pathlib.Path('/in').rglob('*') if one.is_file()))"
    found = python("one", code, mounts=mounts, volumes=volumes)
    found["container"]["command"] = [sys.executable, "-c", code.replace("/in", "/in/../in")]
    found["container"]["command"] = [sys.executable, "-c", code.replace("Path('/in')", "Path('/in/whole').parent")]
    done = run(tmp_path, one(found), config_map("texts", a__b="x", **{"a__b.py": "y"}))
    text = done.text("one")
    assert all(name in text for name in ("whole/a__b.py", "chosen/a/b.py", "both/a__b"))
    assert "none/" not in text


@pytest.mark.parametrize(
    ("volume", "reason"),
    [
        ({"configMap": {"name": "gone"}}, "no ConfigMap gone was rendered"),
        (
            {"configMap": {"name": "texts", "items": [{"key": "b", "path": "b"}]}},
            "the ConfigMap texts has no key b",
        ),
        ({"configMap": {"name": "texts", "items": [{"key": "a", "path": "../a"}]}}, "../a leads out of its volume"),
    ],
)
def test_a_volume_that_cannot_be_filled(tmp_path: Path, volume: Manifest, reason: str) -> None:
    """The pod would not start; here the step is an error that says why."""
    found = python("one", "", mounts=[{"name": "v", "mountPath": "/v"}], volumes=[{"name": "v", **volume}])
    done = run(tmp_path, one(found), config_map("texts", a="x"))
    assert (done.node("one").status, done.node("one").reason) == ("Error", reason)


def test_variables(tmp_path: Path) -> None:
    """Values with references, ConfigMaps, Secrets from variables of the same name; nothing else of the shell."""
    names = ["PLAIN", "SECRET", "MAPPED", "MAYBE", "STRAY", "MLOPS_CHARTS_LOCAL", "PYTHONHASHSEED"]
    env = [
        {"name": "PLAIN", "value": "{{workflow.name}}"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "warehouse", "key": "password"}}},
        {"name": "MAPPED", "valueFrom": {"configMapKeyRef": {"name": "texts", "key": "a"}}},
        {"name": "MAYBE", "valueFrom": {"secretKeyRef": {"name": "other", "key": "x", "optional": True}}},
    ]
    found = python("one", SHOW % names, container={"env": env})
    environ = {"PATH": os.environ["PATH"], "SECRET": "hush", "STRAY": "no"}
    done = run(tmp_path, one(found), config_map("texts", a="x"), environ=environ)
    wanted = ("flow", "hush", "x", None, None, "1", "0")
    assert done.text("one") == f"{dict(zip(names, wanted, strict=True))}\n"


def test_a_missing_secret_is_said_before_anything_runs(tmp_path: Path) -> None:
    """A line for each variable, with the Secret that it stands for; one that nothing needs is left out."""
    env = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}
        for name, secret in (("DB_PASSWORD", "warehouse"), ("AWS_SECRET_ACCESS_KEY", "s3"))
    ]
    flow = one(python("one", SHOW % ["AWS_SECRET_ACCESS_KEY"], container={"env": env}))
    with pytest.raises(MissingSecret) as caught:
        run(tmp_path, flow, free="s3")
    assert str(caught.value) == "one needs the key k of the Secret warehouse: export DB_PASSWORD=... before the run"
    assert not (tmp_path / "state/runs").exists()


def test_an_output_that_was_not_written(tmp_path: Path) -> None:
    """Its default counts; without one the step has not done what it says."""
    done = run(tmp_path, one(python("one", "", outputs=output("version", "none"))))
    assert done.node("one").parameters == {"version": "none"}
    done = run(tmp_path, one(python("one", "", outputs=output("version"))))
    assert done.node("one").reason == "one ended well and wrote no /outputs/version, its output version"


FAILING = """
import os, sys
open('/shared', 'a').write('x')
sys.exit(%s)
"""


def failing(tmp_path: Path, status: str, **strategy: Any) -> Manifest:
    """Return a step that leaves a mark at each try and ends with a status."""
    code = FAILING.replace("/shared", str(tmp_path / "marks")) % status
    return python("one", code, retryStrategy=strategy)


@pytest.mark.parametrize(
    ("status", "strategy", "tries"),
    [
        ("3", {"limit": 2}, 3),
        ("3", {"limit": "1", "retryPolicy": "Always", "backoff": {"duration": "10ms", "factor": 2, "cap": "1s"}}, 2),
        ("1", {"limit": 2, "expression": "lastRetry.exitCode not in ['1', '2']"}, 1),
        ("137", {"limit": 1, "expression": "lastRetry.exitCode not in ['1', '2']"}, 2),
        ("3", {"limit": 3, "retryPolicy": "OnError"}, 1),
        ("3", {"limit": 3, "expression": "asInt(lastRetry.exitCode) > 5 or lastRetry.status == 'Error'"}, 1),
        ("3", {"limit": 9, "backoff": {"duration": "100ms", "maxDuration": "50ms"}}, 1),
        ("3 if len(open('/shared').read()) < 2 else 0", {"limit": 5}, 2),
    ],
)
def test_tries(tmp_path: Path, status: str, strategy: dict[str, Any], tries: int) -> None:
    """A step is tried again as its retryStrategy says: limit, policy, expression, pauses."""
    found = failing(tmp_path, status.replace("/shared", str(tmp_path / "marks")), **strategy)
    done = run(tmp_path, one(found))
    assert len((tmp_path / "marks").read_text()) == tries
    assert done.node("one").tries == tries


def test_a_step_that_is_killed_counts_as_out_of_memory(tmp_path: Path) -> None:
    """A process that the kernel ends has the status that its pod would have."""
    done = run(tmp_path, one(python("one", "import os; os.kill(os.getpid(), 9)")))
    assert done.node("one").exit_status == 137


def test_a_deadline_stops_all_that_a_step_started(tmp_path: Path) -> None:
    """The process and its children end; the step has failed, and is tried again."""
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'a').write(f'{{child.pid}}\\n')\n"
        "time.sleep(60)"
    )
    done = run(tmp_path, one(python("one", code, activeDeadlineSeconds=1, retryStrategy={"limit": 1})))
    node = done.node("one")
    assert (node.status, node.tries) == ("Failed", 2)
    assert node.reason == "stopped after 1 s, its activeDeadlineSeconds"
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert [pid for pid in pids if alive(pid)] == []


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nothing_outlives_a_step(tmp_path: Path) -> None:
    """As in a pod, what a step leaves running ends with it."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid)"
    )
    done = run(tmp_path, one(python("one", code)))
    assert not alive(int(done.text("one")))


def test_failures_say_what_the_step_said(tmp_path: Path) -> None:
    """The reason is the error for people; lines of the log that are JSON are not for them."""
    code = 'import sys; sys.stderr.write(\'{"event": "x"}\\nnoise\\nerror: gate accuracy: 0.8 < 0.9\\n\'); sys.exit(1)'
    done = run(tmp_path, one(python("one", code)))
    assert done.node("one").reason == "gate accuracy: 0.8 < 0.9"
    assert done.node("one").log == "logs/one.err"


def test_artifacts_of_a_failure_are_kept(tmp_path: Path) -> None:
    """A report that a step wrote before it said no can still be read."""
    artifact = {"artifacts": [{"name": "report", "path": "/outputs/report"}]}
    done = run(tmp_path, one(python("one", f"{write('report')}; raise SystemExit(1)", outputs=artifact)))
    assert (done.setting.artifacts / done.node("one").artifacts["report"]).exists()


def _second(folder: str) -> None:
    done = run(Path(folder), one(python("one", "import time; print(time.time())"), **MUTEX))
    (Path(folder) / "second").write_text(f"{done.text('one')}{done.said}")


MUTEX = {"synchronization": {"mutexes": [{"name": "only"}]}}


def test_two_runs_wait_for_each_other(tmp_path: Path) -> None:
    """The second run of a mutex begins when the first has ended, and says that it waits."""
    go = tmp_path / "go"
    code = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)\nprint(time.time())"
    other = get_context("spawn").Process(target=_second, args=(str(tmp_path),))
    flow = one(python("one", f"open({str(tmp_path / 'began')!r}, 'w'); {code.splitlines()[0]}\n" + code), **MUTEX)

    def release() -> None:
        while not (tmp_path / "began").exists():
            time.sleep(0.02)
        other.start()
        time.sleep(1.5)
        go.touch()

    from threading import Thread  # noqa: PLC0415 - for this test alone

    thread = Thread(target=release)
    thread.start()
    done = run(tmp_path, flow)
    thread.join()
    other.join()
    moment, _, said = (tmp_path / "second").read_text().partition("\n")
    assert float(moment) > float(done.text("one"))
    assert said in {"[]", "['waiting: another run holds the mutex only']"}


def test_failures_without_an_error_say_the_last_line(tmp_path: Path) -> None:
    """A foreign program says in its own way what is wrong, mostly at the end."""
    code = "import sys; sys.stderr.write('a\\nboom\\n'); sys.exit(4)"
    assert run(tmp_path, one(python("one", code))).node("one").reason == "exit status 4: boom"


@pytest.mark.parametrize(
    ("number", "words"), [(11, "139, ended by SIGSEGV"), (9, "137, ended by SIGKILL, most likely for want of memory")]
)
def test_what_ended_a_pod_by_force_is_named(tmp_path: Path, number: int, words: str) -> None:
    """A number above 128 says nothing to most readers."""
    code = f"import os; os.kill(os.getpid(), {number})"
    assert run(tmp_path, one(python("one", code))).node("one").reason == f"exit status {words}"
