"""The program git, as it may be called beside credentials: no shell, no hooks, no configuration but ours, and an end.

It knows processes, and a Secret's keys as files; it must not know what is committed.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from mlops_charts.errors import MlopsChartsError
from mlops_charts.release import person

_TIMEOUT: Final = 180.0  # seconds for one command
_LARGEST: Final = 16 * 1024 * 1024  # bytes of output
_LONGEST: Final = 4096  # bytes of what git says when it fails
_PROTOCOLS: Final = "file:http:https:ssh"  # ext:: would run what the address says
_KEPT: Final = (
    "PATH", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
)  # fmt: skip
_SETTINGS: Final = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.askPass=", "gc.auto=0",
    "maintenance.auto=false", "fetch.recurseSubmodules=false", "user.useConfigOnly=true",
    "http.lowSpeedLimit=100", "http.lowSpeedTime=60", "advice.detachedHead=false", "init.defaultBranch=main",
)  # fmt: skip
_UNATTENDED: Final = ("credential.helper=", "commit.gpgSign=false")
_ASKPASS: Final = """#!/bin/sh
case "$1" in
  Username*) cat "$MLOPS_CHARTS_GIT_CREDENTIALS/username" ;;
  *) cat "$MLOPS_CHARTS_GIT_CREDENTIALS/password" ;;
esac
"""
_KEY_NAMES: Final = ("sshPrivateKey", "ssh-privatekey")


class RepositoryError(MlopsChartsError):
    """The repository of releases cannot be read or written."""


class Missing(RepositoryError):  # noqa: N818 - it says what the branch is
    """The repository has no such branch."""


class Rival(RepositoryError):  # noqa: N818 - it says who was there
    """Somebody else has pushed meanwhile."""


class Offline(RepositoryError):  # noqa: N818 - it says what the server is
    """The server does not answer, or not to the end; a push may have arrived nevertheless."""


class Protected(RepositoryError):  # noqa: N818 - it says what the branch is
    """The server admits no push to the branch."""


@dataclass(frozen=True)
class Access:
    """What git may use to reach a repository and to sign.

    Attributes:
        credentials: Folder with username and password, or sshPrivateKey and known_hosts, as files; None without.
        signing_key: Folder with the SSH key that signs commits; None leaves them unsigned.
        environ: Variables of the environment, of which a few are handed on.
        person: A folder in which the configuration of a person holds, who then reaches the repository, signs and is
            the author as everywhere else; None where nobody is there.
    """

    credentials: Path | None = None
    signing_key: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    person: Path | None = None

    def secrets(self) -> tuple[str, ...]:
        """Return what must stand in no message."""
        folder = self.credentials
        texts = (_text(folder / name) for name in ("password", "username")) if folder else ()
        return tuple(text for text in texts if text)


@dataclass(frozen=True)
class Git:
    """Git in one bare repository of its own.

    Attributes:
        folder: The scratch folder; the repository is `repository` in it.
        address: The other repository, without a password in it.
        environ: All variables that git sees.
        settings: Further configuration.
        secrets: What is taken out of every message.
        signs: Whether commits are signed.
        personal: Whether a person's configuration says who they are.
    """

    folder: Path
    address: str
    environ: Mapping[str, str]
    settings: tuple[str, ...]
    secrets: tuple[str, ...]
    signs: bool = False
    personal: bool = False

    def run(self, *arguments: str, given: str = "", **environ: str) -> str:
        """Return what git prints, as text."""
        return self.output(*arguments, given=given, **environ).decode("utf-8", errors="replace")

    def output(self, *arguments: str, given: str = "", **environ: str) -> bytes:
        """Return what git prints.

        Args:
            arguments: The command and its arguments.
            given: Its standard input.
            environ: Further variables.

        Raises:
            RepositoryError: It fails, prints too much, or takes too long.
        """
        settings = [word for setting in (*_SETTINGS, *self.settings) for word in ("-c", setting)]
        command = ["git", *settings, "-C", str(self.folder / "repository"), *arguments]
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
            stdin.write(given.encode())
            stdin.seek(0)
            status, printed = _output(command, {**self.environ, **environ}, stdin, stderr)
            said = _last(stderr)
        if status is None:
            raise Offline(f"git {arguments[0]} with {self.address} did not end within {_TIMEOUT:g} s")
        if len(printed) > _LARGEST:
            raise RepositoryError(f"git {arguments[0]} printed more than {_LARGEST // 2**20} MiB")
        if status:
            told = printed[-_LONGEST:].decode("utf-8", errors="replace")  # where a push says who was faster
            raise self._failure(arguments[0], f"{told}\n{said}")
        return printed

    def author(self) -> str:
        """Return the person as `Name <address>`.

        Raises:
            Nameless: Git does not know them.
        """
        try:
            self.run("var", "GIT_COMMITTER_IDENT")
            return self.run("var", "GIT_AUTHOR_IDENT").rpartition(">")[0] + ">"
        except RepositoryError:
            message = "git does not know who you are, and a release decision says who has made it"
            fix = "`git config --global user.name NAME` and `git config --global user.email ADDRESS` tell it"
            raise person.Nameless(f"{message}; {fix}") from None

    def _failure(self, command: str, said: str) -> RepositoryError:
        for secret in self.secrets:
            said = said.replace(secret, "***")
        said = re.sub(r"//[^/\s]*@", "//", said)
        return _error(command, self.address, said)


def git_in(folder: Path, address: str, access: Access) -> Git:
    """Return git with a new bare repository, whose remote `origin` is an address.

    Args:
        folder: A scratch folder, which gets copies of keys that nobody else may read.
        address: Where the other repository is.
        access: How it is reached.

    Raises:
        RepositoryError: Git is not installed, or the credentials are incomplete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    git = _personal(folder, address, access) if access.person else _unattended(folder, address, access)
    (folder / "repository").mkdir(exist_ok=True)
    git.run("init", "--quiet", "--bare", "--template=", ".")
    with (folder / "repository" / "config").open("a", encoding="utf-8") as config:
        config.write('[remote "origin"]\n\tpromisor = true\n\tpartialclonefilter = blob:none\n')
    git.run("config", "remote.origin.url", address)
    return git


def _unattended(folder: Path, address: str, access: Access) -> Git:
    environ = {name: access.environ[name] for name in _KEPT if name in access.environ}
    environ |= {
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20",
        **_reaching(folder, access.credentials),
    }
    signing = _signing(folder, access.signing_key)
    return Git(folder, _shown(address), environ, (*_UNATTENDED, *signing), access.secrets(), signs=bool(signing))


def _personal(folder: Path, address: str, access: Access) -> Git:
    settings = person.configured(access.person or folder, access.environ)
    kept = person.environ_of(access.environ)
    environ = {name: text for name, text in kept.items() if not name.startswith("GIT_CONFIG")}
    environ |= person.handed_on(settings)
    environ |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": _PROTOCOLS}
    if not any(name == "core.sshcommand" for name, _ in settings):
        environ.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=20")
    secrets = person.tokens(settings)
    return Git(folder, _shown(address), environ, (), secrets, signs=person.signs(settings), personal=True)


def _shown(address: str) -> str:
    return re.sub(r"//[^/\s]*@", "//", address)


def _reaching(folder: Path, credentials: Path | None) -> dict[str, str]:
    if credentials is None:
        return {}
    if key := _key_in(credentials):
        hosts = credentials / "known_hosts"
        if not hosts.is_file():
            raise RepositoryError(f"{credentials} has {key.name} and no known_hosts, so that nobody knows the server")
        identity = _private_copy(key, folder / "identity")
        options = ["-i", str(identity), "-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
        options += ["-o", f"UserKnownHostsFile={hosts}", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=20"]
        return {"GIT_SSH_COMMAND": shlex.join(["ssh", *options])}
    if not (credentials / "password").is_file():
        raise RepositoryError(f"{credentials} has neither username and password nor sshPrivateKey")
    script = folder / "askpass"
    script.write_text(_ASKPASS, encoding="utf-8")
    script.chmod(0o700)
    return {"GIT_ASKPASS": str(script), "MLOPS_CHARTS_GIT_CREDENTIALS": str(credentials)}


def _signing(folder: Path, signing_key: Path | None) -> tuple[str, ...]:
    if signing_key is None:
        return ()
    key = _key_in(signing_key)
    if key is None:
        raise RepositoryError(f"{signing_key} has no {' or '.join(_KEY_NAMES)}, and commits are to be signed with it")
    return "gpg.format=ssh", f"user.signingKey={_private_copy(key, folder / 'signing')}"


def _key_in(folder: Path) -> Path | None:
    return next((folder / name for name in _KEY_NAMES if (folder / name).is_file()), None)


def _private_copy(key: Path, copy: Path) -> Path:
    """Return a copy that its owner alone may read, because ssh refuses what a Secret's mount is."""
    copy.touch(mode=0o600)
    copy.chmod(0o600)
    copy.write_bytes(key.read_bytes().rstrip(b"\n") + b"\n")
    return copy


def _output(
    command: list[str], environ: Mapping[str, str], stdin: IO[bytes], stderr: IO[bytes]
) -> tuple[int | None, bytes]:
    """Return the exit status, None where it took too long, and what was printed, one byte past the limit at most."""
    try:
        process = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=environ, start_new_session=True
        )
    except FileNotFoundError:
        raise RepositoryError("git is not installed, and releases are kept in git") from None
    except ValueError as error:  # no program can be given a NUL
        raise RepositoryError(f"git cannot be asked: {error}") from None
    late = threading.Event()
    timer = threading.Timer(_TIMEOUT, _end, (process, late))
    timer.start()
    try:
        with process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            printed = process.stdout.read(_LARGEST + 1)
            if len(printed) > _LARGEST:
                _kill(process)
    except BaseException:
        _kill(process)
        raise
    finally:
        timer.cancel()
    return None if late.is_set() else process.returncode, printed


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _last(stderr: IO[bytes]) -> str:
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(0, size - _LONGEST))
    return stderr.read().decode("utf-8", errors="replace").strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


_RIVALS: Final = (
    "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "stale info",
    "incorrect old value", "unable to lock", "reference already exists",
)  # fmt: skip
_REFUSALS: Final = (
    "Authentication failed",
    "could not read Username",
    "could not read Password",
    "Permission denied",
    "returned error: 403",
)
_DECLINED: Final = ("hook declined", "protected branch", "GH006", "GH013", "not allowed to push", "[remote rejected]")
_NOWHERE: Final = ("does not appear to be a git", "not found", "does not exist", "No such remote")
_SILENT: Final = (
    "Could not resolve host", "Couldn't connect", "Connection refused", "Connection timed out", "Connection reset",
    "Operation timed out", "hung up", "early EOF", "unexpected disconnect", "RPC failed", "returned error: 5",
    "Empty reply", "Operation too slow", "Recv failure", "Send failure", "Network is unreachable", "No route to host",
    "Failed to connect", "kex_exchange_identification",
)  # fmt: skip
_NOBODY: Final = ("unable to access", "Could not read from remote")
_BRANCH: Final = "where a branch is protected, git.releaseBranch of platform.yaml names another one for release files"


# What git says of a failure, in the order in which it is looked for: command, signs, what it is, and in which words.
_MEANINGS: Final[tuple[tuple[str, tuple[str, ...], type[RepositoryError], str], ...]] = (
    ("", ("couldn't find remote ref",), Missing, "{address}: {reason}"),
    ("push", _RIVALS, Rival, "{address}: {reason}"),
    ("push", _DECLINED, Protected, f"{{address}} refuses the push: {{reason}}; {_BRANCH}"),
    ("", _REFUSALS, RepositoryError, "{address} refuses the credentials: {reason}"),
    ("", _NOWHERE, RepositoryError, "{address} cannot be reached: {reason}"),
    ("", _SILENT, Offline, "{address} cannot be reached: {reason}"),
    ("", _NOBODY, RepositoryError, "{address} cannot be reached: {reason}"),
    ("", ("",), RepositoryError, "{address}: git {command}: {reason}"),
)


def _error(command: str, address: str, said: str) -> RepositoryError:
    for of, signs, error, words in _MEANINGS:
        if of in {"", command} and any(sign in said for sign in signs):
            return error(words.format(address=address, command=command, reason=_reason(said)))
    raise AssertionError(said)


def _reason(said: str) -> str:
    """Return the line of what git says that says why."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ERROR:", "!"))]
    return " ".join((told or lines or ["no reason given"])[:3])
