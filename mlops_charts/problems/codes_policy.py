"""Codes of what the proofs of policy find."""

from typing import Final

from mlops_charts.problems.define import Entry, code
from mlops_charts.problems.model import Severity

TABLE: Final[tuple[Entry, ...]] = (
    code(
        "pod-security",
        title="A pod that its namespace would refuse",
        why="Pod Security admission refuses it, or it could do more on its node than a model needs.",
        fix="Run as non-root, with seccomp RuntimeDefault, without privileges, capabilities or paths of the node.",
        example="securityContext: {privileged: true}",
    ),
    code(
        "resources-missing",
        title="A container that does not say what it needs",
        why="Without requests it is scheduled anywhere, without a memory limit it takes its node down.",
        fix="Set requests for cpu and memory, and a limit for memory.",
        example="resources: {requests: {cpu: 500m}}",
    ),
    code(
        "mesh-injection",
        title="A pod that never ends in a mesh",
        why="An injected sidecar keeps running when the job is done.",
        fix='Label the pod sidecar.istio.io/inject: "false".',
        example="a CronJob whose pods carry no such label",
    ),
    code(
        "image-tag",
        title="An image that is not pinned",
        why="A tag that moves runs another program tomorrow than was tested today.",
        fix="Write the exact version, and a digest where one is known.",
        example="image: python:latest",
    ),
    code(
        "image-no-digest",
        title="An image without digest",
        why="A tag may be pushed again. `policy: {requireDigests: true}` in platform.yaml makes this an error.",
        fix="Run `mlops-charts platform pin`.",
        example="image: ghcr.io/acme/runtime:1.0.0",
        severity=Severity.WARNING,
    ),
    code(
        "image-refused",
        title="An image that is known to be bad",
        why="It was published by an attacker, or is suspect.",
        fix="Take a newer release.",
        example="image: ghcr.io/aquasecurity/trivy:0.69.4",
    ),
    code(
        "plaintext-secret",
        title="A secret in clear",
        why="What git has seen, everyone with the repository has, for ever.",
        fix="Put it into a Secret outside git and refer to it; then change it, because it has been seen.",
        example="env: [{name: DB_PASSWORD, value: hunter2}]",
    ),
    code(
        "rbac-wildcard",
        title="A role that admits everything",
        why="Whoever takes over the pod can do all that the role admits.",
        fix="Name verbs, resources and groups.",
        example="rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]",
    ),
    code(
        "rbac-escalation",
        title="A role that can widen itself",
        why="escalate, bind and impersonate lead to every permission.",
        fix="Drop the verb.",
        example="verbs: [bind]",
    ),
    code(
        "rbac-secrets",
        title="A role that reads every secret",
        why="list and watch return the values of all secrets, and get does for every name that can be guessed.",
        fix="Mount the secret, or allow get with resourceNames.",
        example="rules: [{apiGroups: [''], resources: [secrets], verbs: [list]}]",
    ),
    code(
        "rbac-cluster",
        title="A permission for the whole cluster",
        why="A model lives in its own namespaces.",
        fix="Take a Role and a RoleBinding.",
        example="kind: ClusterRoleBinding",
    ),
    code(
        "token-mounted",
        title="A token without use",
        why="A pod without a role needs no token of the API server.",
        fix="Set automountServiceAccountToken: false.",
        example="a model server with the default service account",
    ),
    code(
        "network-uncovered",
        title="A pod without NetworkPolicy",
        why="It may reach, and be reached by, everything in the cluster.",
        fix="Render a default deny for ingress and egress, and what the pod needs on top.",
        example="a Deployment in a namespace with a policy for ingress alone",
    ),
    code(
        "network-open",
        title="A NetworkPolicy that admits the world",
        why="A rule without peers, or with 0.0.0.0/0, is no rule.",
        fix="Name the peers, or leave ranges out by except.",
        example="egress: [{ports: [{port: 443}]}]",
    ),
)
