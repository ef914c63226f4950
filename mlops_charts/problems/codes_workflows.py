"""Codes of what the proofs over Argo Workflows find."""

from typing import Final

from mlops_charts.problems.define import Entry, code

TABLE: Final[tuple[Entry, ...]] = (
    code(
        "workflow-unknown-template",
        title="A template that does not exist",
        why="Argo refuses the workflow at submission, when Argo CD has long called the commit synced.",
        fix="Name a template of the same workflow, or a rendered WorkflowTemplate and one of its templates.",
        example="tasks: [{name: train, template: trian}]",
    ),
    code(
        "workflow-undeclared-argument",
        title="An argument that nobody declares",
        why="It is dropped in silence, or refused, depending on how the template is referenced.",
        fix="Declare it under inputs of the template, or take it away.",
        example="arguments: {parameters: [{name: sed, value: 0}]} for a template with the input seed",
    ),
    code(
        "workflow-missing-argument",
        title="A required input that is not given",
        why="The step fails before its pod starts.",
        fix="Give it under arguments, or declare a default.",
        example="inputs: {parameters: [{name: seed}]} called without arguments",
    ),
    code(
        "workflow-unresolved-reference",
        title="A reference to nothing",
        why="Argo refuses the workflow, or hands the text with its braces to the program.",
        fix="Name a declared input, output, parameter, or task.",
        example="value: '{{tasks.train.outputs.parameters.digset}}'",
    ),
    code(
        "workflow-not-an-ancestor",
        title="An output that is read before it is there",
        why="The task does not wait for the one whose output it reads.",
        fix="Add the producer to the dependencies of the reader.",
        example="{name: deploy, arguments: {... '{{tasks.build.outputs.parameters.image}}'}} without dependencies",
    ),
    code(
        "workflow-skipped-output",
        title="An output that may be missing",
        why="A task with a condition may be skipped; whoever reads its output then fails.",
        fix="Give the output valueFrom.default, or make the reader's artifact optional.",
        example="{name: build, when: ...} whose output image has no default and is read by deploy",
    ),
    code(
        "workflow-dependency",
        title="A dependency on no task, or two tasks of one name",
        why="Argo refuses the workflow.",
        fix="Name a task of the same DAG.",
        example="dependencies: [trian]",
    ),
    code(
        "workflow-cycle",
        title="Tasks that wait for each other",
        why="None of them ever starts.",
        fix="Drop one of the dependencies.",
        example="a waits for b, b waits for a",
    ),
    code(
        "workflow-removed-field",
        title="A field that Argo Workflows 4 has removed",
        why="It is ignored, so the schedule or the mutex that it meant is not there.",
        fix="Write schedules, mutexes, semaphores: lists all.",
        example="kind: CronWorkflow, spec: {schedule: 0 3 * * 1}",
    ),
    code(
        "workflow-not-reference-only",
        title="More than arguments beside workflowTemplateRef",
        why="A controller that is set to Strict or Secure refuses the Workflow.",
        fix="Put it into the WorkflowTemplate.",
        example="spec: {workflowTemplateRef: {name: iris}, serviceAccountName: train}",
    ),
    code(
        "workflow-generate-name",
        title="generateName in git",
        why="Argo CD would create another object at every sync.",
        fix="Name the object after the digest of what it runs.",
        example="metadata: {generateName: iris-}",
    ),
    code(
        "workflow-ttl",
        title="A Workflow that is deleted and run again",
        why="Self-heal creates again what a TTL has deleted, so the training would run for ever.",
        fix="Set ttlStrategy.secondsAfterCompletion to ten years in the WorkflowTemplate.",
        example="ttlStrategy: {secondsAfterCompletion: 3600}",
    ),
    code(
        "workflow-mutex",
        title="Two runs may overlap",
        why="A scheduled run and one from a commit would train and release the same model at once.",
        fix="Set synchronization.mutexes in the WorkflowTemplate.",
        example="kind: WorkflowTemplate without synchronization",
    ),
    code(
        "workflow-timeout",
        title="A time limit in the wrong place, or none",
        why="A limit on the workflow counts the wait for its mutex; a step without one may hang for ever.",
        fix="Set activeDeadlineSeconds on each template that runs a pod, not on the workflow.",
        example="kind: WorkflowTemplate, spec: {activeDeadlineSeconds: 7200}",
    ),
    code(
        "workflow-command",
        title="A container without command",
        why="The controller must then ask the registry for the image's entrypoint, which fails where it is private.",
        fix="Write command.",
        example="container: {image: ghcr.io/acme/runtime:1.0.0, args: [train]}",
    ),
    code(
        "workflow-pod-spec-patch",
        title="A podSpecPatch that does not parse",
        why="The step fails when its pod is made, and only then.",
        fix="Write JSON or YAML of a pod's spec around the tags.",
        example="podSpecPatch: '{\"containers\":[{]}'",
    ),
    code(
        "workflow-artifact-key",
        title="An artifact key that repeats",
        why="Names of workflows and pods come back after a revert; the new run would read the old run's files.",
        fix="Put {{workflow.uid}} into s3.key.",
        example="s3: {key: 'iris/model.tgz'}",
    ),
    code(
        "workflow-executor-role",
        title="A step that cannot report its result",
        why="Argo's executor writes workflowtaskresults with the step's own account.",
        fix="Bind a Role with create and patch on workflowtaskresults.",
        example="a RoleBinding to a Role with get on configmaps alone",
    ),
)
