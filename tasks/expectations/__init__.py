"""One suite of expectations for each layer.

These modules import Great Expectations, which takes seconds: `tasks.validate` imports them when a
gate runs, and nothing else should.
"""
