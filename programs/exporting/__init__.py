"""A compiled judge in the forms that other tools take (`export.py`)."""
