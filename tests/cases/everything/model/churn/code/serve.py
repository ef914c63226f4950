"""What stands between a request and the model."""

from typing import Any


class Model:
    """Predicts."""

    def predict(self, inputs: Any) -> Any:
        """Return the answer."""
        return self.model.predict(inputs)
