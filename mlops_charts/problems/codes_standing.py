"""Codes of what stands in the repository beside what is rendered."""

from typing import Final

from mlops_charts.problems.define import Entry, code
from mlops_charts.problems.model import Severity

TABLE: Final[tuple[Entry, ...]] = (
    code(
        "release-file-lost",
        title="The state of a release is gone",
        why="Without its file an environment would start at nothing released, and Argo CD would remove what serves.",
        fix="Take the file back from git. If nothing is served there, remove environment-<environment>.yaml as well.",
        example="rm charts/iris/serving/release-prod.yaml",
    ),
    code(
        "release-file-left",
        title="A release file of an environment that the model no longer has",
        why="It says that a version serves there, and nothing rendered from the model does.",
        fix="Take the environment back into model.yaml, or remove the file once nothing is served there.",
        example="environments: [staging]   # and charts/iris/serving/release-prod.yaml says 1.2.0",
        severity=Severity.WARNING,
    ),
    code(
        "foreign-file",
        title="A file that no generator wrote, where Argo CD would take it",
        why="Helm and Argo CD render whatever stands in these folders; no proof has seen this file.",
        fix="Make the object with a generator of your own, or move the file to a folder of another Application.",
        example="charts/iris/serving/templates/extra.yaml",
    ),
    code(
        "crlf",
        title="Lines that end as on Windows",
        why="Other bytes are another digest: the same commit would be another model on another machine.",
        fix="git config core.autocrlf false; .gitattributes with `* text=auto eol=lf`; git add --renormalize.",
        example="train.py saved with CRLF",
        severity=Severity.WARNING,
    ),
)
