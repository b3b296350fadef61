r"""One transfer for 3 to 500 shared standards, which uses what else is known.

Which classical method is best depends on the instruments, the sample and the number
of standards, and nobody knows before. Here all of them, at all strengths, are asked for
the samples that were left out, in closed form, and the transfer is a mixture:

.. math:: \hat y = \sum_m w_m B_m(x), \qquad
          w = \arg\min_{w \ge 0, \, \sum w = 1} \Bigl\lVert \sum_m w_m E_m \Bigr\rVert^2
              + \tfrac{1}{2} \min_m \lVert E_m \rVert^2 \, \lVert w \rVert^2

with the residuals :math:`E_m` of left-out samples. The second term spreads the weights
over maps that do alike: to choose one of them would be to trust a few samples too much.
Maps whose error is more than three times the least have no part: what they seem to
cancel of other maps' errors, they cancel for these few samples only.
"""

import warnings
from functools import partial
from typing import Any

import numpy as np

from spectransfer._typing import ArrayLike, FloatArray, IntArray
from spectransfer._validation import fit_context
from spectransfer.exceptions import SpectransferWarning, WavelengthError
from spectransfer.transfer._affine import AffineTransfer, Mixture, resampling
from spectransfer.transfer._coverage import (
    Unlike,
    in_words,
    many,
    minor_materials,
    stood_for,
    to_measure,
)
from spectransfer.transfer._few_maps import all_maps
from spectransfer.transfer._few_report import (
    Known,
    not_asked,
    said_by_standards,
    together_if_copies,
    warn_of_idle_library,
    warn_of_no_use,
)
from spectransfer.transfer._leave_out import samples_of
from spectransfer.transfer._mixing import (
    Unseen,
    grams,
    middle,
    missed,
    mixed,
    mixing_weights,
    of_a_single_sample,
    of_unseen,
    unless_untransferred,
)
from spectransfer.transfer._population import LibraryMoments
from spectransfer.transfer._priors import Standards
from spectransfer.transfer._unpaired import (
    check_unpaired,
    populations,
    warn_of_another_library,
    warn_of_other_units,
    warn_of_stretch,
)

# of so many samples what each stands for is not believed
_UNSURE = 2.0


class FewStandardsTransfer(AffineTransfer):
    r"""Transfer learned from few standards, by what they say of many linear maps.

    Maps are ridge regressions that are shrunk towards different priors:

    - *nothing*: the mean spectrum, as in `DirectStandardization`;
    - *resampled*: the secondary spectrum at the primary wavelengths, with the mean
      difference added;
    - *window*: the same, changed by neighbouring channels, as in
      `PiecewiseDirectStandardization`;
    - *joint*: joint principal components, whose secondary half is exchanged for the
      primary one, as in `SpectralSpaceTransformation`;
    - *rotation*: the principal components of spectra without partners, whitened on
      each side, and rotated onto each other; what they leave of the resampled spectrum
      is kept, since small differences tell samples apart;
    - *completed*: the resampled spectrum, broadened and scaled by four numbers for all
      channels, and the most likely spectrum of the library then: what the secondary
      instrument does not see is told by what it sees;
    - *untransferred*: the resampled spectrum as it is.

    *Resampled*, *window*, *completed* and *untransferred* need axes (or equal numbers
    of channels), *completed* the primary's library, the rotation spectra without
    partners of both sides; what cannot be had is left out. Samples that are left out
    decide what each map counts: with their residuals :math:`E_m`,

    .. math:: \hat y = \sum_m w_m B_m(x), \qquad
              w = \arg\min_{w \ge 0, \, \sum w = 1} \Bigl\lVert \sum_m w_m E_m
              \Bigr\rVert^2
              + \tfrac{1}{2} \min_m \lVert E_m \rVert^2 \, \lVert w \rVert^2 .

    With `X_unpaired` each of n standards counts :math:`2/n + (1 - 2/n) c` times, where
    c is the number of those spectra that are nearest to it, relative to the mean. Where
    a share s of what varies among those spectra is like no standard, and there are 16
    samples or more, the error is :math:`(1 - s)` times that of samples and s times that
    of materials, clusters of standards that are left out as a whole, each relative to
    what they vary by.

    Parameters
    ----------
    priors : tuple of str
        Priors that are asked, of those above: by default "nothing", "resampled",
        "window", "joint", "rotation" and "completed". *untransferred* is always asked.
    wavelengths_secondary, wavelengths_primary : array-like or None, default=None
        Axis of each side, in one unit. None takes it from the column names of data
        frames; where there are none, equal numbers of channels are the same channels.

    Attributes
    ----------
    shares_ : dict of str to float
        What each prior counts in the mixture.
    strengths_ : dict of str to float
        How strongly, in the middle of its shares, each prior is held on to, relative
        to the mean square of a centred secondary spectrum. Small strengths leave it
        to the standards what the map is, whatever the prior; inf is the prior itself,
        and nan where a prior has no share.
    expected_rse_ : dict of str to float
        Relative squared error of left-out samples: of the "mixture", and of the best
        map of each prior. With `X_unpaired`, each standard counts as many of 250 of
        them, evenly drawn, as are nearest to it, and spectra that no standard is like
        count as materials that were left out as a whole, if there are 16 samples.
        Otherwise it tells nothing of material that none of the standards is of, and is
        then too good by factors.
    transferred_ : bool
        False where the standards say that no map is better than the resampled
        spectrum; `predict` then gives just that.
    report_ : str
        The same in words.
    to_measure_ : ndarray of int
        Rows of `X_unpaired` that no standard is like, at most five: those that would
        leave the fewest such spectra, were they standards, too. Three of them, and more
        than 1 %, bring a warning.
    coef_ : ndarray of shape (n_primary, n_secondary)
        The map, made when it is asked for.
    intercept_ : ndarray of shape (n_primary,)
        What is added.
    n_features_in_ : int
        Number of channels of the secondary spectra.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of `X`, where it had any.

    See Also
    --------
    spectransfer.model_selection.select_standards : Which spectra to take as standards.
    VAELatentTransfer : For thousands of pairs; takes this as its mapper, too.

    Notes
    -----
    Spectra without partners should be of the same population on both sides. Where they
    are not, the rotation is wrong; the standards then give it a small share. Secondary
    ones alone tell what each standard stands for, primary ones alone complete spectra.

    What is expected is for materials that the standards are of. On simulated LIBS maps
    new spectra are missed by 1.4 times what is expected with 20 standards that
    `select_standards` chose, and by 1.2 times with 20 at random (medians of ten maps,
    `benchmarks/expected.py`), on single maps by more than three times.

    A single sample, or copies of one spectrum, leave nothing to be left out: the mean
    difference is added, or the mean primary spectrum is given, where axes are not
    known. Errors that are expected are nan then. Of two, each is judged by
    the other: the same, unless the spectra as they are miss clearly less.

    References
    ----------
    .. [1] L. Breiman, "Stacked regressions", Machine Learning 24 (1996) 49.

    Examples
    --------
    >>> from spectransfer import FewStandardsTransfer
    >>> from spectransfer.datasets import make_instrument_pair
    >>> from spectransfer.metrics import relative_squared_error
    >>> pair = make_instrument_pair(n_spectra=300, random_state=0)
    >>> transfer = FewStandardsTransfer().fit(
    ...     pair.X_secondary[:12], pair.X_primary[:12],
    ...     X_unpaired=pair.X_secondary[12:150], y_unpaired=pair.X_primary[150:250],
    ... )
    >>> predicted = transfer.predict(pair.X_secondary[250:])
    >>> bool(relative_squared_error(pair.X_primary[250:], predicted) < 0.3)
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "priors": [tuple, list],
        "wavelengths_secondary": ["array-like", None],
        "wavelengths_primary": ["array-like", None],
    }
    __metadata_request__fit = {
        "X_unpaired": True,
        "y_unpaired": True,
        "sample_id": True,
    }

    def __init__(
        self,
        priors: tuple[str, ...] = (
            "nothing",
            "resampled",
            "window",
            "joint",
            "rotation",
            "completed",
        ),
        *,
        wavelengths_secondary: ArrayLike | None = None,
        wavelengths_primary: ArrayLike | None = None,
    ) -> None:
        self.priors = priors
        self.wavelengths_secondary = wavelengths_secondary
        self.wavelengths_primary = wavelengths_primary

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        X_unpaired: ArrayLike | None = None,
        y_unpaired: ArrayLike | LibraryMoments | None = None,
        sample_id: ArrayLike | None = None,
    ) -> "FewStandardsTransfer":
        """Learn from shared standards, and from spectra without partners.

        Parameters
        ----------
        X : array-like of shape (n_spectra, n_secondary)
            Secondary spectra of the shared standards.
        y : array-like of shape (n_spectra, n_primary) or (n_spectra,)
            Primary spectra of the same spots.
        X_unpaired : array-like of shape (n_unpaired, n_secondary), default=None
            Secondary spectra of the material that is to be transferred. They may hold
            those of the standards. scikit-learn's cross-validation divides them, and
            `y_unpaired`, into folds where they have exactly as many rows as `X`.
        y_unpaired : array-like of shape (n_library, n_primary) or LibraryMoments, \
                default=None
            Primary spectra of the same kind of material, such as the library, or what
            is told of them. With axes they complete spectra, also by themselves; the
            rotation needs `X_unpaired`, too.
        sample_id : array-like of shape (n_spectra,), default=None
            Sample of each spectrum: replicates are left out together. None takes every
            spectrum for a sample, and warns where they look like replicates.

        Returns
        -------
        FewStandardsTransfer
            The fitted estimator.
        """
        secondary, primary, axes = self._checked(X, y)
        self._check_priors()
        spectra, library = check_unpaired(
            self, X_unpaired, y_unpaired, primary.shape[1]
        )
        moments = populations(spectra, library)
        own = moments[0]
        self.to_measure_: IntArray = np.empty(0, dtype=np.intp)
        samples = together_if_copies(samples_of(sample_id, secondary), secondary)
        try:
            resampled = resampling(self, axes, (secondary.shape[1], primary.shape[1]))
        except WavelengthError:
            unknown = any(axis is None for axis in axes)
            if not unknown and not {"resampled", "window"}.isdisjoint(self.priors):
                raise
            resampled = None
        standards = Standards(secondary, primary, samples)
        priors = partial(
            all_maps, self.priors, unpaired=moments, resampled=resampled, axes=axes
        )
        maps, unlike, unseen = priors(standards), None, None
        if spectra is not None and own is not None:
            unlike = to_measure(secondary, spectra, own)
            found = many(unlike)
            materials = minor_materials(secondary, samples, own) if found else []
            if materials:
                apart = Standards(secondary, primary, samples, materials)
                rows = np.concatenate(apart.left[: len(materials)])
                unseen = of_unseen(priors(apart), unlike.share, rows)
        counts = np.ones(len(secondary)) if own is None else stood_for(secondary, own)
        weights, seen = self._weigh(maps, primary, len(samples), counts, unseen)
        given = spectra is not None, library is not None
        known = Known(len(samples), axes, resampled is not None, moments, given)
        asked = {prior.name for prior in maps}
        self.report_ += not_asked(self.priors, asked, known)
        warn_of_idle_library(self.priors, asked, known)
        warn_of_no_use(seen, len(samples))
        if own is not None:
            warn_of_other_units(secondary, own, "X_unpaired")
        if "completed" in asked and moments[1] is not None:
            warn_of_another_library(primary, moments[1])
            warn_of_other_units(primary, moments[1], "y_unpaired")
        if unlike is not None and unlike.n:
            self._tell_of(unlike, unseen is not None)
        mixture = mixed(
            maps, weights, Mixture(secondary.mean(axis=0), primary.shape[1])
        )
        means = mixture.center, mixture.at_center
        self._keep(means, mixture.local, mixture.factors())
        if spectra is not None and moments[1] is not None:
            warn_of_stretch(self._moved, spectra, primary, moments[1])
        return self

    def _check_priors(self) -> None:
        known = ("nothing", "resampled", "window", "joint", "rotation", "completed")
        wrong = [prior for prior in self.priors if prior not in known]
        if wrong or not self.priors:
            raise ValueError(
                f"priors must be some of {', '.join(known)}, but they are "
                f"{self.priors!r}. Leave priors out to ask them all."
            )

    def _weigh(
        self,
        maps: list[Any],
        primary: FloatArray,
        n_samples: int,
        counts: FloatArray,
        unseen: Unseen | None,
    ) -> tuple[FloatArray, float]:
        """Give the share of every map, and what they miss of what is seen.

        Tells how they were found, too.
        """
        sizes = [len(prior.strengths) for prior in maps]
        names = np.repeat([prior.name for prior in maps], sizes)
        strengths = np.concatenate([prior.strengths for prior in maps])
        weights, counted = of_a_single_sample(names, strengths), None
        seen = np.full((len(names), len(names)), np.nan)
        mean = counts @ primary / counts.sum()
        spread = counts @ ((primary - mean) ** 2).sum(axis=1) or np.nan
        if n_samples > 1:
            gram, seen = grams(maps, primary.shape, counts)
            counted = seen
            if unseen is not None:
                gram = unseen.added(gram, (maps[0].standards.y ** 2).sum())
                counted = unseen.added(seen, spread)
            # few standards know little of what they stand for
            known = 1.0 - _UNSURE / n_samples
            gram = (1.0 - known) * gram + known * counted
            # of two, a left-out sample leaves a single one, which knows no strengths
            if n_samples > 2:
                weights = mixing_weights(gram)
            weights = unless_untransferred(weights, names, np.diag(gram), n_samples)
        kinds = list(dict.fromkeys(names.tolist()))
        self.shares_ = {kind: float(weights[names == kind].sum()) for kind in kinds}
        self.strengths_ = {
            kind: middle(strengths[names == kind], weights[names == kind])
            for kind in kinds
        }
        self.transferred_ = self.shares_.get("untransferred", 0.0) < 1.0
        self.expected_rse_ = {"mixture": np.nan} | dict.fromkeys(kinds, np.nan)
        if counted is not None:
            errors = np.diag(counted) / spread
            self.expected_rse_["mixture"] = missed(weights, counted) / float(spread)
            for kind in kinds:
                self.expected_rse_[kind] = float(errors[names == kind].min())
        share = 0.0 if unseen is None else unseen.share
        self.report_ = said_by_standards(self, n_samples, share)
        return weights, missed(weights, seen) / float(spread)

    def _tell_of(self, unlike: Unlike, counted: bool) -> None:
        """Tell which spectra without partners no standard is like, and warn of many."""
        self.to_measure_ = unlike.rows
        said = in_words(unlike, counted)
        self.report_ += f" {said}"
        if many(unlike):
            warnings.warn(said, SpectransferWarning, stacklevel=5)
