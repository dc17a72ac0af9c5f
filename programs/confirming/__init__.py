"""Confirmation on sealed rows (`confirm.py`): written down before the first call, asked once, and judged as planned."""
