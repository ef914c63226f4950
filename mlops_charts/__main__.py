"""`python -m mlops_charts`."""

from mlops_charts.cli import main

main()
