"""Git as the record of releases, against real git: many at once, killed, refused, silent servers, keys and names."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from release_remotes import RELEASE, bare, served
from repositories import git, process
from rival_releases import path_of, step

from mlops_charts.release import nothing_released, release_text
from mlops_charts.release.git import Access, Offline, Protected, RepositoryError
from mlops_charts.release.person import Nameless
from mlops_charts.release.repository import Commit, Remote, fetched, write

TEXT = "release: 1\n"
ROBOT = {"username": "robot", "password": "s3cret"}


def to(text: str) -> Commit:
    """Return a commit that makes the file a text."""
    return Commit(text, "Start the release")


def count(server: Path) -> int:
    """Return how many commits the server has."""
    return int(git(server, "rev-list", "--count", "main"))


def secret(folder: Path, **files: str) -> Path:
    """Return a folder with the keys of a Secret."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_fifty_releases_that_are_killed_at_random_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each comes to its end, by one commit a step that touches its file alone, and no folder is left over."""
    models = {f"m{index:02}": "settled" if index < 2 else "warming" for index in range(50)}
    server = bare(tmp_path, dict.fromkeys(map(path_of, models), release_text(nothing_released())))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = [str(server), str(scratch), "25", *(f"{model}={until}" for model, until in models.items())]
    killed = int(process([str(Path(__file__).parent / "rival_releases.py"), *words], tmp_path).stdout)
    assert killed >= 10
    log = git(server, "log", "--format=%x01%P|%(trailers:key=Mlops-Event,valueonly)|", "--name-only", "main~54..main")
    entries = [entry.split("|") for entry in log.split("\x01")[1:]]
    assert {len(parents.split()) for parents, _, _ in entries} == {1}
    found = Counter((paths.strip(), event.strip()) for _, event, paths in entries)
    steps = {"warming": ("start",), "settled": ("start", "ready", "settle")}
    assert found == Counter((path_of(model), event) for model, until in models.items() for event in steps[until])
    assert count(server) == 1 + 54
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert not step(Remote(str(server), "main"), "m00")
    assert list(scratch.iterdir()) == []


def test_a_protected_branch_names_the_way_out(tmp_path: Path) -> None:
    """The server's own words, and the setting that puts release files on another branch."""
    server = bare(tmp_path, {RELEASE: TEXT})
    hook = server / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH006: Protected branch update failed'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Protected, match=r"Protected branch update failed.*git\.releaseBranch of platform\.yaml"):
        write(Remote(str(server), "main"), RELEASE, lambda _: to("new\n"))
    assert count(server) == 1


def test_a_silent_server_is_asked_again(tmp_path: Path) -> None:
    """It may be gone for a while at any point; once patience is over, one line says so."""
    server = bare(tmp_path, {RELEASE: TEXT})
    git(server, "config", "http.receivepack", "true")
    access = Access(credentials=secret(tmp_path / "secret", **ROBOT))
    with served(tmp_path, "s3cret") as there:
        there.moods = ["silent", "gone", "silent"]
        assert write(Remote(there.address, "main", access), RELEASE, lambda _: to("new\n")).changed
        there.moods = ["gone"] * 100
        with pytest.raises(Offline, match=r"127\.0\.0\.1.*cannot be reached.*503"):
            write(Remote(there.address, "main", access, patience=0.5), RELEASE, lambda _: to("newer\n"))
        assert 1 < 100 - len(there.moods) < 50
    with pytest.raises(Offline, match="cannot be reached"), fetched(Remote(there.address, "main", access, 0)):
        pass
    assert count(server) == 2


def test_a_push_whose_answer_was_lost_counts_once(tmp_path: Path) -> None:
    """The branch is searched for the commit before anything is decided anew, also with a rival's commit on top."""
    server = bare(tmp_path, {RELEASE: TEXT})
    git(server, "config", "http.receivepack", "true")
    access = Access(credentials=secret(tmp_path / "secret", **ROBOT))
    with served(tmp_path, "s3cret") as there:
        there.moods = ["mute", "mute"]  # the one that asks for a password, and the one that has it
        done = write(Remote(there.address, "main", access), RELEASE, lambda old: to(f"{old}x\n"))
    assert (done.changed, count(server)) == (True, 2)
    assert git(server, "show", f"main:{RELEASE}") == f"{TEXT}x\n"
    assert git(server, "rev-parse", "main").strip() == done.commit


def test_ssh_is_told_the_key_and_the_hosts_of_the_secret(tmp_path: Path) -> None:
    """Nobody's configuration of SSH counts, and the key is one that its owner alone may read."""
    server = bare(tmp_path, {RELEASE: TEXT})
    programs, said = tmp_path / "bin", tmp_path / "said"
    programs.mkdir()
    (programs / "ssh").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >> {said}\nfor each; do last="$each"; done\n'
        'while [ "$1" != -i ]; do shift; done\n'
        f'stat -c %a "$2" >> {said}\nexec sh -c "$last"\n'
    )
    (programs / "ssh").chmod(0o755)
    key = secret(tmp_path / "key", **{"ssh-privatekey": "key", "known_hosts": "git.example.com ssh-ed25519 AAAA"})
    environ = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    remote = Remote(f"ssh://git@git.example.com{server}", "main", Access(credentials=key, environ=environ))
    assert write(remote, RELEASE, lambda _: to("new\n")).changed
    called, mode = said.read_text().splitlines()[:2]
    assert mode == "600"
    assert "-F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes" in called
    assert f"-o UserKnownHostsFile={key}/known_hosts -o StrictHostKeyChecking=yes" in called


def test_a_signature_verifies(tmp_path: Path) -> None:
    """Git itself says that the commit is signed by the key of the Secret."""
    server = bare(tmp_path, {RELEASE: TEXT})
    key = secret(tmp_path / "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key / "ssh-privatekey"], check=True)
    done = write(Remote(str(server), "main", Access(signing_key=key)), RELEASE, lambda _: to("new\n"))
    verifies(server, done.commit, "mlops-charts@noreply.invalid", key / "ssh-privatekey.pub", tmp_path)


def verifies(server: Path, commit: str, who: str, public: Path, folder: Path) -> None:
    """Assert that git verifies the signature of a commit by a key."""
    allowed = folder / "allowed"
    allowed.write_text(f"{who} {public.read_text()}")
    git(server, "-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", commit)


def person(folder: Path, **variables: str) -> Access:
    """Return the access of somebody whose home is a folder."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("GIT_", "XDG_"))}
    clean |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", **variables}
    clone = folder / "clone"
    if not clone.exists():
        subprocess.run(["git", "init", "--quiet", str(clone)], env=clean, check=True)
    return Access(environ=clean, person=clone)


def test_a_person_is_the_author_and_signs_as_their_git_does(tmp_path: Path) -> None:
    """Name and key come from their configuration, that of their clone before that of their home; hooks do not."""
    server = bare(tmp_path, {RELEASE: TEXT})
    access, home = person(tmp_path), tmp_path / "home"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", home / "id"], check=True)
    hooks = home / "hooks"
    hooks.mkdir()
    (hooks / "reference-transaction").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "reference-transaction").chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[user]\n\tname = Ann\n\temail = ann@home.example\n\tsigningKey = {home}/id\n[gpg]\n\tformat = ssh\n"
        f"[commit]\n\tgpgSign\n[core]\n\thooksPath = {hooks}\n[push]\n\tfollowTags = true\n"
    )
    git(tmp_path / "clone", "config", "user.email", "ann@work.example")
    done = write(Remote(str(server), "main", access), RELEASE, lambda _: to("new\n"))
    assert git(server, "log", "-1", "--format=%an <%ae> %cn", "main").strip() == "Ann <ann@work.example> Ann"
    verifies(server, done.commit, "ann@work.example", home / "id.pub", tmp_path)


def test_a_person_without_a_name_decides_nothing(tmp_path: Path) -> None:
    """One line says how git is told; reading needs no name."""
    server = bare(tmp_path, {RELEASE: TEXT})
    remote = Remote(str(server), "main", person(tmp_path))
    with pytest.raises(Nameless, match=r"git does not know who you are.*user\.name NAME.*user\.email ADDRESS"):
        write(remote, RELEASE, lambda _: to("new\n"))
    with fetched(remote) as branch:
        assert branch.text(RELEASE) == TEXT
    half = person(tmp_path, GIT_AUTHOR_NAME="Ann", GIT_AUTHOR_EMAIL="a@b.example")
    with pytest.raises(Nameless):
        write(Remote(str(server), "main", half), RELEASE, lambda _: to("new\n"))


def test_a_person_s_credential_helper_is_asked_and_nobody_else(tmp_path: Path) -> None:
    """Without one nothing waits for an answer, not even of a program that would ask."""
    server = bare(tmp_path, {RELEASE: TEXT})
    git(server, "config", "http.receivepack", "true")
    asked = tmp_path / "asked"
    prompt = tmp_path / "prompt"
    prompt.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(asked))}\necho x\n")
    prompt.chmod(0o755)
    access = person(tmp_path, GIT_ASKPASS=str(prompt), SSH_ASKPASS=str(prompt), DISPLAY=":0")
    ann = "[user]\n\tname = Ann\n\temail = ann@home.example\n"
    (tmp_path / "home/.gitconfig").write_text(ann)
    with served(tmp_path, "t0ken") as there:
        with pytest.raises(RepositoryError, match="refuses the credentials"):
            write(Remote(there.address, "main", access), RELEASE, lambda _: to("new\n"))
        assert not asked.exists()
        host = there.address.removeprefix("http://").partition("/")[0]
        (tmp_path / "home/.git-credentials").write_text(f"http://robot:t0ken@{host}\n")
        (tmp_path / "home/.gitconfig").write_text(f"{ann}[credential]\n\thelper = store\n")
        assert write(Remote(there.address, "main", access), RELEASE, lambda _: to("new\n")).changed
    assert count(server) == 2
