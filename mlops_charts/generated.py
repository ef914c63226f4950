"""Files of this project that are made from its code: the schemas and five pages of the documentation.

`python -m mlops_charts.generated` writes them, `--check` exits 1 if one is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from mlops_charts.capacity.measured import capacity_schema
from mlops_charts.explain import problems_markdown, reference_markdown
from mlops_charts.local.fields import table
from mlops_charts.release.describing import transitions_markdown
from mlops_charts.spec.schema import schema_text
from mlops_charts.step_reference import steps_markdown, steps_schema
from mlops_charts.tree import Tree
from mlops_charts.workspace import changes_of, write_tree

_FIELDS: Final = """# Every field of a Workflow

What `mlops-charts run` does with it: executed, irrelevant on one machine, or refused. A Workflow with a field that is
refused, or that is in no table, does not begin, and a line names the field and its path. `mlops-charts run --fields`
prints these tables; this page is made from the code.
"""


def files() -> Tree:
    """Return the generated files by path from the project's root."""
    return Tree(
        {
            "mlops_charts/schemas/model.schema.json": schema_text("model"),
            "mlops_charts/schemas/capacity.schema.json": capacity_schema(),
            "mlops_charts/schemas/platform.schema.json": schema_text("platform"),
            "docs/spec.md": reference_markdown(),
            "docs/problems.md": problems_markdown(),
            "docs/steps.md": steps_markdown(),
            "docs/transitions.md": transitions_markdown(),
            "docs/workflow-fields.md": f"{_FIELDS}\n{table()}\n",
            "mlops_charts/schemas/steps.schema.json": steps_schema(),
        }
    )


def main(arguments: list[str], root: Path) -> int:
    """Write the files, or with `--check` say which are stale; return an exit status."""
    changes = changes_of(files(), root) if "--check" in arguments else write_tree(files(), root)
    verb = "stale" if "--check" in arguments else "wrote"
    for name in (*changes.added, *changes.changed):
        sys.stdout.write(f"{verb} {name}\n")
    return 1 if "--check" in arguments and changes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
