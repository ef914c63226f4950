"""How good a model is, and whether that is good enough: metrics, intervals, gates, the champion, latency, the report.

It knows test rows, a saved model's answers and what the spec asks of them. It must not know where rows, models or
reports are kept: `validate` brings them and takes them away.

`report` is light; the other modules load numpy, so whoever judges imports them inside the function that does.
"""
