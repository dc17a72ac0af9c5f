"""Hub data sets are read by the `datasets` library; what it cannot have is one line."""

from pathlib import Path
from typing import Any

import pytest

from programs.tasks.describe import task_from_flags
from programs.tasks.fields import DataReference
from programs.tasks.hub import read_hub
from programs.tasks.loading import load_rows
from programs.tasks.source import data_reference
from programs.tasks.task import Task, load_task
from tests.tasks.conftest import complaint


@pytest.fixture
def datasets() -> Any:
    """The library: here, since its import takes three seconds that nobody else must wait for."""
    import datasets

    return datasets


@pytest.fixture
def repository(datasets: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder laid out as a hub data set with splits train and test, which `datasets` loads without a network."""
    import pyarrow
    import pyarrow.parquet

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    (tmp_path / "set" / "data").mkdir(parents=True)
    for split, texts in (("train", ["a", "b"]), ("test", ["c"])):
        table = pyarrow.Table.from_pylist([{"text": text, "helpful": [1, 2]} for text in texts])
        pyarrow.parquet.write_table(table, tmp_path / "set" / "data" / f"{split}-00000-of-00001.parquet")
    return str(tmp_path / "set")


def test_all_splits_are_read_and_named(repository: str) -> None:
    rows = read_hub(DataReference(hub=repository))
    assert [(row["split"], row["text"], row["helpful"]) for row in rows] == [
        ("train", "a", [1, 2]), ("train", "b", [1, 2]), ("test", "c", [1, 2])
    ]  # fmt: skip


def test_named_splits_are_read_alone_and_a_missing_one_is_refused(repository: str) -> None:
    assert [row["text"] for row in read_hub(DataReference(hub=repository, splits=("test",)))] == ["c"]
    assert "no split 'dev' (it has train, test)" in complaint(
        lambda: read_hub(DataReference(hub=repository, splits=("dev",)))
    )


def test_without_data_the_tasks_hub_data_set_is_loaded(datasets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []
    row = {"id": "x", "text": "t", "anger": 0, "fear": 1, "joy": 2, "sadness": 3, "surprise": 0}

    def load_dataset(name: str, config: str | None) -> Any:
        asked.append((name, config))
        return datasets.DatasetDict(
            {split: datasets.Dataset.from_list([row | {"id": split}]) for split in ("train", "dev", "test")}
        )

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    rows = load_rows(load_task("brighter"))
    assert asked == [("brighter-dataset/BRIGHTER-emotion-intensities", "eng")]
    assert [row["split"] for row in rows] == ["train", "validation", "test"]


@pytest.mark.parametrize(
    "failure", [ConnectionError("Couldn't reach it\non the Hub"), ValueError("no config"), "the library's own"]
)
def test_a_data_set_that_cannot_be_had_is_one_line_with_the_remedy(
    failure: Exception | str, datasets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_dataset(name: str, config: str | None) -> None:
        raise failure if isinstance(failure, Exception) else datasets.exceptions.DatasetsError()

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    message = complaint(lambda: load_rows(load_task("summeval")))
    assert message.startswith("hub data set mteb/summeval: ")
    assert "--data FILE" in message


def test_data_names_a_file_a_hub_data_set_or_neither(tmp_path: Path) -> None:
    task: Task = load_task("brighter")
    assert data_reference(task, "org/rows.csv") == DataReference(file="org/rows.csv")
    assert data_reference(task, "org/set") == DataReference(hub="org/set")
    assert data_reference(task, "org/set:deu") == DataReference(hub="org/set", config="deu")
    own = "brighter-dataset/BRIGHTER-emotion-intensities"
    assert data_reference(task, own) == task.data
    assert data_reference(task, f"{own}:deu") == DataReference(hub=own, config="deu", splits=("train", "dev", "test"))
    assert "org/name" in complaint(lambda: data_reference(task, "rows"))
    assert "--data" in complaint(lambda: data_reference(task_from_flags("text", "helpful:1-5"), None))
    (tmp_path / "rows").touch()
    assert data_reference(task, str(tmp_path / "rows")) == DataReference(file=str(tmp_path / "rows"))
