"""Codes of what the proofs over SeldonDeployments find."""

from typing import Final

from mlops_charts.problems.define import Entry, code

TABLE: Final[tuple[Entry, ...]] = (
    code(
        "seldon-no-predictor",
        title="A SeldonDeployment without predictors",
        why="Seldon's webhook refuses it, and then nothing of the Application syncs.",
        fix="Render the SeldonDeployment only when a slot of the release is enabled.",
        example="spec: {predictors: []}",
    ),
    code(
        "seldon-duplicate-predictor",
        title="Two predictors of one name",
        why="Seldon's webhook refuses it; Services and Deployments are named after predictors.",
        fix="Give each predictor its own name: blue and green.",
        example="predictors: [{name: blue}, {name: blue}]",
    ),
    code(
        "seldon-traffic",
        title="Traffic that does not sum to 100",
        why="Seldon's webhook refuses it: several predictors must share 100, one alone has 0 or 100.",
        fix="Write integers that sum to 100; a predictor without traffic counts as 0.",
        example="predictors: [{name: blue, traffic: 95}, {name: green, traffic: 4}]",
    ),
    code(
        "seldon-shadow",
        title="A shadow that cannot be",
        why="Seldon mirrors to one predictor at most, and another one must answer the users.",
        fix="Keep one predictor with shadow: true, its traffic between 0 and 100, beside one that answers.",
        example="predictors: [{name: green, shadow: true}]",
    ),
    code(
        "seldon-graph",
        title="A graph node without a container",
        why="Seldon finds the container of a node by its name, unless the node uses a prepackaged server.",
        fix="Give the container and the graph node the same name.",
        example="graph: {name: model} beside containers: [{name: server}]",
    ),
    code(
        "seldon-model-uri",
        title="A prepackaged server without modelUri",
        why="SKLEARN_SERVER and its like download the model from modelUri; Seldon's webhook demands it.",
        fix="Set modelUri to the folder of the model.",
        example="graph: {name: model, implementation: SKLEARN_SERVER}",
    ),
    code(
        "seldon-protocol",
        title="A protocol that the server does not speak",
        why="Seldon knows seldon, tensorflow, kfserving and v2, and only TensorFlow's server speaks tensorflow.",
        fix="Take v2, the Open Inference Protocol.",
        example="protocol: tensorflow with implementation: MLFLOW_SERVER",
    ),
    code(
        "seldon-no-engine",
        title="No executor, but a graph of several nodes",
        why="Only the executor can route between the nodes of a graph.",
        fix="Drop the annotation seldon.io/no-engine, or the children of the graph.",
        example='annotations: {seldon.io/no-engine: "true"}, graph: {name: a, children: [{name: b}]}',
    ),
    code(
        "seldon-version-label",
        title="A label version on a predictor",
        why="Seldon selects the Istio subset of a predictor by that label; with another value no pod is found.",
        fix="Put the model's version into the predictor's annotation version.",
        example="predictors: [{name: blue, labels: {version: 1.2.0}}]",
    ),
    code(
        "seldon-restless-metadata",
        title="Changing metadata that is copied into pods",
        why="Seldon copies labels and annotations of predictors, and spec.annotations, into pods, which restart then.",
        fix="Put weights, times and chart versions under metadata of the SeldonDeployment, which is not copied.",
        example="predictors: [{name: blue, labels: {helm.sh/chart: iris-serving-1.0.0}}]",
    ),
    code(
        "seldon-name",
        title="A generated name that is too long or unknown",
        why="Seldon hashes names beyond 63 characters; alerts, budgets and the judge then look for the wrong one.",
        fix="Set a short componentSpecs[].metadata.name, and shorten the model's name.",
        example="componentSpecs: [{spec: {...}}] without metadata.name",
    ),
    code(
        "seldon-hpa",
        title="An autoscaler of Seldon that clusters no longer serve",
        why="hpaSpec.metrics is autoscaling/v2beta1, removed in Kubernetes 1.25.",
        fix="Write the metrics under hpaSpec.metricsv2.",
        example="hpaSpec: {maxReplicas: 4, metrics: [...]}",
    ),
    code(
        "seldon-pdb",
        title="A disruption budget that locks pods, or is deleted",
        why="A pod under two budgets can never be evicted, and Seldon deletes budgets named like its Deployments.",
        fix="Render one PodDisruptionBudget per predictor, selecting seldon-app: <model>-<predictor>; no pdbSpec.",
        example="one budget that selects seldon-deployment-id: iris, with the predictors blue and green",
    ),
    code(
        "seldon-ports",
        title="Container ports that cannot be told apart",
        why="Ports are keyed by number and protocol, and a default inside an atomic list differs from git for ever.",
        fix="Give http, grpc and metrics distinct numbers, and write protocol: TCP.",
        example="ports: [{name: http, containerPort: 9000}, {name: metrics, containerPort: 9000}]",
    ),
    code(
        "seldon-life-cycle",
        title="A model server without its own probes or way to stop",
        why="Seldon injects a preStop that calls a shell, and probes that check a TCP connect.",
        fix="Render startup, readiness and liveness probes, lifecycle.preStop and terminationGracePeriodSeconds.",
        example="containers: [{name: model, image: ...}]",
    ),
    code(
        "seldon-service-label",
        title="A Service with the label seldon-deployment-id",
        why="Seldon takes it for an orphan of its own and deletes it.",
        fix="Drop the label.",
        example="kind: Service, metadata: {labels: {seldon-deployment-id: iris}}",
    ),
    code(
        "seldon-weights-elsewhere",
        title="Two writers of weights",
        why="On istio Seldon writes the VirtualService and DestinationRule; a second route fights it.",
        fix="Weights stand in traffic (istio) or in the HTTPRoute (gatewayApi), with traffic 100 and 0.",
        example="traffic: 90 and 10 beside an HTTPRoute to iris-blue and iris-green",
    ),
    code(
        "route-zero-weight",
        title="A backend of weight 0",
        why="A backend that gets nothing is no part of a route; it is a weight that someone forgot to write.",
        fix="Leave the backend out.",
        example="backendRefs: [{name: iris-green, port: 9000, weight: 0}]",
    ),
)
