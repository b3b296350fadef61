"""Secondary spectra are looked at where they enter, whatever the first step is."""

import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer

from spectransfer import (
    DirectMLPTransfer,
    KNNTransfer,
    PrimarySpaceRegressor,
    Training,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers
from spectransfer.exceptions import SpectransferWarning, WavelengthError
from spectransfer.metrics import make_transfer_scorer, relative_squared_error
from spectransfer.preprocessing import BaselineCorrector, StandardScaler

pd = pytest.importorskip("pandas")


class Silent(TransformerMixin, BaseEstimator):
    """A step of a user's, which knows no names."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.asarray(X)


def derivative():
    chemotools = pytest.importorskip("chemotools.derivative")
    return chemotools.SavitzkyGolay(15, 2, 1)


FIRST = {
    "derivative": derivative,
    "function": FunctionTransformer,
    "silent": Silent,
    "scaler": StandardScaler,
    "baseline": lambda: BaselineCorrector(10, smooth_window=5),
    "nothing": lambda: None,
}


@pytest.fixture(scope="module")
def pair():
    return make_instrument_pair(40, n_secondary=30, n_primary=35, random_state=0)


def secondary(pair, shift=0.0, style=lambda place: f"{place} nm"):
    names = [style(place + shift) for place in pair.wavelengths_secondary.tolist()]
    return pd.DataFrame(pair.X_secondary, columns=names)


def behind(first, last=None):
    return make_transfer_pipeline(
        last or Ridge(), secondary=FIRST[first](), primary=None
    )


@pytest.mark.parametrize("style", [float, lambda place: f"{place} nm"])
@pytest.mark.parametrize("first", FIRST)
def test_another_axis_is_refused_behind_any_first_step(pair, first, style):
    primary = pair.as_frames()[1]
    transfer = behind(first).fit(secondary(pair, style=style), primary)
    other = secondary(pair, 5.0, style)
    scorer = make_transfer_scorer(relative_squared_error)
    for use in (
        lambda: transfer.predict(other),
        lambda: transfer.score(other, primary),
        lambda: scorer(transfer, other, primary),
    ):
        with pytest.raises(WavelengthError, match="first channel that differs is 0"):
            use()


@pytest.mark.parametrize("first", FIRST)
def test_one_axis_in_another_spelling_is_the_same_behind_any_first_step(pair, first):
    primary = pair.as_frames()[1]
    transfer = behind(first).fit(secondary(pair), primary)
    expected = transfer.predict(secondary(pair))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for style in (str, float, lambda place: f"{place}nm"):
            found = transfer.predict(secondary(pair, style=style))
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("first", FIRST)
def test_a_column_beside_channels_is_refused_behind_any_first_step(pair, first):
    table = secondary(pair).assign(sample_no=range(40))
    with pytest.raises(WavelengthError, match="sample_no"):
        behind(first).fit(table, pair.X_primary)


@pytest.mark.parametrize("first", ["derivative", "function", "silent", "baseline"])
@pytest.mark.parametrize("side", ["secondary", "primary"])
def test_unordered_channels_are_refused_where_order_matters(pair, first, side):
    frames = list(pair.as_frames())
    which = ["secondary", "primary"].index(side)
    n = frames[which].shape[1]
    for order, advice in (
        (np.arange(n)[::-1], "reverse the columns"),
        (np.random.default_rng(0).permutation(n), "argsort"),
    ):
        mixed = list(frames)
        mixed[which] = frames[which].iloc[:, order]
        steps = {"secondary": None, "primary": None, side: FIRST[first]()}
        with pytest.raises(WavelengthError, match=advice):
            make_transfer_pipeline(Ridge(), **steps).fit(*mixed)


def test_the_order_of_channels_does_not_matter_to_a_regressor(pair):
    frame, primary = pair.as_frames()
    order = np.random.default_rng(0).permutation(frame.shape[1])
    KNNTransfer().fit(frame.iloc[:, order], primary)
    behind("nothing").fit(frame.iloc[:, order], primary)
    behind("scaler").fit(frame.iloc[:, order], primary)


def test_a_derivative_across_a_gap_is_warned_of(pair):
    frame, primary = pair.as_frames()
    with pytest.warns(SpectransferWarning, match="gap"):
        behind("derivative").fit(frame.iloc[:, [*range(15), *range(25, 30)]], primary)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        behind("derivative").fit(frame, primary)


def test_spectra_beside_the_pairs_are_compared_behind_a_foreign_step(pair):
    frame, primary = pair.as_frames()
    network = DirectMLPTransfer((4,), training=Training(n_steps=2), random_state=0)
    with pytest.raises(WavelengthError, match="X_val"):
        behind("function", network).fit(
            frame, primary, X_val=secondary(pair, 5.0), y_val=primary
        )


def test_a_refused_or_nameless_fit_leaves_the_axis_that_belongs_to_it(pair):
    frame, primary = pair.as_frames()
    transfer = behind("silent").fit(frame, primary)
    with pytest.raises(WavelengthError):
        transfer.fit(secondary(pair).iloc[:, ::-1], primary)
    with pytest.raises(WavelengthError):
        transfer.predict(secondary(pair, 5.0))
    transfer.fit(pair.X_secondary, pair.X_primary)
    transfer.predict(secondary(pair, 5.0))
    assert not hasattr(transfer, "feature_names_in_")


@pytest.mark.parametrize("first", ["derivative", "function", "baseline", "nothing"])
def test_pairs_are_predicted_without_warnings_by_what_frames_have_fitted(pair, first):
    primary = FIRST[first]()
    fitted = make_transfer_pipeline(Ridge(), secondary=FIRST[first](), primary=primary)
    fitted.fit(*pair.as_frames())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate_transfers({"fitted": fitted}, pair, pair)


def test_a_regressor_alone_knows_its_axis_in_another_spelling(pair):
    primary = pair.as_frames()[1]
    transfer = PrimarySpaceRegressor(Ridge()).fit(secondary(pair), primary)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer.predict(secondary(pair, style=float))
