"""How much one pod carries: it is measured, kept beside model.yaml, and what follows for replicas is worked out.

open_loop   sends requests when they are due, whether or not others were answered
measure     starts the real server and raises the rate until it can no more
measured    capacity.json, as types
machine     what it was measured on
sizing      replicas, autoscaling and room for a canary, from a measurement; pure

It knows the folder of a saved model and the server from the outside, and must not know specs or plans: rendering never
depends on what was measured.
"""
