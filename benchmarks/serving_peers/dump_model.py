"""Writes iris for MLServer, in its own environment, so that the versions of scikit-learn are one: KIND FILE."""

import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

KINDS = {"logistic": LogisticRegression(max_iter=1000), "forest": RandomForestClassifier(100, random_state=0)}
joblib.dump(KINDS[sys.argv[1]].fit(*load_iris(return_X_y=True)), sys.argv[2])
