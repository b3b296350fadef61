"""The primary side: one pass, its way back, and that it is whole or not there."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from spectransfer import BaselineCorrector, StandardScaler, WavelengthCropper
from spectransfer.exceptions import WavelengthError
from spectransfer.pipeline._primary_side import PrimarySide

pd = pytest.importorskip("pandas")


class Counting(BaselineCorrector):
    """A corrector that counts the spectra it has corrected."""

    n_corrected = 0

    def transform(self, X):
        type(self).n_corrected += len(X)
        return super().transform(X)


@pytest.fixture
def spectra(rng):
    return 100.0 + rng.random((40, 60)).cumsum(axis=1)


def corrector():
    return BaselineCorrector(10, smooth_window=5)


SIDES = {
    "corrected and scaled": lambda: make_pipeline(corrector(), StandardScaler(power=0)),
    "scaled, corrected, scaled": lambda: make_pipeline(
        StandardScaler(with_mean=False), corrector(), StandardScaler()
    ),
    "nested": lambda: make_pipeline(
        make_pipeline(corrector(), "passthrough"), StandardScaler()
    ),
    "components": lambda: make_pipeline(
        corrector(), StandardScaler(), PCA(4, svd_solver="full")
    ),
    "a union": lambda: FeatureUnion([("all", StandardScaler()), ("few", PCA(2))]),
    "one step": StandardScaler,
    "remembered": lambda: make_pipeline(corrector(), StandardScaler(), memory=None),
}


@pytest.mark.parametrize("name", SIDES)
def test_one_pass_gives_what_fit_and_transform_give(name, spectra):
    expected = SIDES[name]().fit(spectra, None)
    side, prepared = PrimarySide.fit(SIDES[name](), spectra, spectra)
    assert_array_equal(prepared, expected.transform(spectra))
    assert_array_equal(side.prepare(2 * spectra), expected.transform(2 * spectra))
    assert_array_equal(side.transformer.transform(spectra), prepared)


def test_a_memory_of_the_side_is_asked(tmp_path, spectra):
    remembered = make_pipeline(corrector(), StandardScaler(), memory=str(tmp_path))
    _, prepared = PrimarySide.fit(remembered, spectra, spectra)
    assert any(tmp_path.rglob("*.pkl"))
    plain = PrimarySide.fit(SIDES["corrected and scaled"](), spectra, spectra)[1]
    assert prepared.shape == plain.shape


def test_every_spectrum_is_corrected_once_in_a_fit(spectra):
    Counting.n_corrected = 0
    side = make_pipeline(Counting(10, smooth_window=5), StandardScaler())
    PrimarySide.fit(side, spectra, spectra)
    assert Counting.n_corrected == len(spectra)


def test_the_transformer_given_and_the_spectra_stay_as_they_were(spectra):
    given, before = SIDES["corrected and scaled"](), spectra.copy()
    PrimarySide.fit(given, spectra, spectra)
    assert_array_equal(spectra, before)
    assert not hasattr(given[-1], "mean_")


def test_a_frozen_side_is_not_fitted_again(spectra):
    known = SIDES["corrected and scaled"]().fit(spectra)
    side, prepared = PrimarySide.fit(FrozenEstimator(known), 3 * spectra, 3 * spectra)
    assert_array_equal(prepared, known.transform(3 * spectra))
    assert side.transformer.estimator is known


def test_a_frozen_step_among_others_is_not_fitted_again(spectra):
    known = StandardScaler().fit(spectra)
    side, _ = PrimarySide.fit(
        make_pipeline(FrozenEstimator(known), PCA(3)), 5 * spectra, 5 * spectra
    )
    assert_array_equal(side.steps[0].mean_, known.mean_)


# the others lose components, or have no way back
@pytest.mark.parametrize("name", sorted(SIDES.keys() - {"components", "a union"}))
def test_undoing_what_was_prepared_gives_the_space_of_predictions(name, spectra):
    side, prepared = PrimarySide.fit(SIDES[name](), spectra, spectra)
    found = side.undo(prepared)
    assert_allclose(found, side.in_prediction_space(spectra), rtol=1e-9, atol=1e-8)


def test_numbers_that_a_foreign_step_makes_are_searched_by_the_next():
    spectra = np.array([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0]])

    def root(values):
        with np.errstate(invalid="ignore"):
            return np.sqrt(values)

    side = make_pipeline(FunctionTransformer(root), StandardScaler())
    with pytest.raises(ValueError, match="spectrum 1, channel 1"):
        PrimarySide.fit(side, spectra, spectra)


def test_the_axis_is_that_of_the_columns(spectra):
    axis = np.linspace(400, 500, 60)
    frame = pd.DataFrame(spectra, columns=[str(w) for w in axis])
    side, _ = PrimarySide.fit(StandardScaler(), frame, spectra)
    assert_array_equal(side.axis.values, axis)
    plain, _ = PrimarySide.fit(StandardScaler(), spectra, spectra)
    assert plain.axis is None
    words = frame.set_axis([f"line {i}" for i in range(60)], axis=1)
    assert PrimarySide.fit(None, words, spectra)[0].axis is None


@pytest.mark.parametrize("transformer", [None, StandardScaler()])
def test_spectra_on_another_axis_are_refused(transformer, spectra):
    axis = np.linspace(400, 500, 60)
    frame = pd.DataFrame(spectra, columns=[str(w) for w in axis])
    side, _ = PrimarySide.fit(transformer, frame, spectra)
    shifted = frame.set_axis([str(w) for w in axis + 1], axis=1)
    for method in (side.prepare, side.in_prediction_space, side.fitted_to):
        if transformer is None and method == side.fitted_to:
            continue
        with pytest.raises(WavelengthError, match="400 there and 401 here"):
            method(shifted)


def test_a_side_fitted_to_blocks_is_the_one_fitted_to_the_whole(spectra):
    side, _ = PrimarySide.fit(SIDES["corrected and scaled"](), spectra, spectra)
    drifted = 3 * spectra[::-1] + 10
    whole = side.fitted_to(drifted)
    blocks = side.fitted_to(drifted, lambda: iter([drifted[:7], drifted[7:]]))
    for new, old in zip(whole.steps[-1:], blocks.steps[-1:], strict=True):
        assert_allclose(new.mean_, old.mean_, rtol=1e-12)
        assert_allclose(new.scale_, old.scale_, rtol=1e-9)


def test_what_is_fitted_to_a_map_keeps_the_cut_of_a_cropper(spectra):
    axis = np.arange(60.0)
    transformer = make_pipeline(
        WavelengthCropper(10, 49, wavelengths=axis), StandardScaler()
    )
    side, prepared = PrimarySide.fit(transformer, spectra, spectra)
    assert side.fitted_to(2 * spectra).undo(prepared).shape == (40, 40)
