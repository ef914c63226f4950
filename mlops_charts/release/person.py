"""Git as a person has set it up: their name, agent, credential helpers and signature count; hooks and prompts do not.

Only what says who somebody is and how a server is reached is taken from their configuration, as it holds in a folder of
theirs. It must not know what is committed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mlops_charts.errors import Mistake

_TIMEOUT: Final = 20.0  # seconds
_SECTIONS: Final = (
    "user.", "author.", "committer.", "credential.", "gpg.", "http.", "url.", "ssh.", "safe.", "core.sshcommand",
    "core.gitproxy", "commit.gpgsign",
)  # fmt: skip
_OF_GIT: Final = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSH", "GIT_SSL_", "GIT_CONFIG")
_PROMPTS: Final = frozenset({"SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"})


class Nameless(Mistake):
    """Git does not know who is deciding."""


def environ_of(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a person that git may see: none that lead it elsewhere, or let it ask."""
    kept = {
        name: content
        for name, content in environ.items()
        if name not in _PROMPTS and (not name.startswith("GIT_") or name.startswith(_OF_GIT))
    }
    return {**kept, "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never", "LC_ALL": "C"}


def configured(folder: Path, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a person's configuration says in a folder, as far as it counts here, in its own order."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "config", "--list", "-z"],
            capture_output=True,
            check=False,
            env={**environ_of(environ), "GIT_CEILING_DIRECTORIES": ""},
            timeout=_TIMEOUT,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return ()  # the first command of git says so
    except subprocess.TimeoutExpired:
        raise Mistake(f"git config in {folder} does not end") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        raise Mistake(f"git's configuration cannot be read: {said[0] if said else 'git config fails'}")
    return tuple(_known(os.fsdecode(done.stdout)))


def handed_on(settings: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return variables by which git takes these settings, and reads no file of configuration beside them.

    They stand in no command line, where others could read them: http.extraHeader may hold a token.
    """
    variables = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_COUNT": str(len(settings))}
    for index, (name, content) in enumerate(settings):
        variables |= {f"GIT_CONFIG_KEY_{index}": name, f"GIT_CONFIG_VALUE_{index}": content}
    return variables


def tokens(settings: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Return what of a configuration must stand in no message."""
    return tuple(content for name, content in settings if name.endswith(".extraheader") and content)


def signs(settings: tuple[tuple[str, str], ...]) -> bool:
    """Return whether the person signs commits."""
    given = [content for name, content in settings if name == "commit.gpgsign"]
    return bool(given) and given[-1].lower() in {"true", "yes", "on", "1"}


def _known(printed: str) -> Iterator[tuple[str, str]]:
    for entry in filter(None, printed.split("\0")):
        name, newline, content = entry.partition("\n")
        if name.startswith(_SECTIONS):
            yield name, content if newline else "true"
