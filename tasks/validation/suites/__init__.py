"""One suite of expectations for each layer.

These modules import Great Expectations, which takes seconds. `tasks.validation.gate` imports them
when a gate runs; nothing else should.
"""
