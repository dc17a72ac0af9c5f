"""Whether a judge still scores as it did: anchor rows frozen once, and scored again later or by another LM."""
