"""The figures of merit as `scoring=` of scikit-learn's searches and validations.

A baseline that was taken off the primary spectra before training cannot be put back:
such an estimator predicts baseline-free spectra, and says what they are to be compared
with through a method `transform_target`. A scorer asks for it, wherever the estimator
sits, so that a spectrum with baseline never meets a prediction without one.
"""

import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.metrics import make_scorer
from sklearn.utils.metadata_routing import MetadataRequest

from spectransfer._blocks import row_blocks
from spectransfer._numbers import refuse_containers
from spectransfer._typing import ArrayLike
from spectransfer._validation import compare_targets
from spectransfer._wrapping import layers
from spectransfer.metrics._clusters import k_score
from spectransfer.metrics._distances import mean_cosine, mean_euclidean
from spectransfer.metrics._relative_error import relative_squared_error


def target_in_prediction_space(estimator: Any, y: ArrayLike) -> ArrayLike:
    """Bring measured primary spectra to the space of an estimator's predictions.

    The method `transform_target` is looked for on the estimator itself, on the last
    step of a pipeline, on the best estimator of a search and inside a
    :class:`~sklearn.frozen.FrozenEstimator`, nested in any order.

    Parameters
    ----------
    estimator : estimator
        A fitted transfer, such as :class:`spectransfer.pipeline.PrimarySpaceRegressor`,
        or any scikit-learn regressor.
    y : array-like of shape (n_spectra, n_wavelengths) or (n_spectra,)
        Measured primary spectra, in counts.

    Returns
    -------
    array-like of shape (n_spectra, n_channels) or (n_spectra,)
        What the predictions are to be compared with: for example spectra without
        baseline, on the channels of the predictions. `y` itself where the estimator
        has no such method.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from spectransfer.metrics import target_in_prediction_space
    >>> target_in_prediction_space(Ridge(), [[1.0, 2.0]])
    [[1.0, 2.0]]
    """
    for layer in layers(estimator):
        if hasattr(layer, "transform_target"):
            return layer.transform_target(y)
        compare_targets(layer, y)
    return y


def _n_channels(spectra: Any) -> int:
    shape = np.shape(spectra)
    return 1 if len(shape) < 2 else shape[1]


def _check_prediction(estimator: Any, y_pred: Any, target: Any) -> None:
    name = type(estimator).__name__
    if _n_channels(y_pred) != _n_channels(target):
        raise ValueError(
            f"a scorer compares spectra on the same channels, but {name} predicts "
            f"{_n_channels(y_pred)} channels and y has {_n_channels(target)} in the "
            "space of the predictions. Score with the primary spectra of the kind it "
            "was fitted on, or give the estimator a method transform_target(y) that "
            "brings measured spectra to the channels of its predictions."
        )
    predicted = np.asarray(y_pred)
    if predicted.dtype.kind != "f":
        return
    for rows in row_blocks(len(predicted), predicted[:1].nbytes):
        finite = np.isfinite(predicted[rows])
        if not finite.all():
            row = int(np.argwhere(~finite)[0][0]) + rows.start
            raise ValueError(
                f"a scorer needs finite predictions, but {name} predicts NaN or inf, "
                f"first for spectrum {row} of those scored (counted from 0). Its "
                "training has most likely diverged: lower its learning rate, or scale "
                "the spectra before it."
            )


class TransferScorer:
    """Callable ``scorer(estimator, X, y)`` that compares like with like.

    Made by `make_transfer_scorer`.

    Attributes
    ----------
    metric : callable
        The figure of merit.
    greater_is_better : bool
        Whether the score has the sign of the figure of merit.
    options : dict
        Options that the figure of merit is called with.

    Examples
    --------
    >>> from spectransfer import OffsetTransfer
    >>> from spectransfer.metrics import euclidean_scorer, rse_scorer
    >>> X, y = [[0.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 4.0]]
    >>> fitted = OffsetTransfer("nothing").fit(X, y)
    >>> round(rse_scorer(fitted, X, y), 3), round(euclidean_scorer(fitted, X, y), 3)
    (-1.6, -1.414)
    """

    def __init__(
        self, metric: Callable[..., float], greater_is_better: bool, options: dict
    ) -> None:
        self.metric = metric
        self.greater_is_better = greater_is_better
        self.options = options
        # It never scores: it knows which metadata the metric takes, and keeps which of
        # them were asked for.
        self._requests = make_scorer(
            metric, greater_is_better=greater_is_better, **options
        )

    def __call__(
        self,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        **metadata: Any,
    ) -> float:
        """Give the figure of merit of the predictions, the greater the better.

        Parameters
        ----------
        estimator : estimator
            A fitted transfer.
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Measured primary spectra of the same spots.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum, for metrics that take it.
        **metadata : dict
            What else the metric takes.

        Returns
        -------
        float
            The score.
        """
        refuse_containers(y, "y")
        if sample_weight is not None:
            metadata["sample_weight"] = sample_weight
        both = sorted(self.options.keys() & metadata.keys())
        if both:
            warnings.warn(
                "An option of a scorer and metadata passed to it should not have the "
                f"same name, but {both} are both; the metadata win. Give them in one "
                "way only.",
                UserWarning,
                stacklevel=2,
            )
        n_spectra = np.shape(y)[0]
        if self.metric is relative_squared_error and n_spectra < 2:
            raise ValueError(
                "The relative squared error compares with the mean spectrum, and needs "
                f"at least two spectra, but there is {n_spectra}. Leave out several "
                "spectra at once, for example with KFold, or score by another error, "
                "such as euclidean_scorer. A search notes NaN for this one, and where "
                "all are NaN its winner is arbitrary: error_score='raise' ends it."
            )
        y_pred = estimator.predict(X)
        target = target_in_prediction_space(estimator, y)
        _check_prediction(estimator, y_pred, target)
        score = self.metric(target, y_pred, **{**self.options, **metadata})
        return score if self.greater_is_better else -score

    def set_score_request(self, **requests: bool | str | None) -> Self:
        """Say which metadata the scorer asks for, where metadata routing is enabled.

        Parameters
        ----------
        **requests : dict
            For each metadatum, such as ``sample_weight``: True asks for it, False
            ignores it, None refuses it, text is the name that it is passed by.

        Returns
        -------
        TransferScorer
            The scorer itself.
        """
        self._requests.set_score_request(**requests)
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Give what `set_score_request` asked for.

        Returns
        -------
        MetadataRequest
            As scikit-learn's user guide on metadata routing describes it.
        """
        return self._requests.get_metadata_routing()

    def __repr__(self) -> str:
        metric = getattr(self.metric, "__name__", repr(self.metric))
        options = {"greater_is_better": self.greater_is_better} | self.options
        listed = ", ".join(f"{name}={value!r}" for name, value in options.items())
        return f"make_transfer_scorer({metric}, {listed})"


def make_transfer_scorer(
    metric: Callable[..., float], *, greater_is_better: bool = False, **kwargs: Any
) -> TransferScorer:
    """Make a scorer for transfers out of a figure of merit.

    Unlike :func:`sklearn.metrics.make_scorer`, it compares predictions with the
    measured spectra in the space of the predictions
    (`spectransfer.metrics.target_in_prediction_space`).

    Parameters
    ----------
    metric : callable
        Called as ``metric(y_true, y_pred, **kwargs)``; gives one number. Metrics of
        scikit-learn, such as :func:`sklearn.metrics.r2_score`, work too. A scorer that
        is to be used with ``n_jobs`` needs a metric that can be pickled.
    greater_is_better : bool, default=False
        False for errors and distances, whose sign the scorer then turns, since
        scikit-learn takes the greatest score for the best.
    **kwargs : dict
        Options of `metric`.

    Returns
    -------
    callable
        To be passed as ``scoring=``, or called as ``scorer(estimator, X, y)``. A
        prediction that is not finite, or on other channels than the measured spectra,
        is an error, which ``error_score`` of a search turns into a score.

    Notes
    -----
    Candidates of a search that differ in what they do to the primary spectra, such as
    the width of a baseline window, are each compared with spectra of their own. A
    distance in counts then also rewards taking away more signal; the RSE, being
    relative, does so far less.

    Of several scorers in a dict each asks for predictions of its own: scikit-learn
    keeps predictions for its own scorers only. Where predicting is dear, pass as
    ``scoring=`` one function ``f(estimator, X, y)`` that predicts once and gives a
    dict of numbers.

    scikit-learn 1.9 hands weights to a dict of scorers that are not its own only
    while metadata routing is enabled; to a single one it hands them always.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.metrics import r2_score
    >>> from spectransfer.metrics import make_transfer_scorer
    >>> X, y = [[0.0], [1.0], [2.0]], [[1.0, 0.0], [2.0, 2.0], [3.0, 4.0]]
    >>> scorer = make_transfer_scorer(r2_score, greater_is_better=True)
    >>> round(scorer(LinearRegression().fit(X, y), X, y), 6)
    1.0
    """
    if not callable(metric):
        raise TypeError(
            "metric must be a function of (y_true, y_pred), but it is "
            f"{metric!r}. Pass the function itself, such as "
            "spectransfer.metrics.relative_squared_error."
        )
    return TransferScorer(metric, greater_is_better, kwargs)


def make_k_score_scorer(
    kmeans: Any = None, *, n_clusters: int = 4, random_state: int | None = 0
) -> TransferScorer:
    """Make a scorer of the k-score, with k-means of one's own or without.

    Parameters
    ----------
    kmeans : fitted estimator with `predict`, default=None
        Clusters of the primary library, fitted on primary spectra in the space of the
        predictions. They are never fitted again, so every fold and every candidate of
        a search is judged by the same clusters. None fits k-means on the measured
        spectra that are being scored, as the authors' code does.
    n_clusters : int, default=4
        Number of clusters when `kmeans` is None.
    random_state : int or None, default=0
        Seed of k-means when `kmeans` is None.

    Returns
    -------
    callable
        Scorer, greater is better: 1 when every spectrum keeps its cluster.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.linear_model import LinearRegression
    >>> from spectransfer.metrics import make_k_score_scorer
    >>> X, y = [[0.0], [1.0], [9.0]], [[1.0, 0.0], [2.0, 2.0], [10.0, 18.0]]
    >>> scorer = make_k_score_scorer(KMeans(2, random_state=0).fit(y))
    >>> scorer(LinearRegression().fit(X, y), X, y)
    1.0
    """
    options = (
        {"n_clusters": n_clusters, "random_state": random_state}
        if kmeans is None
        else {"kmeans": kmeans}
    )
    return make_transfer_scorer(k_score, greater_is_better=True, **options)


def transfer_scorers() -> dict[str, TransferScorer]:
    """Give a scorer for each figure of merit of the paper, by name.

    Returns
    -------
    dict of str to callable
        "rse", "euclidean" and "cosine", with their sign turned, and "k_score"; new
        objects in every call. For ``scoring=`` of
        :func:`sklearn.model_selection.cross_validate`, or of a search with ``refit``
        set to one of the names. "rse" needs at least two spectra and "k_score" four:
        scikit-learn notes NaN where a scorer refuses fewer, and a search whose scores
        are all NaN takes its first candidate, unless ``error_score="raise"`` is set.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.model_selection import cross_validate
    >>> from spectransfer.metrics import transfer_scorers
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.random((40, 3)), rng.random((40, 5))
    >>> scores = cross_validate(DummyRegressor(), X, y, scoring=transfer_scorers())
    >>> sorted(scores)
    ['fit_time', 'score_time', 'test_cosine', 'test_euclidean', 'test_k_score',
     'test_rse']
    """
    return {
        "rse": make_transfer_scorer(relative_squared_error),
        "euclidean": make_transfer_scorer(mean_euclidean),
        "cosine": make_transfer_scorer(mean_cosine),
        "k_score": make_k_score_scorer(),
    }


rse_scorer = make_transfer_scorer(relative_squared_error)
euclidean_scorer = make_transfer_scorer(mean_euclidean)
cosine_scorer = make_transfer_scorer(mean_cosine)
k_score_scorer = make_k_score_scorer()
