"""How numbers read on the screen and in every table."""

import pytest

from programs.report_tables import cell_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.4123, ".412"), (-0.03, "-.030"), (1.2039, "1.204"), (-1.5, "-1.500"), (-0.0002, ".000"), (None, "undefined")],
)
def test_a_value_without_an_interval(value: float | None, text: str) -> None:
    assert cell_text({"value": value, "low": None, "high": None}) == text


def test_a_value_with_its_interval() -> None:
    assert cell_text({"value": 0.4, "low": -0.00004, "high": 0.51}) == ".400 [.000, .510]"
