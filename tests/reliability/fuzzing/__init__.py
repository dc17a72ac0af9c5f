"""What is fuzzed: strategies that make inputs, each with a check that knows what must come out."""
