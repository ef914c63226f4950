"""`python -m mlops_charts`."""

from mlops_charts.cli import main

if __name__ == "__main__":  # processes of ours import this module anew
    main()
