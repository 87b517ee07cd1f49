"""What happened to each guild, for months: where it is kept, how it gets there, and the questions that it answers.

History is opt-in, takes its own path beside metrics and traces, and may have ids, which metrics never have.
"""
