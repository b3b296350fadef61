"""
How do I write a transfer of my own?
====================================

A transfer is a scikit-learn regressor from secondary to primary spectra, and nothing
else: no class of ours has to be inherited from. What passes scikit-learn's checks takes
its place in pipelines, searches and tables.

Here is one in thirty lines: every channel has a gain, and a ridge over all channels
learns what the gains leave,

.. math:: \\hat y = \\bar y + g \\circ (x - \\bar x) + B (x - \\bar x).

With ten standards of the built-in pair its relative squared error is 0.1178, where the
ridge alone has 0.5361, and spectra that are only brought to the primary's channels
0.2828: what is known beforehand need not be learned.

    python examples/write_your_own_transfer.py
"""

# %%
# The estimator
# -------------
# Gains need channels that mean the same on both sides; elsewhere the ridge is alone.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from spectransfer import (
    BaselineCorrector,
    OffsetTransfer,
    StandardScaler,
    WavelengthResampler,
    make_transfer_pipeline,
)
from spectransfer.datasets import make_instrument_pair
from spectransfer.evaluation import evaluate_transfers


class GainTransfer(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Gains where both sides have the same channels, and a ridge over all of them."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, y):
        """Learn gains, then what they leave."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True)
        Y = y.reshape(len(y), -1)
        self.one_output_ = y.ndim == 1
        self.means_ = X.mean(axis=0), Y.mean(axis=0)
        X, Y = X - self.means_[0], Y - self.means_[1]
        self.gain_ = 0.0
        if X.shape == Y.shape:
            power = np.maximum(np.sum(X**2, axis=0), np.finfo(float).tiny)
            self.gain_ = np.sum(X * Y, axis=0) / power
            Y = Y - X * self.gain_
        self.ridge_ = Ridge(self.alpha, fit_intercept=False).fit(X, Y)
        return self

    def predict(self, X):
        """Carry spectra over."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False) - self.means_[0]
        Y = self.means_[1] + self.ridge_.predict(X).reshape(len(X), -1)
        if np.ndim(self.gain_):
            Y = Y + X * self.gain_
        return Y.ravel() if self.one_output_ else Y


# %%
# Is it a good citizen?
# ---------------------
# scikit-learn tries it with many awkward inputs, and raises where one goes wrong. One
# of its checks asks for a score of 0.5 on made-up data; what may rightly miss that, as
# a regression on very few components does, says so in ``__sklearn_tags__``, with
# ``tags.regressor_tags.poor_score = True``.
results = check_estimator(GainTransfer())
print(f"scikit-learn has made {len(results)} checks")

# %%
# In one table with the others
# ----------------------------
# The secondary side brings the spectra to the primary's channels first; the rest of the
# pipeline does not know who wrote the regressor.
pair = make_instrument_pair(n_spectra=300, random_state=0)
prepare = Pipeline(
    [
        ("baseline", BaselineCorrector()),
        (
            "resampler",
            WavelengthResampler(
                pair.wavelengths_primary,
                wavelengths=pair.wavelengths_secondary,
                fill_value="edge",
            ),
        ),
        ("scaler", StandardScaler(power=0)),
    ]
)
transfers = {
    name: make_transfer_pipeline(regressor, secondary=prepare)
    for name, regressor in {
        "untransferred": OffsetTransfer("nothing"),
        "ridge": Ridge(10.0),
        "gain + ridge": GainTransfer(10.0),
    }.items()
}
table = evaluate_transfers(
    transfers,
    pair[:10],
    pair[100:],
    protocols=["deployable"],
    return_estimator=True,
)
print(table)

# %%
# One spectrum that it has not seen
# ---------------------------------
figure, ax = plt.subplots(figsize=(8.0, 3.2), layout="constrained")
own, new = table.estimators["gain + ridge"], pair[100:101]
measured = own[-1].transform_target(new.X_primary)[0]
ax.plot(pair.wavelengths_primary, measured, lw=2.6, alpha=0.45, label="measured")
for name, color in {"ridge": "#D55E00", "gain + ridge": "black"}.items():
    transferred = table.estimators[name].predict(new.X_secondary)[0]
    ax.plot(pair.wavelengths_primary, transferred, color=color, lw=0.8, label=name)
ax.set(xlabel="wavelength / nm", ylabel="counts")
ax.legend(frameon=False)
plt.show()
