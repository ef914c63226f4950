"""Codes of what the types of model.yaml and platform.yaml refuse."""

from typing import Final

from mlops_charts.problems.define import Entry, code

TABLE: Final[tuple[Entry, ...]] = (
    code(
        "unknown-field",
        title="A key is not known",
        why="A key that nothing reads would silently change nothing; most are misspelt.",
        fix=(
            "Use the key that is suggested, or one of the list; `mlops-charts explain FIELD` tells what a block "
            "accepts."
        ),
        example="serving: {replcas: 3}",
    ),
    code(
        "missing-field",
        title="A required key is missing",
        why="There is no default that would be right for every model.",
        fix="Add the key.",
        example="training: {}",
    ),
    code(
        "wrong-type",
        title="A value is of the wrong kind",
        why="A text is no number and a list is no mapping; guessing what was meant hides mistakes.",
        fix="Write the value in the form that the message asks for; quotes make a text, their absence a number.",
        example='serving: {replicas: "2"}',
    ),
    code(
        "out-of-range",
        title="A number is too small or too large",
        why="Outside of this range the field has no meaning.",
        fix="Choose a number within the range.",
        example="serving: {replicas: 0}",
    ),
    code(
        "not-a-choice",
        title="A word is none of the choices",
        why="The field has a closed set of meanings.",
        fix="Use one of the words in the note.",
        example="release: {strategy: canry}",
    ),
    code(
        "bad-format",
        title="A text is not written as the field needs it",
        why="Names, addresses and paths end up in objects whose forms are fixed.",
        fix="Write it like the example in the note.",
        example='training: {data: {uri: "skleran://iris"}}',
    ),
    code(
        "too-short",
        title="A text or list has too little in it",
        why="An empty name names nothing, and an empty list decides nothing.",
        fix="Add what is missing, or leave the field out to get its default.",
        example="release: {steps: []}",
    ),
    code(
        "too-long",
        title="A text or list has too much in it",
        why="What is longer does not fit where it is used.",
        fix="Shorten it.",
        example="metadata: {description: ...more than 500 characters...}",
    ),
    code(
        "bad-quantity",
        title="A text is no Kubernetes quantity",
        why="Processor and memory are written as Kubernetes writes them.",
        fix="Write a number with a unit: 500m, 2, 512Mi, 1.5Gi.",
        example="serving: {resources: {memory: 512MB}}",
    ),
    code(
        "bad-duration",
        title="A text is no duration",
        why="A number alone does not say whether it means seconds or minutes.",
        fix="Write numbers with the units ms, s, m or h: 2ms, 90s, 5m, 1h30m.",
        example="serving: {timeout: 5}",
    ),
    code(
        "bad-cron",
        title="A text is no cron line",
        why="A schedule that cannot be read never comes.",
        fix="Write five fields: minute, hour, day of month, month, day of week.",
        example='training: {schedule: "0 25 * * *"}',
    ),
    code(
        "bad-name",
        title="A name has the wrong form",
        why=(
            "Names of models and environments become parts of DNS names, which allow few characters; names of "
            "variables and Secrets have rules of their own."
        ),
        fix="Follow the note: most names are lower-case letters, digits and hyphens.",
        example="metadata: {name: Iris_Model}",
    ),
    code(
        "bad-image",
        title="A text is no image reference",
        why="An image that cannot be named cannot be pulled.",
        fix="Write registry/name:tag.",
        example='training: {image: "Ghcr.io/acme/train:1"}',
    ),
    code(
        "image-not-pinned",
        title="An image has no exact tag",
        why="A tag that moves, such as latest, makes two runs of one commit differ.",
        fix="Write an exact tag, and the digest where it is known.",
        example="training: {image: ghcr.io/acme/train:latest}",
    ),
    code(
        "bad-entrypoint",
        title="A text is no entrypoint",
        why="An entrypoint names a file of the model's folder and a function or class in it.",
        fix="Write FILE.py:NAME.",
        example="training: {entrypoint: train}",
    ),
    code(
        "bad-timestamp",
        title="A text is no moment",
        why="A time without a zone means another moment on every machine.",
        fix="Write ISO 8601 with a zone, in quotes.",
        example='freeze: [{from: "2026-12-20", to: "2027-01-03"}]',
    ),
    code(
        "bad-time-zone",
        title="A text is no time zone",
        why="Schedules are kept in a zone of the IANA data base.",
        fix="Write a name such as Europe/Berlin or UTC.",
        example="kubernetes: {timeZone: Berlin}",
    ),
    code(
        "bad-git-url",
        title="A text is no address of a git repository",
        why="Argo CD and the release commands fetch from it.",
        fix="Write https://HOST/PATH.git or git@HOST:PATH.git.",
        example="git: {url: models}",
    ),
    code(
        "bad-url",
        title="A text is no URL",
        why="Programs connect to it.",
        fix="Write http:// or https:// and a host.",
        example="mlflow: {trackingUri: mlflow:5000}",
    ),
)
