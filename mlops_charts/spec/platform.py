"""platform.yaml: all that may be said of the cluster."""

from typing import Annotated, Literal

from pydantic import Field

from mlops_charts.spec.base import Block, Bool, Int
from mlops_charts.spec.scalars import (
    GitBranch,
    GitUrl,
    HttpUrl,
    Image,
    Label,
    Moment,
    Quantity,
    SecretName,
    ShortLabel,
    TimeZone,
)
from mlops_charts.spec.training import Toleration

IN_CLUSTER = "https://kubernetes.default.svc"
"""The cluster that Argo CD runs in, and pipelines with it."""
Address = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]+(?:[.-]+[a-z0-9]+)*(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$",
        max_length=200,
        examples=["ghcr.io/acme"],
    ),
]
NamePattern = Annotated[
    str, Field(pattern=r"^(?:[a-z0-9-]|\{model\}|\{environment\})+$", examples=["{model}-{environment}"])
]
HostPattern = Annotated[
    str, Field(pattern=r"^(?:[a-z0-9.-]|\{model\}|\{environment\})+$", examples=["{model}.{environment}.example.com"])
]


class Git(Block):
    """The repository of models, charts and Applications."""

    url: GitUrl = Field(
        "https://git.example.com/ml/models.git", description="Where Argo CD and the release commands find it."
    )
    branch: GitBranch = Field("main", description="The branch that is deployed.")
    path: str = Field(
        "",
        pattern=r"^(?:\.?[A-Za-z0-9_][A-Za-z0-9._-]*(?:/\.?[A-Za-z0-9_][A-Za-z0-9._-]*)*)?$",
        examples=["ml/models"],
        description="Folder of platform.yaml in the repository; empty at its top.",
    )
    credentials_secret: SecretName = Field(
        "git-credentials",
        description="Secret to push with: username and password, or sshPrivateKey and known_hosts.",
    )
    signing_key_secret: SecretName | None = Field(
        None, description="Secret with the sshPrivateKey that signs commits; none leaves them unsigned."
    )
    release_branch: GitBranch | None = Field(
        None, description="Branch for release files where the main branch is protected."
    )


class ArgoCd(Block):
    """Where Argo CD is."""

    namespace: Label = Field("argocd", description="Its namespace.")
    project: Label = Field("models", description="The AppProject of the models.")
    bootstrap_project: Label = Field("models-root", description="The AppProject of the root Application.")


class Kubernetes(Block):
    """The cluster's version and clock."""

    version: Literal[
        "1.25", "1.26", "1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"
    ] = Field("1.35", description="Minor version that manifests are held against.")
    time_zone: TimeZone = Field("UTC", description="Time zone of schedules.")


class Gateway(Block):
    """The Gateway that HTTPRoutes attach to."""

    name: Label = Field("public", description="Its name.")
    namespace: Label = Field("gateways", description="Its namespace.")
    listener: Label | None = Field(
        None,
        description="The listener that HTTPRoutes attach to; all of them, plain HTTP too, if left out.",
    )


class Ingress(Block):
    """How traffic comes in and is divided between versions."""

    type: Literal["gatewayApi", "istio", "none"] = Field(
        "gatewayApi", description="HTTPRoutes, Seldon's VirtualServices, or nothing: then there is no canary."
    )
    gateway: Gateway = Field(default_factory=Gateway, description="The Gateway of the routes.")
    host: HostPattern = Field(
        "{model}.{environment}.example.com",
        description="Host name of a model; {model} and {environment} are filled in.",
    )


class PlatformPipeline(Block):
    """Where models are made."""

    namespace: NamePattern = Field("{model}-pipeline", description="Namespace of a model's pipeline.")
    runtime_image: Image = Field(
        "ghcr.io/acme/mlops-charts-runtime:1.0.0", description="The image that the steps run in."
    )
    retrain_on_runtime_change: Bool = Field(False, description="Whether a new runtime image retrains every model.")


class Freeze(Block):
    """A time in which no release starts or advances."""

    from_: Moment = Field(alias="from", description="Its beginning.")
    to: Moment = Field(description="Its end.")


class PlatformEnvironment(Block):
    """A place where models are served."""

    cluster: HttpUrl = Field(IN_CLUSTER, description="The cluster's API server, as Argo CD knows it.")
    namespace: NamePattern = Field("{model}-{environment}", description="Namespace of a model there.")
    freeze: tuple[Freeze, ...] = Field((), description="Times in which nothing is released; a rollback is.")


class Mlflow(Block):
    """The model registry."""

    tracking_uri: HttpUrl = Field("http://mlflow.mlflow:5000", description="The MLflow server.")
    credentials_secret: SecretName | None = Field(
        None, description="Secret with username and password of MLflow; none where it asks for none."
    )


class Storage(Block):
    """Any S3, for artifacts."""

    endpoint: HttpUrl = Field("http://s3.storage:8333", description="The server.")
    bucket: str = Field(
        "mlops",
        min_length=3,
        max_length=63,
        pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$",
        examples=["mlops"],
        description="The bucket.",
    )
    region: str = Field(
        "us-east-1",
        pattern=r"^[a-z0-9-]+$",
        examples=["us-east-1"],
        description="The region that requests are signed for.",
    )
    credentials_secret: SecretName = Field("s3-credentials", description="Secret with accessKey and secretKey.")


class Registry(Block):
    """Where images are."""

    host: Address = Field("ghcr.io/acme", description="Registry and organisation that model images are pushed to.")
    pull_secret: SecretName | None = Field(
        "registry-pull", description="Secret that pods pull with; none for a public registry."
    )
    push_secret: SecretName | None = Field("registry-push", description="Secret that the builder pushes with.")


class Prometheus(Block):
    """Where metrics are."""

    url: HttpUrl = Field("http://prometheus.monitoring:9090", description="The server that the judge asks.")
    rule_labels: dict[str, str] = Field({}, description="Labels by which Prometheus finds rules and monitors.")
    pushgateway: HttpUrl | None = Field(None, description="Where the pipeline pushes its metrics; none pushes nothing.")


class Secrets(Block):
    """Where secrets come from; a chart never holds one."""

    provider: Literal["existing", "external-secrets", "sealed-secrets"] = Field(
        "existing", description="Made by somebody else, fetched by External Secrets, or sealed files of the user's."
    )
    store: Label | None = Field(None, description="The ClusterSecretStore, for external-secrets.")
    prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9/_.-]*$",
        examples=["ml/"],
        description="What stands before a secret's name in the store.",
    )


class Peer(Block):
    """A place on the network: an address block, or pods of a namespace."""

    cidr: str | None = Field(
        None, pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$", examples=["10.0.0.1/32"], description="A block of addresses."
    )
    namespace: Label | None = Field(None, description="A namespace of the cluster.")
    port: Int = Field(443, ge=1, le=65535, description="The TCP port.")


class Network(Block):
    """What pods may reach; everything else is denied."""

    dns: Label = Field("kube-system", description="Namespace of the cluster's DNS.")
    api_server: tuple[Peer, ...] = Field(
        (Peer.model_construct(cidr="10.0.0.1/32", namespace=None, port=443),), description="The API server's addresses."
    )
    storage: tuple[Peer, ...] = Field(
        (Peer.model_construct(cidr=None, namespace="storage", port=8333),), description="The S3 server."
    )
    mlflow: tuple[Peer, ...] = Field(
        (Peer.model_construct(cidr=None, namespace="mlflow", port=5000),), description="The MLflow server."
    )
    registry: tuple[Peer, ...] = Field(
        (),
        description="The image registry, and what else scanning and signing ask: Trivy's vulnerability database,"
        " Sigstore's services if signing is keyless.",
    )
    packages: tuple[Peer, ...] = Field((), description="The package index that image builds install from.")
    git: tuple[Peer, ...] = Field((), description="The git server.")
    data: tuple[Peer, ...] = Field((), description="What training and steps of your own may reach besides.")
    serving: tuple[Peer, ...] = Field((), description="What serving pods may reach besides, such as a feature store.")
    gateway: Label = Field("gateways", description="Namespace of the gateway's pods.")
    monitoring: Label = Field("monitoring", description="Namespace of Prometheus.")


class ServiceAccounts(Block):
    """Identities of the pods."""

    annotations: dict[str, str] = Field({}, description="Annotations of service accounts, for workload identity.")


class Gpu(Block):
    """How GPUs are asked for."""

    resource: str = Field(
        "nvidia.com/gpu",
        pattern=r"^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$",
        examples=["nvidia.com/gpu"],
        description="The extended resource.",
    )
    tolerations: tuple[Toleration, ...] = Field((), description="Taints of nodes with GPUs.")


class Images(Block):
    """The tools that pipeline steps run; exact tags, with digests where they are known."""

    kaniko: Image = Field("ghcr.io/osscontainertools/kaniko:v1.28.3", description="Builds images.")
    trivy: Image = Field("ghcr.io/aquasecurity/trivy:0.74.0", description="Looks for vulnerabilities.")
    cosign: Image = Field("ghcr.io/sigstore/cosign/cosign:v3.1.2", description="Signs.")
    syft: Image = Field("ghcr.io/anchore/syft:v1.38.0", description="Makes bills of materials.")
    sklearn_server: Image = Field(
        "docker.io/seldonio/sklearnserver:1.17.1",
        description="Seldon's prepackaged scikit-learn server; one with the versions that train can load the model.",
    )
    python: Image = Field(
        "docker.io/library/python:3.11.14-slim-bookworm", description="What the images that serve are built on."
    )
    mlflow_server: Image = Field(
        "docker.io/seldonio/mlflowserver:1.17.1", description="Seldon's prepackaged MLflow server."
    )


class Policy(Block):
    """How strict the proofs are."""

    require_digests: Bool = Field(
        False, description="Whether an image without a digest is a problem instead of a warning."
    )


class PlatformSpec(Block):
    """The one file about the cluster."""

    api_version: Literal["mlops-charts/v1"] = Field("mlops-charts/v1", description="The version of this format.")
    kind: Literal["Platform"] = Field("Platform", description="What the file describes.")
    git: Git = Field(default_factory=Git, description="The repository.")
    argocd: ArgoCd = Field(default_factory=ArgoCd, description="Argo CD.")
    kubernetes: Kubernetes = Field(default_factory=Kubernetes, description="The cluster.")
    ingress: Ingress = Field(default_factory=Ingress, description="How traffic comes in.")
    pipeline: PlatformPipeline = Field(default_factory=PlatformPipeline, description="Where models are made.")
    environments: dict[ShortLabel, PlatformEnvironment] = Field(
        {
            "staging": PlatformEnvironment.model_construct(
                cluster=IN_CLUSTER, namespace="{model}-{environment}", freeze=()
            )
        },
        min_length=1,
        description="Where models are served; names of DNS labels of at most 20 characters.",
    )
    mlflow: Mlflow = Field(default_factory=Mlflow, description="The model registry.")
    storage: Storage = Field(default_factory=Storage, description="Artifacts.")
    registry: Registry = Field(default_factory=Registry, description="Images.")
    prometheus: Prometheus = Field(default_factory=Prometheus, description="Metrics.")
    secrets: Secrets = Field(default_factory=Secrets, description="Where secrets come from.")
    network: Network = Field(default_factory=Network, description="What pods may reach.")
    service_accounts: ServiceAccounts = Field(default_factory=ServiceAccounts, description="Identities of the pods.")
    quotas: dict[str, Quantity] = Field({}, description="Hard limits of a pipeline's namespace, as in a ResourceQuota.")
    gpu: Gpu = Field(default_factory=Gpu, description="How GPUs are asked for.")
    keda: Bool = Field(False, description="Whether KEDA is installed, for autoscaling by requests per second.")
    images: Images = Field(default_factory=Images, description="Tools of the pipeline.")
    policy: Policy = Field(default_factory=Policy, description="How strict the proofs are.")
