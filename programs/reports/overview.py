"""The head of a page: what was run, what came of it in one sentence, what to be careful about, how to go on."""

from programs.report_tables import CALIBRATED_ALIKE, cell_text, given_up
from programs.reports.agreement import TITLES, reading, unscored
from programs.reports.costs import lm_of, total
from programs.reports.run_files import RunFiles
from programs.reports.table import Table, number
from programs.tasks.markers import marker_words

SHOWN = ("mode", "preset", "steps", "batch_size", "gate", "accept", "keep", "reserve", "eval_every", "split_by", "seed")
"""Settings that are named first; the others follow in a closed part."""


def headline(run: RunFiles) -> str:
    """What the run shows, in plain words."""
    cells = {part: run.summary[part]["pooled"][run.metric]["mean"] for part in ("before", "after", "difference")}
    name = f"{TITLES[run.metric]}, mean over criteria, pooled over {cells['after']['n']} test rows"
    if not any(run.kept.values()):
        return f"The kept judge is the initial one: {_why_initial(run)}. {name}: {cell_text(cells['after'])}."
    conclusion = {
        "better": "The kept judge agrees better with the raters.",
        "worse": "The kept judge agrees worse with the raters.",
        "no change shown": "The interval holds zero: no change is shown.",
        "no interval": "Too few documents, or too few that differ, for an interval: no change is shown.",
        "undefined": "The difference is undefined, so nothing is shown; see the criteria below.",
    }[reading(cells["difference"], run.metric)]
    values = f"{cell_text(cells['before'])} before, {cell_text(cells['after'])} after"
    alike = f" {_sentence(CALIBRATED_ALIKE)}." if "calibration" in run.summary else ""
    return f"{conclusion} {name}: {values}, paired difference {cell_text(cells['difference'])}.{alike}"


def cautions(run: RunFiles) -> list[str]:
    """What a reader must know before the numbers."""
    found = []
    if run.summary["stopped"]:
        found.append(f"The run was stopped early ({run.summary['stopped']}): what is known by then is shown.")
    if missing := unscored(run):
        found.append(
            f"{missing} scores are missing over both judges: unscored replies count in no metric (see Coverage)."
        )
    if undefined := _undefined(run):
        found.append(f"{TITLES[run.metric]} is undefined on {undefined}: a side gave one score only, or none.")
    if fallen := _fallbacks(run):
        found.append(f"{fallen} scores over both judges are digits, because no expectation could be read (fell back).")
    left = run.summary.get("calibration", {}).get("after", {}).get("left", {})
    found += [f"{run.titles[name]} is not calibrated: {reason}." for name, reason in left.items()]
    if failed := total(run, "failed"):
        found.append(f"LM calls that failed: {failed}.")
    if lost := given_up(run.summary["calls"]):
        found.append(f"Given up after every retry had failed, and so without a reply: {lost}.")
    if truncated := total(run, "truncated"):
        found.append(f"Replies cut off by their token limit: {truncated}.")
    if words := marker_words(run.config.get("markers")):
        found.append(f"{words}.")
    return [*found, *(run.summary.get("scrutiny") or {}).get("warnings", ())]


def _fallbacks(run: RunFiles) -> int:
    readout = run.summary.get("readout")
    return sum(sum(readout[part]["fallback"].values()) for part in ("before", "after")) if readout else 0


def facts(run: RunFiles) -> list[tuple[str, str]]:
    """Label and value of what one looks for first."""
    rows = run.summary["rows"]
    lms = dict.fromkeys(lm_of(run, role) for role in run.summary["calls"])
    optimism = run.summary["optimism"]
    return [
        ("Task", run.task.name),
        ("Mode", str(run.summary["mode"])),
        ("Criteria", run.words(list(run.titles))),
        ("LM", ", ".join(lms) or str(run.settings["lm"])),
        ("Rows", f"{rows['train']} training, {rows['validation']} validation, {rows['test']} test"),
        ("Kept", "; ".join(_kept(run, head["group"], head["step"]) for head in run.summary["kept"])),
        ("Optimism", f"{number(optimism['validation_minus_test'])} ({optimism['metric']}, validation minus test)"),
        ("LM calls", f"{total(run, 'calls'):,} sent, {total(run, 'reused'):,} reused"),
        ("Time", _took(run)),
        ("Folder", str(run.path)),
    ]


def settings_tables(run: RunFiles) -> list[Table]:
    """The settings that decide, all others, and what the run was made with."""
    settings = run.settings
    first = [[name.replace("_", " "), _word(settings[name])] for name in SHOWN if name in settings]
    rest = [[name.replace("_", " "), _word(value)] for name, value in settings.items() if name not in SHOWN]
    versions = [[name, str(version)] for name, version in (run.config.get("versions") or {}).items()]
    made = [["commit", _word(run.config.get("commit"))], ["hash of the data", _word(run.config.get("data"))], *versions]
    header = ("setting", "value")
    return [
        Table.of("The optimization", header, first),
        Table.of("All other settings", header, rest),
        Table.of("Made with", ("what", "value"), made),
    ]


def _why_initial(run: RunFiles) -> str:
    verdicts = [verdict for step in run.steps for verdict in step["gate"]]
    if not verdicts:
        return "no step was finished"
    if any(verdict["kept"] for verdict in verdicts):
        return "no rewrite was better on the validation rows that choose"
    return "no rewrite passed the gate"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _took(run: RunFiles) -> str:
    seconds = run.timing.get("seconds")
    if seconds is None:
        return "not recorded"
    return f"{seconds / 60:.1f} minutes (last session)" if seconds >= 60 else f"{seconds:.0f} seconds (last session)"


def _kept(run: RunFiles, group: list[str], step: int) -> str:
    return f"{run.words(group)}: {f'step {step}' if step else 'the initial rubric'}"


def _undefined(run: RunFiles) -> str:
    parts = [run.summary[part]["pooled"][run.metric] for part in ("before", "after")]
    return ", ".join(title for name, title in run.titles.items() if any(part[name]["value"] is None for part in parts))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not set" if value is None else str(value)
