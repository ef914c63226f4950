"""Git as the record of releases."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from release_remotes import RELEASE, bare, push, served
from repositories import git

from mlops_charts.release.git import Access, Missing, RepositoryError
from mlops_charts.release.repository import Commit, Remote, Written, fetched, write

TEXT = "release: 1\n"


def to(text: str, **trailers: str) -> Commit:
    """Return a commit that makes the file a text."""
    return Commit(text, "Start the release", {name.replace("_", "-"): value for name, value in trailers.items()})


def at(server: Path, path: str, branch: str = "main") -> str:
    """Return the text of a file as the server has it."""
    return git(server, "show", f"{branch}:{path}")


def test_a_change_is_one_commit_that_touches_one_file(tmp_path: Path) -> None:
    """All other files stay, and the message ends in trailers that git itself reads."""
    server = bare(tmp_path, {RELEASE: TEXT, "model/iris/train.py": "old\n"})
    before = git(server, "rev-parse", "main").strip()
    commit = Commit(
        "release: 2\n", "Start  the\nrelease", {"Mlops-Model": "iris", "Mlops-Run": "a\nb", "Empty": ""}, "Why."
    )
    done = write(Remote(str(server), "main"), RELEASE, lambda _: commit)
    assert done == Written(git(server, "rev-parse", "main").strip(), changed=True, attempts=1)
    assert git(server, "rev-parse", "main^").strip() == before
    assert git(server, "diff", "--name-only", "main^", "main").split() == [RELEASE]
    assert (at(server, RELEASE), at(server, "model/iris/train.py")) == ("release: 2\n", "old\n")
    assert git(server, "log", "-1", "--format=%an <%ae>%n%B", "main").splitlines() == [
        "mlops-charts <mlops-charts@noreply.invalid>", "Start the release", "", "Why.", "", "Mlops-Model: iris",
        "Mlops-Run: a b", "",
    ]  # fmt: skip
    assert git(server, "log", "-1", "--format=%(trailers:key=Mlops-Model,valueonly)", "main").strip() == "iris"


def test_the_same_again_is_no_commit(tmp_path: Path) -> None:
    """Nothing to change, or the text that is there already: the history does not grow."""
    server = bare(tmp_path, {RELEASE: TEXT})
    before = git(server, "rev-parse", "main").strip()
    remote = Remote(str(server), "main")
    assert write(remote, RELEASE, lambda _: None) == Written(before, changed=False, attempts=1)
    assert write(remote, RELEASE, lambda _: to(TEXT)) == Written(before, changed=False, attempts=1)


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    """Who decides is told that there is none."""
    server = bare(tmp_path, {"README.md": "x\n"})
    seen: list[str | None] = []

    def change(old: str | None) -> Commit:
        seen.append(old)
        return to("new\n")

    write(Remote(str(server), "main"), "charts/a b/ü.yaml", change)
    assert (seen, at(server, "charts/a b/ü.yaml")) == ([None], "new\n")


def test_who_was_slower_decides_anew_on_what_is_there(tmp_path: Path) -> None:
    """A rival's push between reading and pushing is neither lost nor overwritten unseen."""
    server = bare(tmp_path, {RELEASE: TEXT})
    seen: list[str | None] = []

    def change(old: str | None) -> Commit:
        seen.append(old)
        if len(seen) == 1:
            push(tmp_path, {RELEASE: "rival\n", "other": "x\n"}, "Rival")
        return to(f"{old}mine\n")

    done = write(Remote(str(server), "main"), RELEASE, change)
    assert (seen, done.attempts) == ([TEXT, "rival\n"], 2)
    assert (at(server, RELEASE), at(server, "other")) == ("rival\nmine\n", "x\n")


def test_a_dozen_models_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each writer's change arrives, on one line of history, whatever the others do."""
    paths = [f"charts/m{index}/serving/release-staging.yaml" for index in range(12)]
    server = bare(tmp_path, dict.fromkeys(paths, "0\n"))
    remote = Remote(str(server), "main")
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda path: write(remote, path, lambda old: to(f"{old}{path}\n")), paths))
    assert [at(server, path) for path in paths] == [f"0\n{path}\n" for path in paths]
    assert git(server, "rev-list", "--count", "main").strip() == "13"
    assert len({one.commit for one in done}) == 12


def test_one_file_of_many_writers_has_all_their_lines(tmp_path: Path) -> None:
    """Writers of the same file follow each other."""
    server = bare(tmp_path, {RELEASE: ""})
    remote = Remote(str(server), "main")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda who: write(remote, RELEASE, lambda old: to(f"{old}{who}\n")), "abcd"))
    assert sorted(at(server, RELEASE).split()) == ["a", "b", "c", "d"]


def test_the_same_commit_of_two_writers_counts_once(tmp_path: Path) -> None:
    """Two that make the same of the same text in the same second make one commit, and the second one sees that."""
    server = bare(tmp_path, {RELEASE: ""})
    remote = Remote(str(server), "main")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: write(remote, RELEASE, lambda old: to(f"{old}x\n")), range(6)))
    assert at(server, RELEASE) == "x\n" * 6


def test_the_newest_commit_of_a_folder(tmp_path: Path) -> None:
    """It is the one that touched the folder, not the branch's newest, and nothing where none did."""
    server = bare(tmp_path, {"model/iris/train.py": "1\n"})
    wanted = push(tmp_path, {"model/iris/train.py": "2\n"})
    push(tmp_path, {"README.md": "x\n"})
    with fetched(Remote(str(server), "main"), history=True) as branch:
        assert (branch.newest("model/iris"), branch.newest("model/other")) == (wanted, "")
        assert (branch.text("model/iris/train.py"), branch.text("model/none")) == ("2\n", None)
        with pytest.raises(RepositoryError, match="model/iris is no file"):
            branch.text("model/iris")


def test_what_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    """No repository, no branch, and an address that would run a program."""
    server = bare(tmp_path, {RELEASE: TEXT})
    with (
        pytest.raises(Missing, match=r"couldn't find remote ref refs/heads/releases"),
        fetched(Remote(str(server), "releases")),
    ):
        pass
    with pytest.raises(RepositoryError, match=r"/nowhere cannot be reached: "), fetched(Remote("/nowhere", "main")):
        pass
    ran = tmp_path / "ran"
    with (
        pytest.raises(RepositoryError, match="transport 'ext' not allowed"),
        fetched(Remote(f"ext::touch {ran}", "main")),
    ):
        pass
    assert not ran.exists()


def test_a_refusal_of_the_server_is_not_tried_again(tmp_path: Path) -> None:
    """A protected branch says so at once, with the server's own words."""
    server = bare(tmp_path, {RELEASE: TEXT})
    hook = server / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'main is protected'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RepositoryError, match="main is protected"):
        write(Remote(str(server), "main"), RELEASE, lambda _: to("new\n"))
    assert at(server, RELEASE) == TEXT


def test_nobody_s_configuration_or_hooks_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's configuration, hooks and variables of git change nothing."""
    server = bare(tmp_path, {RELEASE: TEXT})
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    (home / "hooks/reference-transaction").write_text("#!/bin/sh\nexit 1\n")
    (home / "hooks/reference-transaction").chmod(0o755)
    (home / ".gitconfig").write_text(f"[core]\n\thooksPath = {home}/hooks\n[commit]\n\tgpgSign = true\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert write(Remote(str(server), "main"), RELEASE, lambda _: to("new\n")).changed


def test_commits_are_signed_with_the_key_of_the_secret(tmp_path: Path) -> None:
    """A mounted key is readable for a group; its copy is not, and git verifies the signature."""
    server = bare(tmp_path, {RELEASE: TEXT})
    key = tmp_path / "key"
    key.mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key / "sshPrivateKey"], check=True)
    (key / "sshPrivateKey").chmod(0o640)
    public = (key / "sshPrivateKey.pub").read_text().strip()
    (tmp_path / "allowed").write_text(f"mlops-charts@noreply.invalid {public}\n")
    write(Remote(str(server), "main", Access(signing_key=key)), RELEASE, lambda _: to("new\n"))
    settings = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={tmp_path}/allowed")
    assert git(server, *settings, "log", "-1", "--format=%G?", "main").strip() == "G"


def test_incomplete_secrets_say_what_is_missing(tmp_path: Path) -> None:
    """A folder without the keys that are expected names them."""
    server = bare(tmp_path, {RELEASE: TEXT})
    secret = tmp_path / "secret"
    secret.mkdir()
    for access, wanted in (
        (Access(credentials=secret), "has neither username and password nor sshPrivateKey"),
        (Access(signing_key=secret), "has no sshPrivateKey or ssh-privatekey"),
    ):
        with pytest.raises(RepositoryError, match=wanted), fetched(Remote(str(server), "main", access)):
            pass
    (secret / "sshPrivateKey").write_text("key")
    access = Access(credentials=secret)
    with pytest.raises(RepositoryError, match="no known_hosts"), fetched(Remote(str(server), "main", access)):
        pass


def test_a_password_opens_a_server_and_stands_in_no_message(tmp_path: Path) -> None:
    """The Secret's user and password are asked for by git itself; a wrong one is said without being told."""
    server = bare(tmp_path, {RELEASE: TEXT})
    git(server, "config", "http.receivepack", "true")
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "username").write_text("robot")
    (secret / "password").write_text("s3cret with spaces\n")
    with served(tmp_path, "s3cret with spaces") as server_:
        remote = Remote(server_.address, "main", Access(credentials=secret))
        assert write(remote, RELEASE, lambda _: to("new\n")).changed
        (secret / "password").write_text("wr0ng")
        with pytest.raises(RepositoryError, match="refuses the credentials") as caught:
            write(remote, RELEASE, lambda _: to("newer\n"))
    assert "wr0ng" not in str(caught.value)
    assert at(server, RELEASE) == "new\n"
