"""Codes of what the validation of charts and Applications finds."""

from typing import Final

from mlops_charts.problems import codes_applications, codes_policy, codes_seldon, codes_workflows
from mlops_charts.problems.define import Entry, code
from mlops_charts.problems.model import Severity

TABLE: Final[tuple[Entry, ...]] = (
    code(
        "changed-in-flight",
        title="The runtime or the protocol changes in the middle of a release",
        why="Both slots share them: what serves would restart during the comparison, and the judge would see that.",
        fix="Wait until the release has settled, or roll it back; then change it.",
        example="serving: {protocol: seldon}   # v2 is what the canary began with",
    ),
    code(
        "release-file",
        title="A release file says what no release is",
        why="The file is the whole state of a release; a state that contradicts itself could drop what serves users.",
        fix="Take the file back to its last good commit, or use the release commands instead of an editor.",
        example="release: {phase: canary, stable: none}",
    ),
    code(
        "values-file",
        title="A values file of people says what the chart does not admit",
        why="Helm would refuse to render, and Argo CD could not sync: the next rollback would wait as well.",
        fix="Follow the note; charts/<name>/serving/README.md lists all values.",
        example="serving: {replicas: two}",
    ),
    code(
        "values-file-release",
        title="A values file of people sets the release",
        why="The release commands own the state of a release; a second writer would be overwritten, or overwrite.",
        fix="Remove `release` from values-<environment>.yaml; the release commands change a release.",
        example="release: {paused: true}   # in values-prod.yaml",
    ),
    code(
        "helm-lint",
        title="Helm's lint objects to the chart",
        why="What lint objects to is refused, or misread, by somebody further on.",
        fix="Read Helm's message; if the chart comes from a generator of your own, mend it there.",
        example="a template without apiVersion",
    ),
    code(
        "helm-refuses",
        title="Helm does not render the chart with these values",
        why="Argo CD renders with the same Helm: the Application could not sync.",
        fix="Read Helm's message: mostly a values file says something that values.schema.json forbids.",
        example="serving:\n  replicas: two",
    ),
    code(
        "helm-differs",
        title="Helm prints another object than the one that was proven",
        why="Every other proof looks at the object that Python knows; it says nothing of another one.",
        fix="This is a mistake of the library, or of a chart that was edited by hand: please report it with the chart.",
        example="replicas: 2 in Python, replicas: '2' by Helm",
    ),
    code(
        "schema-invalid",
        title="An API server would refuse the object",
        why="A value is none that the schema of the object's kind accepts, or a required field is missing.",
        fix="Follow the note; the origin says which field of model.yaml, or which generator, the object came from.",
        example='kind: Deployment\nspec:\n  replicas: "2"',
    ),
    code(
        "schema-unknown-field",
        title="The object has a field that its kind does not know",
        why="With strict field validation it is refused; without, it is dropped in silence.",
        fix="Take the field that is suggested, or remove it.",
        example="kind: Deployment\nspec:\n  replcas: 2",
    ),
    code(
        "crd-default-missing",
        title="A default that the API server adds must be written out",
        why="Server-side apply replaces atomic lists whole, without the CRD's defaults: a difference for ever.",
        fix="Write the field with the value that the note gives.",
        example="kind: HTTPRoute\nspec:\n  parentRefs:\n    - name: public   # group and kind are missing",
    ),
    code(
        "crd-version-not-served",
        title="The cluster does not serve this version of the kind",
        why="The CRD has no such version, or has it only to convert stored objects.",
        fix="Write one of the served versions as apiVersion.",
        example="apiVersion: external-secrets.io/v1beta1\nkind: ExternalSecret",
    ),
    code(
        "kind-unchecked",
        title="No schema of the kind is at hand",
        why="What was not checked is never counted as valid.",
        fix="Run `mlops-charts schemas fetch`, or name a folder of CRDs with --crds; --require-all makes it an error.",
        example="apiVersion: example.com/v1\nkind: Widget",
        severity=Severity.WARNING,
    ),
    *codes_seldon.TABLE,
    *codes_workflows.TABLE,
    *codes_applications.TABLE,
    *codes_policy.TABLE,
)
