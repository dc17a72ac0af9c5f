"""Names that flags offer, of modules whose import would delay `--help`."""

METRIC_NAMES = ("spearman", "kendall", "pairwise", "qwk", "krippendorff", "mae", "off_by_one", "accuracy")
"""Those of `metrics.metric`."""

EXPORT_FORMATS = ("text", "openai", "promptfoo", "inspect", "mlflow")
"""Those of `programs.exporting.formats`."""
