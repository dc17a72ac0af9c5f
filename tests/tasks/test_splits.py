"""Splits share no document, depend on the seed alone, and never take what the data fixed for another part."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import groupby

import dspy
import pytest

from programs.errors import UserError
from programs.tasks.loading import load_rows
from programs.tasks.sealed import half_of
from programs.tasks.splits import Sizes, Splits, data_hash, split_rows
from programs.tasks.task import Task, load_task
from tests.tasks.conftest import complaint


def row(row_id: str, document: str | None = None, split: str | None = None) -> dspy.Example:
    return dspy.Example(text=row_id, row_id=row_id, document_id=document, split=split).with_inputs("text")


def grouped(documents: int = 20, size: int = 6) -> list[dspy.Example]:
    return [row(f"d{d}-{k}", f"d{d}") for d in range(documents) for k in range(size)]


def ids(rows: Iterable[dspy.Example]) -> list[str]:
    return [each["row_id"] for each in rows]


def parts(splits: Splits) -> list[list[dspy.Example]]:
    return [splits.train, splits.validation, splits.test]


def documents(rows: Iterable[dspy.Example]) -> set[str]:
    return {each["document_id"] for each in rows}


@pytest.mark.parametrize("seed", range(5))
def test_parts_have_the_wanted_sizes_and_share_no_document(seed: int) -> None:
    train, validation, test = parts(split_rows(grouped(), Sizes(20, 15, 40), seed=seed))
    assert (len(train), len(validation), len(test)) == (20, 15, 40)
    assert not documents(train) & documents(validation)
    assert not documents(train) & documents(test)
    assert not documents(validation) & documents(test)


@pytest.mark.parametrize("by", ["document", "row"])
def test_no_row_is_drawn_twice_and_documents_stay_together(by: str) -> None:
    splits = split_rows(grouped(), Sizes(30, 20, 50), by=by, seed=1)
    drawn = [each for part in parts(splits) for each in ids(part)]
    assert len(drawn) == len(set(drawn)) == 100
    for part in parts(splits):
        runs = [document for document, _ in groupby(each["document_id"] for each in part)]
        assert len(runs) == len(set(runs))


def test_documents_stay_whole_but_the_last_of_a_part() -> None:
    for part in parts(split_rows(grouped(size=6), Sizes(20, 15, 40), seed=3)):
        sizes = Counter(each["document_id"] for each in part)
        assert sorted(sizes.values())[1:] == [6] * (len(sizes) - 1)
        assert sum(sizes.values()) == len(part)


def test_a_cut_document_loses_different_rows_in_different_draws() -> None:
    left = {
        tuple(sorted(each[-1] for each in ids(split_rows(grouped(), Sizes(3, 0, 6), seed=s).train))) for s in range(8)
    }
    assert len(left) > 1


def test_rows_without_documents_are_drawn_one_by_one() -> None:
    splits = split_rows([row(f"{k}") for k in range(30)], Sizes(10, 10, 10), seed=0)
    assert sorted(each for part in parts(splits) for each in ids(part)) == sorted(map(str, range(30)))


def test_by_row_mixes_documents_as_the_paper_did() -> None:
    splits = split_rows(grouped(), Sizes(40, 40, 40), by="row", seed=0)
    assert documents(splits.train) & documents(splits.test)


def test_the_same_seed_draws_the_same_rows_whatever_their_order() -> None:
    forward = split_rows(grouped(), Sizes(20, 15, 40), seed=7)
    backward = split_rows(grouped()[::-1], Sizes(20, 15, 40), seed=7)
    assert [ids(part) for part in parts(forward)] == [ids(part) for part in parts(backward)]


def test_another_seed_draws_other_rows() -> None:
    drawn = {tuple(ids(split_rows(grouped(), Sizes(20, 15, 40), seed=seed).test)) for seed in range(6)}
    assert len(drawn) == 6


def test_the_train_size_moves_neither_validation_nor_test() -> None:
    small, large = (split_rows(grouped(), Sizes(size, 15, 40), seed=2) for size in (5, 50))
    assert ids(small.test) == ids(large.test)
    assert ids(small.validation) == ids(large.validation)
    assert ids(large.train)[:5] == ids(small.train)


def fixed(train: int = 30, validation: int = 10, test: int = 20) -> list[dspy.Example]:
    sizes = {"train": train, "validation": validation, "test": test}
    return [row(f"{part}{k}", f"{part}-document{k // 3}", part) for part, size in sizes.items() for k in range(size)]


def test_a_fixed_split_is_kept_and_each_part_subsampled() -> None:
    splits = split_rows(fixed(), Sizes(12, 6, 15), seed=0)
    assert [Counter(each["split"] for each in part) for part in parts(splits)] == [
        {"train": 12}, {"validation": 6}, {"test": 15}
    ]  # fmt: skip


def test_a_fixed_validation_that_is_too_small_is_filled_from_unused_train_documents() -> None:
    splits = split_rows(fixed(), Sizes(9, 22, 20), seed=0)
    assert Counter(each["split"] for each in splits.validation) == {"validation": 10, "train": 12}
    assert not documents(splits.validation) & documents(splits.train)


def test_no_part_is_filled_from_a_part_that_it_may_not_see() -> None:
    assert complaint(lambda: split_rows(fixed(), Sizes(31, 0, 5))).startswith("--train-size: 31 rows wanted, 30 left")
    assert complaint(lambda: split_rows(fixed(), Sizes(1, 41, 5))).startswith("--val-size: 41 rows wanted, 40 left")
    assert complaint(lambda: split_rows(fixed(), Sizes(1, 0, 21))).startswith("--test-size: 21 rows wanted, 20 left")


def test_a_fixed_split_that_divides_a_document_is_refused_but_by_row() -> None:
    rows = [*fixed(), row("stray", "train-document0", "test")]
    assert "train-document0: is in test and train" in complaint(lambda: split_rows(rows, Sizes(9, 6, 9)))
    assert len(split_rows(rows, Sizes(9, 6, 9), by="row").test) == 9


def test_too_few_rows_name_what_there_is_and_the_flags_to_lower() -> None:
    message = complaint(lambda: split_rows(grouped(), Sizes(60, 20, 60), seed=0))
    # 10 documents of 6 for test, 4 for validation (20 of 24 rows): 6 of 20 documents are left
    assert message == (
        "--train-size: 60 rows wanted, 36 left (of 120, test takes 60, validation takes 20; documents stay whole);"
        " lower --train-size to 36 or --test-size or --val-size"
    )
    assert len(split_rows(grouped(), Sizes(36, 20, 60), seed=0).train) == 36


def test_a_missing_fixed_part_is_named() -> None:
    assert "must say test" in complaint(lambda: split_rows(fixed(test=0), Sizes(9, 6, 9)))


@pytest.mark.parametrize(
    ("sizes", "flag"), [((0, 5, 5), "--train-size"), ((5, -1, 5), "--val-size"), ((5, 5, 0), "--test-size")]
)
def test_sizes_that_make_no_sense_are_refused(sizes: tuple[int, int, int], flag: str) -> None:
    assert complaint(lambda: Sizes(*sizes)).startswith(flag)


def test_validation_may_be_empty() -> None:
    assert split_rows(grouped(), Sizes(5, 0, 5)).validation == []


def test_an_unknown_way_to_split_is_refused() -> None:
    assert "--split-by" in complaint(lambda: split_rows(grouped(), Sizes(5, 5, 5), by="text"))


def test_the_hash_is_of_the_content_and_not_of_the_order() -> None:
    rows = grouped()
    changed = [rows[0].copy(text="other"), *rows[1:]]
    assert data_hash(rows) == data_hash(rows[::-1])
    assert len({data_hash(rows), data_hash(changed), data_hash(rows[1:])}) == 3


def test_the_papers_sizes_fit_summeval_by_document(shared_data: Callable[[str], str]) -> None:
    rows = load_rows(load_task("summeval"), shared_data("summeval.jsonl"))
    splits = split_rows(rows, Sizes(160, 100, 480), seed=0)
    assert [len(documents(part)) for part in parts(splits)] == [10, 7, 30]


def test_brighter_validates_on_dev_first_and_never_on_test(shared_data: Callable[[str], str]) -> None:
    rows = load_rows(load_task("brighter"), shared_data("brighter_eng.jsonl"))
    splits = split_rows(rows, Sizes(160, 200, 480), seed=0)
    assert Counter(each["split"] for each in splits.validation) == {"validation": 115, "train": 85}
    assert {each["split"] for each in splits.train} == {"train"}
    assert {each["split"] for each in splits.test} == {"test"}


def test_one_document_cannot_be_split_and_the_remedy_says_so() -> None:
    with pytest.raises(UserError, match="--split-by row, or another --group"):
        split_rows(grouped(documents=1, size=60), Sizes(20, 10, 20))


def sealing(task: Task, share: float = 0.5, split: tuple[str, ...] = ()) -> Task:
    return replace(task, sealed=share, split=split)


def test_sealed_rows_are_whole_documents_that_neither_seed_nor_order_moves(task: Task) -> None:
    rows = grouped(200, 2)
    own = sealing(task)
    development, confirmation = (half_of(rows, own, half) for half in ("development", "confirmation"))
    assert not documents(development) & documents(confirmation)
    assert Counter(ids([*development, *confirmation])) == Counter(ids(rows))
    assert 70 < len(documents(confirmation)) < 130
    assert ids(half_of(rows[::-1], own, "confirmation")) == ids(confirmation)
    assert [name for name, _ in groupby(confirmation, key=lambda row: row["document_id"])] == list(
        dict.fromkeys(row["document_id"] for row in confirmation)
    )
    assert documents(half_of(rows, sealing(task, 0.2), "confirmation")) < documents(confirmation)
    assert half_of(rows, own, "all") == half_of(rows, task, "development") == rows
    assert "seals no rows" in complaint(lambda: half_of(rows, task, "confirmation"))


def test_only_the_data_s_own_test_rows_are_sealed(task: Task) -> None:
    rows = [row(f"r{k}", split=part) for k, part in enumerate(("train", "validation", "test") * 40)]
    own = sealing(task, split=("split",))
    assert {each["split"] for each in half_of(rows, own, "confirmation")} == {"test"}
    assert (
        half_of([row("r1"), row("r2")], own, "confirmation") == []
    )  # other data, with no split, are not its test rows


def test_brighter_s_confirmation_half_is_what_it_was_when_it_was_sealed() -> None:
    """Another salt or hash would be another draw."""
    task = load_task("brighter")
    rows = [row(f"eng_test_track_b_{k:05}", split="test") for k in range(1, 41)]
    sealed = [int(each.rpartition("_")[2]) for each in ids(half_of(rows, task, "confirmation"))]
    assert sealed == [15, 8, 38, 31, 39, 6, 30, 7, 36, 23, 18, 13, 19, 32, 20, 37, 4, 16, 34]
