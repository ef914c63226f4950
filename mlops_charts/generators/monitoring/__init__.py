"""What watches a model that serves: a scrape, alerts and a dashboard.

Queries ask only for series that the model server or Seldon's executor exposes, by the names of the contract: nothing
of another exporter has to be installed. All arithmetic of thresholds is done here, so that a template holds numbers.
"""

from mlops_charts.generators.monitoring.generator import MonitoringGenerator

__all__ = ["MonitoringGenerator"]
