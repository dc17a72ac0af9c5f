"""What a pilot advises: how many rows, raters and seeds a stated difference needs, and what they cost."""
