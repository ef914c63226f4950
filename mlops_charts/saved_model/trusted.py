"""Types that a skops file may hold without model.yaml naming them.

skops trusts most of scikit-learn, numpy and scipy by its own list. These are further parts of scikit-learn's own
estimators: compiled or private classes that hold numbers and parameters, and functions without side effects. None of
them opens files, starts processes or calls what it is given by name.
"""

from __future__ import annotations

from typing import Final

_LOSSES: Final = (
    "AbsoluteError", "ExponentialLoss", "HalfBinomialLoss", "HalfGammaLoss", "HalfMultinomialLoss", "HalfPoissonLoss",
    "HalfSquaredError", "HalfTweedieLoss", "HalfTweedieLossIdentity", "HuberLoss", "PinballLoss",
)  # fmt: skip
_DISTANCES: Final = (
    "BrayCurtisDistance", "CanberraDistance", "ChebyshevDistance", "EuclideanDistance", "HaversineDistance",
    "HammingDistance", "JaccardDistance", "MahalanobisDistance", "ManhattanDistance", "MinkowskiDistance",
    "SEuclideanDistance",
)  # fmt: skip
_KERNELS: Final = (
    "CompoundKernel", "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "PairwiseKernel",
    "Product", "RBF", "RationalQuadratic", "Sum", "WhiteKernel", "Hyperparameter",
)  # fmt: skip
_SELECTIONS: Final = (
    "_univariate_selection.chi2", "_univariate_selection.f_classif", "_univariate_selection.f_oneway",
    "_univariate_selection.f_regression", "_univariate_selection.r_regression", "_mutual_info.mutual_info_classif",
    "_mutual_info.mutual_info_regression",
)  # fmt: skip
_SPLITS: Final = ("GroupKFold", "KFold", "ShuffleSplit", "StratifiedKFold", "StratifiedShuffleSplit", "TimeSeriesSplit")

TRUSTED: Final[tuple[str, ...]] = (
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.cluster._bisect_k_means._BisectingTree",
    "sklearn.cluster._kmeans._kmeans_single_elkan",
    "sklearn.cluster._kmeans._kmeans_single_lloyd",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    *(f"sklearn._loss.loss.{name}" for name in _LOSSES),
    *(f"sklearn.feature_selection.{name}" for name in _SELECTIONS),
    *(f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS),
    *(f"sklearn.model_selection._split.{name}" for name in _SPLITS),
    *(f"sklearn.metrics._dist_metrics.{name}{bits}" for name in _DISTANCES for bits in ("", "32", "64")),
)
"""Our own list, by full name."""
