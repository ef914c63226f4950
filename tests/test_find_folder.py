"""Finding the repository around a path, and the source files of a model."""

from pathlib import Path

import pytest

from mlops_charts.loading import load_path
from mlops_charts.starter import minimal_model, platform_text, train_py
from mlops_charts.workspace import find_workspace, model_files, read_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two models and a platform."""
    for name in ("b", "a"):
        (tmp_path / "model" / name).mkdir(parents=True)
        (tmp_path / "model" / name / "model.yaml").touch()
    (tmp_path / "platform.yaml").touch()
    return tmp_path


@pytest.mark.parametrize("start", ["", "model", "model/a", "model/a/model.yaml", "model/a/../b", "model/new"])
def test_the_platform_is_found_by_walking_up(root: Path, start: str) -> None:
    """From every path of the repository, also one that is not there yet."""
    found = find_workspace(root / start)
    assert (root, root / "platform.yaml") == (found.root, found.platform)


def test_the_nearest_platform_counts(root: Path) -> None:
    """A repository within a repository is its own."""
    inner = root / "model/a"
    (inner / "platform.yaml").touch()
    assert inner == find_workspace(inner).root


def test_a_named_platform_leaves_the_root_where_it_is(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another platform.yaml is another cluster, not another place for charts/."""
    other = tmp_path_factory.mktemp("other") / "eu.yaml"
    other.touch()
    found = find_workspace(root / "model/a", other)
    assert (root, other) == (found.root, found.platform)


def test_without_a_platform_the_root_is_above_model_or_has_git(tmp_path: Path) -> None:
    """So that a first `validate` works."""
    (tmp_path / "x/model/a").mkdir(parents=True)
    assert tmp_path / "x" == find_workspace(tmp_path / "x/model/a").root
    (tmp_path / "y/.git").mkdir(parents=True)
    (tmp_path / "y/z").mkdir()
    assert tmp_path / "y" == find_workspace(tmp_path / "y/z").root
    assert find_workspace(tmp_path / "y/z").platform is None


def test_a_linked_model_belongs_to_the_repository_that_links_it(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its platform and its name are those of the link, not of the place it leads to."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "model.yaml").touch()
    (root / "model/c").symlink_to(elsewhere)
    found = find_workspace(root / "model/c")
    assert root == found.root
    assert found.relative(root / "model/c/model.yaml") == "model/c/model.yaml"
    assert [file.parent.name for file in model_files(found)] == ["a", "b", "c"]


def test_a_repository_can_be_reached_by_a_link(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names are the same whichever way one comes."""
    link = tmp_path_factory.mktemp("links") / "repository"
    link.symlink_to(root)
    found = find_workspace(link / "model/a")
    assert found.relative(root / "model/a/model.yaml") == "model/a/model.yaml"
    assert found.relative(link / "model/a/model.yaml") == "model/a/model.yaml"


def test_a_path_outside_keeps_its_name(root: Path) -> None:
    """A message must still lead to it."""
    assert find_workspace(root).relative(Path("/etc/model.yaml")) == "/etc/model.yaml"


def test_source_files_are_all_but_what_is_no_source(tmp_path: Path) -> None:
    """Documentation, notebooks, caches, hidden files and what was excluded do not travel."""
    names = [
        "train.py",
        "lib/a.py",
        "data.csv",
        "README.md",
        "x.ipynb",
        ".env",
        "model.yaml",
        "train.py~",
        "raw/big.csv",
    ]
    for name in [*names, "__pycache__/train.cpython-311.pyc", "mlruns/1/meta.yaml", "données.csv"]:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(name, "utf-8")
    found = read_folder(tmp_path, ["raw/*"])
    assert list(found.files) == ["data.csv", "données.csv", "lib/a.py", "train.py"]
    assert found.files["lib/a.py"] == b"lib/a.py"


def test_what_is_too_large_is_named_and_not_read(tmp_path: Path) -> None:
    """A data set that strayed into the folder costs no memory."""
    with (tmp_path / "big.csv").open("wb") as file:
        file.truncate(3 * 1024 * 1024)
    (tmp_path / "train.py").touch()
    found = read_folder(tmp_path)
    assert list(found.files) == ["train.py"]
    assert found.sizes["big.csv"] == 3 * 1024 * 1024


def test_no_link_leads_out_of_the_folder(tmp_path: Path) -> None:
    """A file from elsewhere on the machine never gets into a chart; a second name within the folder does no harm."""
    folder = tmp_path / "model/iris"
    (folder / "lib").mkdir(parents=True)
    (folder / "train.py").write_text("train")
    (tmp_path / "key.pem").write_text("secret")
    for name, target in (
        ("same.py", "train.py"),
        ("key.pem", "../../key.pem"),
        ("everything", "../.."),
        ("twice", "lib"),
        ("broken", "nowhere"),
        ("excluded.pem", "../../key.pem"),
        ("mlruns", "../.."),
        ("loop", "loop"),
    ):
        (folder / name).symlink_to(target)
    (folder / "lib/deep.pem").symlink_to(tmp_path / "key.pem")
    found = read_folder(folder, ["excluded.pem"])
    assert found.files == {"same.py": b"train", "train.py": b"train"}
    assert {
        "broken": "nowhere",
        "everything": "../..",
        "key.pem": "../../key.pem",
        "lib/deep.pem": str(tmp_path / "key.pem"),
        "loop": "loop",
        "twice": "lib",
    } == found.links


def test_a_folder_reached_by_a_link_is_the_folder_itself(tmp_path: Path) -> None:
    """What counts is where its files are, not how one came there."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/train.py").write_text("train")
    (tmp_path / "real/same.py").symlink_to("train.py")
    (tmp_path / "linked").symlink_to("real")
    assert read_folder(tmp_path / "linked").files == {"same.py": b"train", "train.py": b"train"}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("sklearn://iris", [("source-link", "key.pem"), ("source-too-large", "model.yaml")]),
        ("file://big.csv", [("source-link", "key.pem"), ("source-too-large", "model.yaml")]),
        ("file://key.pem", [("source-link", "key.pem"), ("source-too-large", "model.yaml")]),
    ],
)
def test_what_does_not_travel_is_told_once(root: Path, uri: str, expected: list[tuple[str, str]]) -> None:
    """A link and a file too large to be read are problems of their own, whether or not something names them."""
    folder = root / "model/a"
    (folder / "model.yaml").write_text(minimal_model("a").replace("sklearn://iris", uri))
    (folder / "train.py").write_text(train_py())
    (folder / "key.pem").symlink_to(root / "platform.yaml")
    with (folder / "big.csv").open("wb") as file:
        file.truncate(3 * 1024 * 1024)
    (root / "platform.yaml").write_text(platform_text())
    problems = load_path(folder).problems
    found = [(each.code, Path(each.position.file).name) for each in problems if each.position]
    assert expected == found


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """The rules say what is missing."""
    assert dict(read_folder(tmp_path / "none").files) == {}
