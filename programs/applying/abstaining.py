"""`--abstain`: where its thresholds come from, and what a person is told of them."""

from pathlib import Path

import dspy

from metrics.selective import Graded, Point, at, reachable, risk_coverage
from programs.applying.confidence import Abstention, Held, abstention, read_confidence
from programs.errors import UserError
from programs.optimizer.judge import Judge
from programs.report_tables import short
from programs.screen import Screen


def abstention_from(
    judge_path: str, curve: str | None, risk: float | None, judge: Judge, lm: dspy.LM
) -> Abstention | None:
    """The thresholds for a risk, from a file of confidences; None where no risk is given.

    Raises UserError where there is no such file, where it is of another judge, and where no token probabilities, which
    are the confidence, will be had.
    """
    if risk is None:
        if curve is not None:
            raise UserError("--curve is what --abstain RISK goes by: give --abstain too")
        return None
    if not risk > 0:
        raise UserError("--abstain 0: no judge is without error; give a mean absolute error in levels, such as 0.5")
    if not judge.reads_tokens:
        raise UserError(
            f"--abstain needs token probabilities, which {lm.model} does not give or --probabilities denies"
        )
    where = Path(judge_path)
    path = Path(curve) if curve is not None else (where if where.is_dir() else where.parent) / "confidence.json"
    if not path.is_file():
        raise UserError(
            f"--abstain: there is no {path}; make it from rated rows that did not choose the judge: "
            f"python programs/evaluate.py {judge_path} --data RATED --curve {path}"
        )
    return abstention(risk, *read_confidence(path, judge, lm.model))


def show_abstention(chosen: Abstention, screen: Screen) -> None:
    """A row a criterion: its threshold, what it keeps and with which error, and the same of rows it was checked on."""
    header = ["criterion", "rows", "confidence over", "kept", "error of those kept", "smallest possible RISK"]
    header += ["checked: kept", "checked: error of those kept"] if chosen.checked else []
    rows = [_row(name, point, chosen) for name, point in chosen.points.items()]
    checked = f"; checked on {chosen.checked.what}" if chosen.checked else ""
    screen.result(f"\nthe mean absolute error is to be at most {chosen.risk:g} levels, at 95 %, in each criterion;")
    screen.result(f"fitted on {chosen.fitted.what}{checked}")
    screen.table("\nabstaining", header, rows)
    if hopeless := [name for name, point in chosen.points.items() if point is None]:
        screen.result(f"no confidence is enough for that, so every score is abstained on: {', '.join(hopeless)}")


def show_curve(held: Held, screen: Screen) -> None:
    """Every criterion's risk-coverage curve, at up to five coverages."""
    rows = [
        [name, _share(point, graded), _over(point), short(point.error), short(point.upper)]
        for name, graded in held.criteria.items()
        for point in risk_coverage(graded)[::-4][::-1]
    ]
    header = ["criterion", "kept", "confidence over", "error of those kept", "at most (95 %)"]
    screen.table(f"\nmean absolute error by confidence, {held.what}", header, rows)


def _row(name: str, point: Point | None, chosen: Abstention) -> list[str]:
    graded = chosen.fitted.criteria[name]
    least = reachable(graded)
    known = ["none", "0", "-"] if point is None else [_over(point), _share(point, graded), short(point.error)]
    row = [name, str(len(graded)), *known, "-" if least is None else f"{least:g}"]
    if chosen.checked is None:
        return row
    other = chosen.checked.criteria[name]
    seen = None if point is None else at(other, point.threshold)
    return row + (["0", "-"] if seen is None else [_share(seen, other), short(seen.error)])


def _over(point: Point) -> str:
    return "any" if point.threshold is None else short(point.threshold)


def _share(point: Point, graded: Graded) -> str:
    return f"{point.kept}/{len(graded)} ({point.coverage:.0%})"
