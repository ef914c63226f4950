"""The model server: a folder of a saved model becomes an HTTP service. It knows nothing else of the house.

serve       starts, watches and stops it
app         routes of HTTP to what answers them
protocol_v2, protocol_seldon    what a request and an answer look like; pure functions
inputs      lists of JSON to columns of numpy, and every way in which they can be wrong
service     the model, asked within a deadline
metrics     what is counted
truth       what is known of the traffic besides speed: drift, feedback, a log of requests
drift, drift_counts     how far features and predictions have moved, and the counts that this takes
feedback    rewards and what was true
request_log, log_stores, signing    a sample of requests, where it goes, and the proof of who asks
example     the request that the model was saved with, as proof that it is the same model here
wrapper     the same model behind Seldon's Python wrapper, without our server
"""
