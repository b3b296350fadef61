r"""Scaling: every channel is centred, and divided by a power of its deviation.

The statistics are those of the training spectra, or of the very batch that is scaled:
the deployable protocol has both on the secondary side. How much a channel weighs
always is what it weighed in training. The mathematics stands in `_moments`.
"""

from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import StandardScaler as _SklearnScaler
from sklearn.utils import Tags, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from spectransfer._files import new_array
from spectransfer._pages import OnItsPage
from spectransfer._typing import ArrayLike, FloatArray
from spectransfer._validation import (
    Interval,
    SearchesOnce,
    StrOptions,
    check_finite,
    check_spectra,
    check_targets,
    check_weights,
    fit_context,
)
from spectransfer.preprocessing._moments import (
    Moments,
    pooled_moments,
    safe_scale,
    standardize,
    unstandardize,
)


class StandardScaler(OnItsPage, SearchesOnce, _SklearnScaler):
    r"""Centre every channel and scale it by a power of its standard deviation.

    .. math:: z_{ij} = \frac{x_{ij} - \mu_j}{\sigma_j} \, w_j ,
              \qquad w_j = (s_j / \bar s)^{1 - p}

    with the deviations :math:`s_j` of the training spectra, and their root mean square
    :math:`\bar s`. scikit-learn's scaler, where p and w are 1, with two additions.
    `power` says how much of the difference between strong and weak channels is taken
    out. And the statistics :math:`\mu_j, \sigma_j` may be those of the very batch that
    is transformed. The secondary spectra of a new measurement day may always be scaled
    by themselves: they are all there. This takes out a drift of the instrument between
    the days that is common to all spectra, while the channels keep the weights that
    they had in training.

    Parameters
    ----------
    statistics : {"fit", "batch"}, default="fit"
        Whose mean and deviation `transform` uses: those learned in `fit`, or those of
        the batch it is given.
    power : float, default=1.0
        Power p of the deviation that channels are divided by, between 0 and 1. 1 is
        unit variance: channels of pure noise weigh as much as lines. 0.5 is Pareto
        scaling. 0 divides all channels by one number, and strong lines stay strong.
    copy : bool, default=True
        False scales float spectra in place, where they may be written to.
    with_mean : bool, default=True
        Whether to centre.
    with_std : bool, default=True
        Whether to divide at all. False keeps the intensity unit, and takes no drift of
        the gain out of a batch.

    Attributes
    ----------
    mean_ : ndarray of shape (n_wavelengths,) or None
        Mean spectrum of the spectra seen in `fit`; None where neither option is on.
    var_ : ndarray of shape (n_wavelengths,) or None
        Their variances (of the population, as in `numpy.var`); None without `with_std`.
    weight_ : ndarray of shape (n_wavelengths,) or None
        Weights w of the channels; None where all are 1.
    scale_ : ndarray of shape (n_wavelengths,) or None
        What they are divided by: standard deviations (1 for constant channels) over
        weights; None without `with_std`.
    n_samples_seen_ : int or float
        Number of spectra seen, or the sum of their weights.
    n_features_in_ : int
        Number of channels seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where `X` had names.

    Raises
    ------
    ValueError
        NaN or inf in the spectra (scikit-learn's scaler lets NaN pass), another
        number of channels than in `fit`, or a single spectrum with
        ``statistics="batch"``.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : The scaler that this one is built on.

    Notes
    -----
    With ``statistics="batch"``, `fit` learns its statistics all the same, and
    `inverse_transform` uses those: what comes back from a regressor are numbers, not
    the batch that their scale belongs to. The paper protocol, in which each map is
    scaled by itself and predictions return with the statistics of the measured
    primary map, is a scaler fitted on that very map.

    A single spectrum has no deviation, and minus its own mean it is zero whatever it
    was. So a batch of one is refused when the statistics are the batch's.

    A constant channel becomes 0, and has deviation 1. float32 spectra stay float32,
    while sums are taken in float64 over blocks of rows, so that memory-mapped
    spectra of any length need a few MB beside the result. A result of 64 MiB and
    more, made from memory-mapped spectra, lies in a temporary file.

    Examples
    --------
    >>> from spectransfer.preprocessing import StandardScaler
    >>> training, new_day = [[0.0, 5.0], [2.0, 5.0]], [[10.0, 5.0], [14.0, 5.0]]
    >>> StandardScaler().fit(training).transform(new_day)
    array([[ 9.,  0.],
           [13.,  0.]])
    >>> StandardScaler(statistics="batch").fit(training).transform(new_day)
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> unequal = [[-7.0, -1.0], [7.0, 1.0]]
    >>> StandardScaler(power=0).fit_transform(unequal)
    array([[-1.4, -0.2],
           [ 1.4,  0.2]])

    References
    ----------
    .. [1] R. A. van den Berg et al., "Centering, scaling, and transformations",
       BMC Genomics 7:142 (2006), for Pareto scaling.
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "statistics": [StrOptions({"fit", "batch"})],
        "power": [Interval(Real, 0, 1, closed="both")],
        "copy": ["boolean"],
        "with_mean": ["boolean"],
        "with_std": ["boolean"],
    }
    var_: Any  # an array, but for None without `with_std`

    def __init__(
        self,
        *,
        statistics: str = "fit",
        power: float = 1.0,
        copy: bool = True,
        with_mean: bool = True,
        with_std: bool = True,
    ) -> None:
        super().__init__(copy=copy, with_mean=with_mean, with_std=with_std)
        self.statistics = statistics
        self.power = power

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn mean and deviation of every channel, forgetting earlier ones.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.
        y : array-like of shape (n_spectra, ...), default=None
            Only its number of rows is looked at.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum, none negative and some above zero.

        Returns
        -------
        StandardScaler
            The scaler itself.
        """
        return self._learn(X, y, sample_weight, known=None)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Add spectra to what has been learned so far.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.
        y : array-like of shape (n_spectra, ...), default=None
            Only its number of rows is looked at.
        sample_weight : array-like of shape (n_spectra,), default=None
            Weight of each spectrum, none negative and some above zero.

        Returns
        -------
        StandardScaler
            The scaler itself.
        """
        known = None
        if hasattr(self, "n_samples_seen_"):
            nothing = np.zeros(self.n_features_in_)
            mean = nothing if self.mean_ is None else self.mean_
            variance = nothing if self.var_ is None else self.var_
            known = Moments(self.n_samples_seen_, mean, variance)
        return self._learn(X, y, sample_weight, known=known)

    def _learn(
        self,
        X: ArrayLike,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None,
        known: Moments | None,
    ) -> Self:
        if y is not None:
            check_consistent_length(X, y)
        # moments tell of NaN and inf for nothing, but for spectra of no weight
        weighted = sample_weight is not None
        spectra = check_spectra(self, X, reset=known is None, finite=weighted)
        weights = check_weights(sample_weight, spectra, relative=False)
        with np.errstate(invalid="ignore"):
            moments = pooled_moments(spectra, weights, known)
        if not np.isfinite(moments.mean + moments.variance).all():
            check_finite(spectra, "X")
        uses_mean = self.with_mean or self.with_std
        self.n_samples_seen_ = moments.weight
        if weights is None and float(moments.weight).is_integer():
            self.n_samples_seen_ = int(moments.weight)
        self.mean_ = moments.mean if uses_mean else None
        self.var_ = moments.variance if self.with_std else None
        self.weight_ = self.scale_ = None
        if self.with_std:
            deviation = safe_scale(moments)
            if self.power != 1:
                common = np.sqrt(np.mean(moments.variance)) or 1.0
                self.weight_ = (deviation / common) ** (1 - self.power)
            self.scale_ = self._weighted(deviation)
        return self

    def _weighted(self, deviation: FloatArray) -> FloatArray:
        return deviation if self.weight_ is None else deviation / self.weight_

    def weigh_like(self, scaler: Any) -> Self:
        """Take over the weights of a scaler fitted to other spectra.

        For a scaler fitted to an unseen map, between which and training spectra only
        mean and deviation may differ: a regressor knows channels by their weights.

        Parameters
        ----------
        scaler : StandardScaler
            Fitted to the training spectra, with the same parameters.

        Returns
        -------
        StandardScaler
            The scaler itself.
        """
        check_is_fitted(self)
        check_is_fitted(scaler)
        if scaler.n_features_in_ != self.n_features_in_:
            raise ValueError(
                "weights must come from a scaler of the same channels, but it was "
                f"fitted on {scaler.n_features_in_} channels, and this one on "
                f"{self.n_features_in_}. Fit both on spectra of one instrument."
            )
        if self.scale_ is not None:
            deviation = self.scale_
            if self.weight_ is not None:
                deviation = deviation * self.weight_
            self.weight_ = scaler.weight_
            self.scale_ = self._weighted(deviation)
        return self

    def transform(self, X: ArrayLike, copy: bool | None = None) -> FloatArray:
        """Centre and scale spectra.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Spectra, in counts.
        copy : bool, default=None
            In place of the parameter of the same name.

        Returns
        -------
        ndarray of shape (n_spectra, n_wavelengths)
            Scaled spectra, without unit, in the precision of `X`.
        """
        check_is_fitted(self)
        spectra = check_spectra(self, X)
        mean, scale = self.mean_, self.scale_
        if self.statistics == "batch" and (self.with_mean or self.with_std):
            if len(spectra) == 1:
                raise ValueError(
                    "statistics='batch' takes mean and deviation over the spectra of "
                    "the batch, and one spectrum has no deviation, but n_samples=1 "
                    "was given. Transform the whole batch at once, or use "
                    "statistics='fit'."
                )
            moments = pooled_moments(spectra)
            mean, scale = moments.mean, self._weighted(safe_scale(moments))
        return standardize(
            spectra,
            mean if self.with_mean else None,
            scale if self.with_std else None,
            self._output_for(spectra, copy),
        )

    def inverse_transform(self, X: ArrayLike, copy: bool | None = None) -> FloatArray:
        """Bring scaled spectra back to counts, with the statistics learned in `fit`.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_wavelengths)
            Scaled spectra.
        copy : bool, default=None
            In place of the parameter of the same name.

        Returns
        -------
        ndarray of shape (n_spectra, n_wavelengths)
            Spectra in counts, in the precision of `X`.
        """
        check_is_fitted(self)
        scaled = check_targets(X, name="X")
        if scaled.ndim != 2 or scaled.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {scaled.shape[-1]} features, but StandardScaler is expecting "
                f"{self.n_features_in_} features as input."
            )
        return unstandardize(
            scaled,
            self.mean_ if self.with_mean else None,
            self.scale_ if self.with_std else None,
            self._output_for(scaled, copy),
        )

    def _output_for(self, spectra: FloatArray, copy: bool | None) -> FloatArray:
        """Give where results go: into the spectra themselves, if so wished."""
        copies = self.copy if copy is None else copy
        if not copies and spectra.flags.writeable:
            return spectra
        return new_array(spectra.shape, spectra.dtype, like=spectra)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = False
        tags.input_tags.sparse = False
        tags.array_api_support = False
        return tags
