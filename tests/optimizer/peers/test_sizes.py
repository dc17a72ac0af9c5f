"""How large a peer's search may be: never beyond its calls, and one clear line where nothing fits."""

from itertools import product

import pytest

from programs.errors import UserError
from programs.optimizer.peers.sizes import Room, copro_search, gepa_search, mipro_search, recommended_trials

SIZES = {"gepa": gepa_search, "miprov2": mipro_search, "copro": copro_search}


@pytest.mark.parametrize("name", SIZES)
def test_no_search_is_larger_than_its_room(name: str) -> None:
    fitted = 0
    for calls, criteria, train, choice in product((10, 60, 98, 400, 1750), (1, 2, 5), (1, 4, 60, 160), (2, 20, 100)):
        try:
            search = SIZES[name](Room(calls, criteria, train, choice))
        except UserError as error:
            assert "raise --steps" in str(error)
            continue
        fitted += 1
        assert sum(search.shares.values()) <= calls
        assert min(search.shares.values()) >= 1
        assert search.options.get("choice_rows", 1) <= choice
        assert search.options.get("train_rows", 1) <= train
        assert search.options.get("fitting", 1) >= 1
    assert fitted > 50


@pytest.mark.parametrize("name", SIZES)
def test_what_is_said_to_be_enough_is_enough(name: str) -> None:
    for criteria, choice in product((1, 4), (12, 100)):
        with pytest.raises(UserError) as refused:
            SIZES[name](Room(5, criteria, 60, choice))
        least = int(str(refused.value).split("at least ")[1].split()[0])
        assert SIZES[name](Room(least, criteria, 60, choice))
        with pytest.raises(UserError):
            SIZES[name](Room(least - 1, criteria, 60, choice))


def test_the_papers_size_leaves_miprov2_its_recommended_trials() -> None:
    options = mipro_search(Room(1750, 4, 160, 100)).options
    assert options["fitting"] >= recommended_trials(4, options["num_candidates"])
    assert options["aware"]


def test_copro_is_as_wide_as_the_room_allows() -> None:
    small, large = copro_search(Room(98, 4, 60, 20)).options, copro_search(Room(1750, 4, 160, 100)).options
    assert small["breadth"] * small["depth"] < large["breadth"] * large["depth"]
    assert large["choice_rows"] >= 40
