"""What is done with a compiled judge: it scores new texts, and is held against ratings."""
