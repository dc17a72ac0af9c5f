"""The bundled data set keeps what SAMPLE.md promises, as far as a program can tell."""

import re
from collections import Counter, defaultdict
from functools import cache
from itertools import combinations

import pytest
from scipy.stats import spearmanr

from programs.tasks.loading import load_rows
from programs.tasks.tables import RawRow
from programs.tasks.task import load_task
from tests.tasks_sample.construction import CRITERIA, Construction, raw_rows, swap_pairs

COURTESY = re.compile(r"\b(thank|thanks|sorry|apolog\w+)\b", re.IGNORECASE)
VAGUE = re.compile(r"\b(soon|shortly|some ?day|some ?time|in due \w+|asap)\b", re.IGNORECASE)
WORD = re.compile(r"[\w'-]+")


@cache
def rows() -> tuple[RawRow, ...]:
    return tuple(raw_rows())


def ratings(criterion: str) -> list[int]:
    return [int(row[criterion]) for row in rows()]


def words(text: str) -> list[str]:
    return text.split()


def wrong(broken: list[RawRow]) -> list[str]:
    return [str(row["id"]) for row in broken]


def test_task_loads_its_own_data() -> None:
    task = load_task("sample")
    examples = load_rows(task)
    assert task.criterion_names == CRITERIA
    assert len(examples) == len(rows())
    assert {example.document_id for example in examples} == {row["source"] for row in rows()}
    assert {criterion.initial_rubric for criterion in task.criteria} == {"Rate from 1 to 5."}


def test_sixty_sources_with_five_replies_to_one_message_each() -> None:
    sources = defaultdict(list)
    for row in rows():
        sources[row["source"]].append(row)
    assert len(sources) == 60
    assert {len(replies) for replies in sources.values()} == {5}
    assert {len({row["message"] for row in replies}) for replies in sources.values()} == {1}
    assert len({row["message"] for row in rows()}) == 60
    assert len({row["sector"] for row in rows()}) >= 20


def test_every_text_is_under_sixty_words() -> None:
    assert wrong([row for row in rows() if len(words(f"{row['message']} {row['reply']}")) >= 60]) == []


def test_no_two_replies_are_alike() -> None:
    bags = [frozenset(WORD.findall(row["reply"].lower())) for row in rows()]
    assert max(len(one & other) / len(one | other) for one, other in combinations(bags, 2)) < 0.5


@pytest.mark.parametrize("criterion", CRITERIA)
def test_each_level_of_each_criterion_has_an_eighth_of_the_rows_or_more(criterion: str) -> None:
    shares = Counter(ratings(criterion))
    assert set(shares) == {1, 2, 3, 4, 5}
    assert min(shares.values()) >= len(rows()) / 8


@pytest.mark.parametrize(("one", "other"), list(combinations(CRITERIA, 2)))
def test_criteria_disagree(one: str, other: str) -> None:
    pairs = list(zip(ratings(one), ratings(other), strict=True))
    assert abs(spearmanr(*zip(*pairs, strict=True)).statistic) < 0.1
    assert sum(abs(first - second) >= 2 for first, second in pairs) > len(pairs) / 3


@pytest.mark.parametrize("criterion", CRITERIA)
def test_length_does_not_give_the_rating_away(criterion: str) -> None:
    lengths = [len(words(row["reply"])) for row in rows()]
    assert abs(spearmanr(lengths, ratings(criterion)).statistic) < 0.45


@pytest.mark.parametrize("criterion", CRITERIA)
def test_ratings_follow_from_what_was_done_to_the_text(criterion: str) -> None:
    expected = {row["id"]: Construction.read(row["how"]).rating(criterion) for row in rows()}
    assert expected == {row["id"]: int(row[criterion]) for row in rows()}


def test_everything_quoted_in_how_stands_in_the_reply() -> None:
    missing = [
        (row["id"], quote)
        for row in rows()
        for quote in Construction.read(row["how"]).quotes()
        if quote not in row["reply"]
    ]
    assert missing == []


def test_every_stated_mistake_stands_in_the_reply_once_reordered_clauses_are_put_back() -> None:
    for row in rows():
        construction, text = Construction.read(row["how"]), row["reply"]
        for clause in construction.reordered:
            text = text.replace(clause, swap_pairs(clause), 1)
        position = 0
        for before, after in construction.mistakes:
            found = text.lower().find(after.lower(), position)
            assert before != after and found >= 0, (row["id"], after)
            position = found + len(after)


def test_thanks_and_apologies_stand_in_the_replies_that_claim_them_and_in_no_others() -> None:
    claimed = {row["id"] for row in rows() if Construction.read(row["how"]).has("polite", "courtesy")}
    assert claimed == {row["id"] for row in rows() if COURTESY.search(row["reply"])}


def test_no_vague_time_counts_as_a_deadline() -> None:
    deadlines = [
        quote for row in rows() for quote in Construction.read(row["how"]).parts["actionable"].get("deadline", ())
    ]
    assert deadlines
    assert [quote for quote in deadlines if VAGUE.search(quote)] == []
