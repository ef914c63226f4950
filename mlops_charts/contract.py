"""What two worlds must agree on, as constants and what follows from them: metrics, file names, steps, ports.

Every room may import this; it imports nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# --- the folder of a saved model ---
MODEL_ONNX: Final = "model.onnx"
MODEL_SKOPS: Final = "model.skops"
MODEL_PICKLE: Final = "model.pkl"
MODEL_JOBLIB: Final = "model.joblib"  # beside one of the others, for Seldon's prepackaged scikit-learn server alone
MODEL_CODE_FOLDER: Final = "code"  # the model's source files, where serving.entrypoint names one of them
SIGNATURE: Final = "signature.json"
EXAMPLE: Final = "example.json"
PROFILE: Final = "profile.json"

# --- the server's metrics ---
# Every series carries the labels of IDENTITY_LABELS; the others stand beside the name.
IDENTITY_LABELS: Final = ("model", "slot", "version")
REQUESTS: Final = "mlops_server_requests_total"  # code
REQUEST_DURATION: Final = "mlops_server_request_duration_seconds"  # histogram, LATENCY_BUCKETS
IN_FLIGHT: Final = "mlops_server_requests_in_flight"
BATCH_SIZE: Final = "mlops_server_batch_rows"  # histogram, BATCH_BUCKETS
PREDICTIONS: Final = "mlops_server_predictions_total"  # value: a class, or the upper bound of a bucket
FEATURE_DRIFT: Final = "mlops_server_feature_drift_psi"  # feature
PREDICTION_DRIFT: Final = "mlops_server_prediction_drift_psi"
FEEDBACK: Final = "mlops_server_feedback_total"
REWARD: Final = "mlops_server_reward_total"
LOGGED: Final = "mlops_server_request_log_records_total"  # outcome: written or dropped; where requests are kept
MODEL_INFO: Final = "mlops_server_model_info"  # code_digest, data_digest, run_id; always 1

# Fifty buckets from 1 ms to 1 s, each 10^(3/50) = 1.148 times the one before, so that a ratio of 1.2 can be seen.
LATENCY_BUCKETS: Final = (0.00025, 0.0005, *(round(0.001 * 10 ** (3 * i / 50), 6) for i in range(51)), 2.5, 5.0, 10.0)
BATCH_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

# --- metrics of Seldon's executor (labels deployment_name, predictor_name, predictor_version, code) ---
EXECUTOR_DURATION: Final = "seldon_api_executor_server_requests_seconds"
EXECUTOR_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

# --- metrics of the pipeline, declared in the WorkflowTemplate and emitted by Argo's controller ---
PIPELINE_RUNS: Final = "mlops_pipeline_runs_total"  # model, status; Argo puts argo_workflows_ before it
PIPELINE_SECONDS: Final = "mlops_pipeline_duration_seconds"
ARGO_PREFIX: Final = "argo_workflows_"

# --- labels of pods ---
SLOT_LABEL: Final = "mlops-charts/slot"

# --- ports and paths of the server ---
HTTP_PORT: Final = 9000
GRPC_PORT: Final = 9500
METRICS_PORT: Final = 6000
EXECUTOR_HTTP_PORT: Final = 8000
EXECUTOR_GRPC_PORT: Final = 5001
READY_PATH: Final = "/v2/health/ready"
LIVE_PATH: Final = "/v2/health/live"

# --- images ---
USER_ID: Final = 65532  # of the user that every image of ours runs as, and of its group

# --- what serves ---
PREPACKAGED: Final = frozenset({"sklearn", "mlflow"})  # runtimes of Seldon's own, which load the model from the storage
# Variables by which an image says what its server may load; model.yaml decides, never the model's folder.
SERVED_CODE: Final = "MLOPS_CHARTS_CODE_DIGEST"  # variables of an image, for the labels of MODEL_INFO
SERVED_DATA: Final = "MLOPS_CHARTS_DATA_DIGEST"
SERVED_RUN: Final = "MLOPS_CHARTS_RUN_ID"
TRUSTED_TYPES: Final = "MLOPS_CHARTS_TRUSTED_TYPES"
ALLOW_PICKLE: Final = "MLOPS_CHARTS_ALLOW_PICKLE"

# --- metrics that a version is judged by before release ---
TASK_METRICS: Final[dict[str, tuple[str, ...]]] = {
    "classification": (
        "accuracy", "balancedAccuracy", "precision", "recall", "specificity", "f1", "rocAuc", "logLoss", "brier",
        "latencyP99Seconds",
    ),
    "regression": ("mae", "rmse", "mape", "r2", "medianAbsoluteError", "maxError", "latencyP99Seconds"),
    "ranking": ("ndcg", "map", "mrr", "hitRate", "latencyP99Seconds"),
    "custom": ("latencyP99Seconds",),
}  # fmt: skip
CLASS_METRICS: Final = ("precision", "recall", "specificity", "f1", "rocAuc")  # those that may be taken of one class


# --- the steps of the pipeline ---
@dataclass(frozen=True, slots=True)
class StepContract:
    """What a step reads and writes, by the names that stand in the Workflow and on its command line.

    A parameter is a file `<outputs>/<name>`; an artifact is a folder `<inputs>/<name>` or `<outputs>/<name>`.

    Attributes:
        parameters_in: Those that are flags of the step.
        artifacts_in: Those that it reads, where they are there.
        parameters_out: Those that it writes, always.
        artifacts_out: Those that it writes.
    """

    parameters_in: tuple[str, ...] = ()
    artifacts_in: tuple[str, ...] = ()
    parameters_out: tuple[str, ...] = ()
    artifacts_out: tuple[str, ...] = ()


# Every step is told the code digest of its run: the spec is that of the newest commit, which may be another meanwhile.
# A run goes on from where an earlier one stopped: the model then comes from its MLflow run, not as an artifact, so each
# artifact but `source` may be missing. `run-id` is of the run that guard found or opened; trials are its children.
TRIGGERS: Final = ("commit", "schedule", "drift")  # what starts a run
ACTIONS: Final = ("train", "resume", "release", "nothing")  # what guard decides
RESUME_FROM: Final = ("none", "validate", "version", "monitor", "build", "deploy")  # other than none where it is resume

# Guard writes one parameter a stage, run-<stage>, "true" or "false", and each step asks for that of its stage alone.
# `train` includes the search and its trials; `build` the image, its scan, SBOM, signature and provenance.
STAGES: Final = ("environment", "train", "validate", "version", "monitor", "build", "deploy")
# What runs, by action and resume-from. Behind validation a version is always looked up again, so that whatever
# follows reads it from one place.
RUNS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("train", "none"): ("train", "validate", "version", "monitor", "build", "deploy"),
    ("resume", "validate"): ("validate", "version", "monitor", "build", "deploy"),
    ("resume", "version"): ("version", "monitor", "build", "deploy"),
    ("resume", "monitor"): ("version", "monitor", "build", "deploy"),
    ("resume", "build"): ("version", "build", "deploy"),
    ("resume", "deploy"): ("deploy",),
    ("release", "none"): ("deploy",),
    ("nothing", "none"): (),
}
MODEL_CODE: Final = frozenset({"train", "validate", "monitor", "build"})  # stages that run in the training image


def stages(action: str, resume_from: str = "none", *, image_missing: bool = False) -> dict[str, bool]:
    """Return for each stage whether it runs.

    Args:
        action: One of ACTIONS.
        resume_from: One of RESUME_FROM; none unless the action is resume.
        image_missing: Whether the model has requirements of its own and the registry does not hold their image yet;
            it is then built ahead of the first stage that runs in it.

    Raises:
        KeyError: The two do not go together.
    """
    running = set(RUNS[action, resume_from])
    if image_missing and running & MODEL_CODE:
        running.add("environment")
    return {stage: stage in running for stage in STAGES}


STEPS: Final[dict[str, StepContract]] = {
    "guard": StepContract(  # finds the source files in <inputs>/source and hands them on as an artifact
        ("trigger", "code-digest", "git-commit"),
        (),
        ("action", *(f"run-{stage}" for stage in STAGES), "data-digest", "run-id", "version", "git-commit"),
        ("source", "environment-context"),
    ),
    "trial": StepContract(("index", "code-digest", "data-digest", "run-id"), ("source",)),
    "search": StepContract(("code-digest", "data-digest", "run-id"), ("source",), (), ("params",)),
    "train": StepContract(("code-digest", "data-digest", "run-id", "git-commit"), ("source", "params"), (), ("model",)),
    "validate": StepContract(("code-digest", "data-digest", "run-id"), ("source", "model"), (), ("report",)),
    "version": StepContract(  # also where a run goes on behind it: it then finds the version that the run has
        ("code-digest", "data-digest", "run-id", "git-commit"), ("source", "model"), ("version",)
    ),
    "monitor": StepContract(("code-digest", "data-digest", "run-id", "version"), ("source", "model"), (), ("profile",)),
    "build": StepContract(
        ("run-id", "version", "code-digest", "data-digest"),
        ("source", "model", "profile"),
        ("image",),
        ("context", "predicate"),
    ),
    "deploy": StepContract(  # known-version is the one that guard found; it counts where version is empty
        ("action", "version", "known-version", "run-id", "code-digest", "data-digest", "image", "image-digest"),
        ("source",),
    ),
}
MEANINGS: Final[dict[str, str]] = {  # of parameters and artifacts
    "trigger": "What started the run: commit, schedule or drift.",
    "code-digest": "SHA-256 of all that decides what training makes, in hexadecimal.",
    "data-digest": "SHA-256 of the rows, in hexadecimal.",
    "git-commit": "The commit that brought the change.",
    "run-id": "The MLflow run.",
    "index": "The number of the trial, from 0.",
    "version": "The semantic version.",
    "known-version": "The version that guard found; it counts where version is empty.",
    "action": "What guard decided: train, resume, release or nothing.",
    "image": "The image that serves, by its tag.",
    "image-digest": "The digest of that image; empty where none was built.",
    "source": "The model's source files.",
    "environment-context": "What the environment image is built from; missing where it exists, or none is needed.",
    "params": "params.json, the parameters that the search found best.",
    "model": "The folder of the saved model.",
    "report": "report.json and report.html of the validation.",
    "profile": "profile.json, the reference for drift.",
    "context": "What the image that serves is built from.",
    "predicate": "The SLSA provenance of the image.",
    **{f"run-{stage}": f"Whether the stage {stage} runs, true or false." for stage in STAGES},
}

# --- what a run of the pipeline leaves in MLflow ---
# Tags of the run and, but for the stage, of the version that comes of it. All values are text.
TAG_MODEL: Final = "mlops.model"
TAG_CODE: Final = "mlops.code-digest"
TAG_DATA: Final = "mlops.data-digest"
TAG_COMMIT: Final = "mlops.git-commit"
TAG_TRIGGER: Final = "mlops.trigger"
TAG_VERSION: Final = "mlops.version"  # semantic; the registry's own version is a counter
TAG_IMAGE: Final = "mlops.image"
TAG_IMAGE_DIGEST: Final = "mlops.image-digest"
TAG_STAGE: Final = "mlops.stage"
# How far a run has come; each is written last by the step that reaches it, so that a step killed half-way runs again.
PROGRESS: Final = ("opened", "trained", "validated", "versioned", "monitored", "built", "deployed")
ALIAS_CHALLENGER: Final = "challenger"
ALIAS_CHAMPION: Final = "champion"
MODEL_ARTIFACTS: Final = "model"  # folders of the run's artifacts
REPORT_ARTIFACTS: Final = "report"
PROFILE_ARTIFACTS: Final = "profile"

# --- exit statuses of a step ---
DONE, REFUSED, USAGE, FAILED, OUT_OF_MEMORY = 0, 1, 2, 3, 137
RESULT: Final = "result.json"  # in the outputs of every step, with a schema of its own

REPORT_JSON: Final = "report.json"  # in the artifact report
REPORT_PAGE: Final = "report.html"
PROVENANCE: Final = "provenance.json"  # in the artifact predicate
SBOM: Final = "sbom.cdx.json"  # in the artifact sbom
LOCAL: Final = "MLOPS_CHARTS_LOCAL"  # 1 on a laptop, where images are pushed nowhere
# Variables that tell a step where credentials lie (folders with a Secret's keys as files) and what to push metrics to.
GIT_CREDENTIALS: Final = "GIT_CREDENTIALS_DIR"
GIT_SIGNING_KEY: Final = "GIT_SIGNING_KEY_DIR"
PUSHGATEWAY: Final = "PUSHGATEWAY_URL"
