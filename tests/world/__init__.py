"""A simulated world for the optimizer: hidden rules, annotators that follow them, and an LM that learns and forgets.

It is a simulation and proves nothing about real LMs: it shows what the loop does when the mechanisms are those of the
paper, of set strength (see docs/simulation.md). `world` holds the amounts, `rows` the texts and ratings, `speech` how
rules are said, `judge_lm` and `critic_lm` what the LM answers, `trial` runs the optimizer in a world.
"""
