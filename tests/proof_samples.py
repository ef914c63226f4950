"""Small scopes that every proof accepts, and the way to break them in one place."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import yaml

from mlops_charts.validate.model import Finding, Rendered, Scope

Path = tuple[str | int, ...]
GONE = object()

SERVING = """
apiVersion: machinelearning.seldon.io/v1
kind: SeldonDeployment
metadata: {name: iris, labels: {app.kubernetes.io/name: iris}}
spec:
  name: iris
  protocol: v2
  predictors:
    - &predictor
      name: blue
      traffic: 100
      annotations: {seldon.io/no-engine: "true", version: 1.2.0}
      graph: {name: model, type: MODEL}
      componentSpecs:
        - metadata: {name: model}
          hpaSpec: {minReplicas: 2, maxReplicas: 4, metricsv2: [{type: Resource}]}
          spec: &pod
            serviceAccountName: iris-server
            automountServiceAccountToken: false
            terminationGracePeriodSeconds: 30
            securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
            imagePullSecrets: [{name: registry-pull}]
            volumes: [{name: tmp, emptyDir: {}}]
            containers:
              - &container
                name: model
                image: &image ghcr.io/acme/iris@sha256:1111111111111111111111111111111111111111111111111111111111111111
                env:
                  - {name: MODEL_NAME, value: iris}
                  - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: warehouse, key: password}}}
                ports:
                  - {name: http, containerPort: 9000, protocol: TCP}
                  - {name: metrics, containerPort: 6000, protocol: TCP}
                volumeMounts: [{name: tmp, mountPath: /tmp}]
                startupProbe: &probe {httpGet: {path: /ready, port: http}}
                readinessProbe: *probe
                livenessProbe: *probe
                lifecycle: {preStop: {httpGet: {path: /drain, port: http}}}
                resources: {requests: {cpu: 500m, memory: 512Mi}, limits: {memory: 512Mi}}
                securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    - <<: *predictor
      name: green
      traffic: 0
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: iris}
spec:
  parentRefs: [{name: public, namespace: gateways}]
  rules:
    - backendRefs:
        - {name: iris-blue, port: 9000, weight: 95}
        - {name: iris-green, port: 9000, weight: 5}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: iris-server}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: iris-judge}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: iris-judge}
rules: [{apiGroups: [apps], resources: [deployments], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: iris-judge}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: iris-judge}
subjects: [{kind: ServiceAccount, name: iris-judge}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: iris-judge}
spec:
  jobTemplate:
    spec:
      template:
        metadata: {labels: {app.kubernetes.io/component: judge, sidecar.istio.io/inject: "false"}}
        spec:
          serviceAccountName: iris-judge
          securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
          containers:
            - <<: *container
              name: judge
              volumeMounts: []
---
apiVersion: v1
kind: Pod
metadata:
  name: iris-test
  labels: {sidecar.istio.io/inject: "false"}
  annotations: {helm.sh/hook: test}
spec: *pod
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: iris-blue}
spec: {maxUnavailable: 1, selector: {matchLabels: {seldon-app: iris-blue}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: iris-green}
spec: {maxUnavailable: 1, selector: {matchLabels: {seldon-app: iris-green}}}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: iris}
spec:
  selector: {matchExpressions: [{key: seldon-app, operator: In, values: [iris-blue, iris-green]}]}
  podMetricsEndpoints: [{port: metrics}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: iris-server}
spec:
  podSelector: {matchLabels: {seldon-deployment-id: iris}}
  policyTypes: [Ingress]
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: gateways}}}]}]
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: warehouse}
spec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}, target: {name: warehouse}}
"""

PIPELINE = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: iris}
spec:
  entrypoint: main
  onExit: report
  arguments: {parameters: [{name: reason, value: commit}, {name: source}]}
  synchronization: {mutexes: [{name: iris}]}
  ttlStrategy: {secondsAfterCompletion: 315360000}
  podMetadata: {labels: {app.kubernetes.io/name: iris, sidecar.istio.io/inject: "false"}}
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  serviceAccountName: iris-step
  volumes: [{name: source, configMap: {name: iris-source-1a2b, items: [{key: train.py, path: train.py}]}}]
  templates:
    - name: main
      dag:
        tasks:
          - {name: guard, template: guard}
          - name: train
            template: train
            dependencies: [guard]
            when: "'{{tasks.guard.outputs.parameters.action}}' == 'train'"
            arguments:
              parameters: [{name: digest, value: "{{tasks.guard.outputs.parameters.action}}"}]
              artifacts: [{name: source, from: "{{tasks.guard.outputs.artifacts.source}}"}]
          - name: deploy
            template: deploy
            dependencies: [train]
            arguments:
              parameters: [{name: version, value: "{{tasks.train.outputs.parameters.version}}"}]
              artifacts: [{name: model, from: "{{tasks.train.outputs.artifacts.model}}", optional: true}]
    - name: guard
      activeDeadlineSeconds: 600
      container: &container
        image: &image ghcr.io/acme/runtime@sha256:2222222222222222222222222222222222222222222222222222222222222222
        command: [mlops-charts]
        args: [step, guard, --reason, "{{workflow.parameters.reason}}"]
        volumeMounts: [{name: source, mountPath: /source}]
        resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 128Mi}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
      outputs:
        parameters: [{name: action, valueFrom: {path: /out/action, default: none}}]
        artifacts: [{name: source, path: /source, s3: {key: "iris/{{workflow.uid}}/source.tgz"}}]
    - name: train
      activeDeadlineSeconds: 7200
      podSpecPatch: '{"containers":[{"name":"main","resources":{"limits":{"memory":"{{=1 + sprig.int(retries)}}Gi"}}}]}'
      inputs:
        parameters: [{name: digest}, {name: seed, default: "0"}]
        artifacts: [{name: source, path: /source}]
      container:
        <<: *container
        args: [step, train, "{{inputs.parameters.digest}}", "{{=inputs.parameters['seed'] ?? '0'}}", "{{workflow.uid}}"]
      outputs:
        parameters: [{name: version, valueFrom: {path: /out/version, default: ""}}]
        artifacts: [{name: model, path: /out/model, s3: {key: "iris/{{workflow.uid}}/model.tgz"}}]
    - name: deploy
      activeDeadlineSeconds: 600
      inputs:
        parameters: [{name: version}]
        artifacts: [{name: model, path: /model, optional: true}]
      container: {<<: *container, args: [step, deploy, "{{inputs.parameters.version}}", "{{inputs.artifacts.model.path}}"]}
    - name: report
      activeDeadlineSeconds: 600
      container: {<<: *container, args: [step, report, "{{workflow.status}}"]}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: iris-1a2b, annotations: {argocd.argoproj.io/sync-wave: "1"}}
spec:
  workflowTemplateRef: {name: iris}
  arguments: {parameters: [{name: source, value: iris-source-1a2b}]}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: iris-retrain}
spec:
  schedules: ["0 3 * * 1"]
  workflowSpec:
    workflowTemplateRef: {name: iris}
    arguments: {parameters: [{name: reason, value: schedule}, {name: source, value: iris-source-1a2b}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: iris-source-1a2b}
immutable: true
data: {train.py: "def train(X, y, context): ..."}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: iris-step}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: iris-step}
rules: [{apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [create, patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: iris-step}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: iris-step}
subjects: [{kind: ServiceAccount, name: iris-step}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: iris-steps}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: iris}}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 10.0.0.1/32}}], ports: [{port: 443, protocol: TCP}]}]
"""

APPS = """
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: models, namespace: argocd}
spec:
  sourceRepos: ["https://git.example.com/ml/models.git"]
  destinations: [{server: "https://kubernetes.default.svc", namespace: "iris-*"}]
  clusterResourceWhitelist: [{group: "", kind: Namespace, name: "iris-*"}]
  namespaceResourceWhitelist:
    - {group: machinelearning.seldon.io, kind: SeldonDeployment}
    - {group: gateway.networking.k8s.io, kind: HTTPRoute}
    - {group: "", kind: ServiceAccount}
    - {group: "", kind: ConfigMap}
    - {group: rbac.authorization.k8s.io, kind: Role}
    - {group: rbac.authorization.k8s.io, kind: RoleBinding}
    - {group: batch, kind: CronJob}
    - {group: policy, kind: PodDisruptionBudget}
    - {group: monitoring.coreos.com, kind: PodMonitor}
    - {group: networking.k8s.io, kind: NetworkPolicy}
    - {group: external-secrets.io, kind: ExternalSecret}
    - {group: argoproj.io, kind: WorkflowTemplate}
    - {group: argoproj.io, kind: Workflow}
    - {group: argoproj.io, kind: CronWorkflow}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: &metadata
  name: iris-pipeline
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
  annotations: &annotations
    argocd.argoproj.io/compare-options: ServerSideDiff=true
    argocd.argoproj.io/manifest-generate-paths: .
spec: &spec
  project: models
  source: &source {repoURL: "https://git.example.com/ml/models.git", targetRevision: main, path: charts/iris/pipeline}
  destination: {server: "https://kubernetes.default.svc", namespace: iris-pipeline}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    retry: {limit: 5, refresh: true}
    syncOptions: [CreateNamespace=true, ServerSideApply=true]
    managedNamespaceMetadata: {labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  <<: *metadata
  name: iris-serving-staging
  annotations: {<<: *annotations, argocd.argoproj.io/sync-options: "Prune=confirm,Delete=confirm"}
spec:
  <<: *spec
  source: {<<: *source, path: charts/iris/serving, helm: {valueFiles: [values.yaml, release-staging.yaml]}}
  destination: {server: "https://kubernetes.default.svc", namespace: iris-staging}
"""

ROOT = """
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: models-root, namespace: argocd}
spec:
  sourceRepos: ["https://git.example.com/ml/models.git"]
  destinations: [{server: "https://kubernetes.default.svc", namespace: argocd}]
  namespaceResourceWhitelist: [{group: argoproj.io, kind: Application}, {group: argoproj.io, kind: AppProject}]
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: models-root, namespace: argocd}
spec:
  project: models-root
  source: {repoURL: "https://git.example.com/ml/models.git", path: apps, directory: {recurse: true}}
  destination: {server: "https://kubernetes.default.svc", namespace: argocd}
  syncPolicy: {automated: {prune: true, selfHeal: true}, retry: {refresh: true}}
"""


def objects(text: str, folder: str) -> tuple[Rendered, ...]:
    """The documents of a text as rendered objects; anchors work across documents and share nothing afterwards."""
    one = yaml.safe_load("\n".join(_as_entries(text)))
    return tuple(Rendered(json.loads(json.dumps(item)), f"{folder}/{index}.yaml") for index, item in enumerate(one))


def _as_entries(text: str) -> Iterable[str]:
    for document in text.strip().split("\n---\n"):
        first, *rest = document.split("\n")
        yield from (f"- {first}", *(f"  {line}" for line in rest))


def serving() -> Scope:
    """A model in canary on gatewayApi."""
    externals = frozenset({("Secret", "registry-pull"), ("ClusterSecretStore", "vault")})
    rendered = objects(SERVING, "charts/iris/serving/templates")
    return Scope("iris serving, staging, canary", "iris-staging", rendered, "restricted", externals)


def pipeline() -> Scope:
    """A workflow of four steps."""
    return Scope("iris pipeline", "iris-pipeline", objects(PIPELINE, "charts/iris/pipeline/templates"))


def apps() -> tuple[Rendered, ...]:
    """The Applications of both, and the root."""
    return objects(APPS, "apps/models") + objects(ROOT, "apps/bootstrap")


def change(rendered: Rendered, path: Path, value: Any) -> Rendered:
    """The object with one place set, or without it if the value is GONE; what is missing above becomes maps."""
    manifest = deepcopy(dict(rendered.manifest))
    place: Any = manifest
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    if value is GONE:
        del place[path[-1]]
    elif isinstance(place, list) and path[-1] == len(place):
        place.append(value)
    else:
        place[path[-1]] = value
    return replace(rendered, manifest=manifest)


def put(rendered: Sequence[Rendered], target: str, path: Path, value: Any) -> tuple[Rendered, ...]:
    """The objects with one place of Kind/name changed."""
    hit = [one for one in rendered if f"{one.kind}/{one.name}" == target]
    assert len(hit) == 1, target
    return tuple(change(one, path, value) if one is hit[0] else one for one in rendered)


def within(scope: Scope, target: str, path: Path, value: Any) -> Scope:
    """The scope with one place of Kind/name changed."""
    return replace(scope, objects=put(scope.objects, target, path, value))


def plus(scope: Scope, *manifests: Mapping[str, Any]) -> Scope:
    """The scope with more objects."""
    more = tuple(Rendered(manifest, "charts/iris/serving/templates/more.yaml") for manifest in manifests)
    return replace(scope, objects=scope.objects + more)


def without(scope: Scope, target: str) -> Scope:
    """The scope without Kind/name."""
    return replace(scope, objects=tuple(one for one in scope.objects if f"{one.kind}/{one.name}" != target))


def found(proof: Callable[[Scope], Iterable[Finding]], scope: Scope) -> list[tuple[str, Path]]:
    """The codes and paths of what a proof finds."""
    return [(finding.code, finding.path) for finding in proof(scope)]
