"""Codes of what the rules find in environments, platforms and fleets."""

from typing import Final

from mlops_charts.problems.define import Entry, code
from mlops_charts.problems.model import Severity

TABLE: Final[tuple[Entry, ...]] = (
    code(
        "unknown-environment",
        title="An environment that platform.yaml lacks",
        why="Nobody said which cluster and namespace it is.",
        fix="Correct the name, or add it to platform.yaml.",
        example="environments: [stagin]",
    ),
    code(
        "duplicate-environment",
        title="An environment stands in the order twice",
        why="A version is promoted through each environment once.",
        fix="Remove one of them.",
        example="environments: [staging, staging]",
    ),
    code(
        "name-collision",
        title="Two models make the same name",
        why="Their objects would overwrite each other: `a-b` in `c` and `a` in `b-c` are both `a-b-c`.",
        fix="Rename a model or an environment.",
        example="metadata: {name: iris}   # in two folders",
    ),
    code(
        "network-peer",
        title="A peer is nothing, or two things",
        why="A peer is either a block of addresses or the pods of a namespace.",
        fix="Give exactly one of cidr and namespace.",
        example="network: {git: [{port: 443}]}",
    ),
    code(
        "bad-quota",
        title="A quota that Kubernetes refuses",
        why="The ResourceQuota would not be created, and nothing would be limited.",
        fix="Name a resource as a ResourceQuota does; what is counted is a whole number.",
        example="quotas: {cpus: 20}",
    ),
    code(
        "bad-cidr",
        title="A text is no block of addresses",
        why="Kubernetes refuses the NetworkPolicy.",
        fix="Write the block's first address and the length of its prefix.",
        example="network: {git: [{cidr: 10.0.0.7/16}]}",
    ),
    code(
        "freeze-range",
        title="A freeze ends before it begins",
        why="It would freeze nothing.",
        fix="Swap from and to.",
        example='freeze: [{from: "2027-01-03T00:00:00Z", to: "2026-12-20T00:00:00Z"}]',
    ),
    code(
        "secret-store",
        title="The store of External Secrets is missing or useless",
        why="External Secrets reads from a ClusterSecretStore; other providers have none.",
        fix="Add store, or remove it.",
        example="secrets: {provider: external-secrets}",
    ),
    code(
        "namespace-pattern",
        title="A pattern of namespaces that does not work",
        why="Every model has namespaces of its own, so the pattern contains {model}; names have at most 63 characters.",
        fix="{model}-{environment}, for example.",
        example="environments: {prod: {namespace: models}}",
    ),
    code(
        "namespace-collision",
        title="Two environments share a namespace",
        why="Objects of the two would overwrite each other.",
        fix="Put {environment} into the patterns, or rename an environment.",
        example="environments: {pipeline: {}}",
    ),
    code(
        "host-pattern",
        title="A pattern of hosts that does not work",
        why="Every model has a host of its own in each environment.",
        fix="{model}.{environment}.example.com, for example.",
        example="ingress: {host: models.example.com}",
    ),
    code(
        "image-malicious",
        title="A release of a tool that was tampered with",
        why="Trivy 0.69.4 was published by an attacker, and 0.69.5 and 0.69.6 are suspect.",
        fix="Use another version.",
        example='images: {trivy: "ghcr.io/aquasecurity/trivy:0.69.4"}',
    ),
    code(
        "network-unreachable",
        title="The registry, the git server or the package index cannot be reached",
        why="NetworkPolicies deny what platform.yaml does not name: nothing is built, pushed or committed.",
        fix="Name the addresses, or the namespace, under network.registry, network.git and network.packages.",
        example="network: {registry: [], git: []}",
        severity=Severity.WARNING,
    ),
    code(
        "project-shared",
        title="Models in the project of the root Application",
        why="The root may create Applications and projects; a model with that right could give itself any other.",
        fix="Use two projects.",
        example="argocd: {project: models, bootstrapProject: models}",
    ),
    code(
        "release-branch",
        title="The release branch is the main branch",
        why="A release branch exists because the main branch is protected.",
        fix="Name another branch, or remove it.",
        example="git: {branch: main, releaseBranch: main}",
    ),
)
