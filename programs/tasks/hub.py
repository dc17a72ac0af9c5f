"""Rows from a data set of the hub, through the `datasets` library."""

from programs.errors import UserError
from programs.tasks.fields import DataReference
from programs.tasks.tables import RawRow


def read_hub(reference: DataReference) -> list[RawRow]:
    """The rows of a hub data set's splits, one after the other, each with its split's name in a column `split`.

    A column `split` of the data set's own is left as it is. Downloads are kept in the library's own cache.
    Raises UserError when the data set cannot be had: no network, no such name, config or split.
    """
    import datasets  # here, since it takes three seconds that a local file must not cost
    import huggingface_hub

    huggingface_hub.utils.logging.set_verbosity_error()  # else five warnings a file before the one line that counts
    try:
        found = datasets.load_dataset(reference.hub, reference.config or None)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"hub data set {title(reference)}: {reason}; pass a local file with --data FILE (.csv, .jsonl, .parquet)"
        ) from error
    return [{"split": split, **row} for split in reference.splits or found for row in _split(found, split, reference)]


def title(reference: DataReference) -> str:
    """The data set as `--data` takes it: `org/name` or `org/name:config`."""
    return f"{reference.hub}:{reference.config}" if reference.config else reference.hub


def _split(found: dict[str, list[RawRow]], split: str, reference: DataReference) -> list[RawRow]:
    if split not in found:
        raise UserError(f"hub data set {title(reference)}: no split {split!r} (it has {', '.join(found)})")
    return found[split]
