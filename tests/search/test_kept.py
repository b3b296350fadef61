"""What a search keeps in its folder, and what is not taken for it."""

import joblib
import pytest
from kept_searches import search_in
from learners import Descent, Logged
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from spectransfer.exceptions import SpectransferWarning
from spectransfer.search import HalvingSearch


def searched(folder, transform, **options):
    estimator = make_pipeline(FunctionTransformer(transform), Descent())
    space = {"descent__rate": [0.01, 0.1]}
    return HalvingSearch(
        estimator, space, folder=folder, random_state=0, **{"resource": None} | options
    )


def test_functions_of_one_name_are_different_searches(maps, tmp_path):
    first = searched(tmp_path, lambda z: z).fit(**maps)
    second = searched(tmp_path, lambda z: z * 0).fit(**maps)
    alone = searched(None, lambda z: z * 0).fit(**maps)
    assert second.best_score_ == alone.best_score_ != first.best_score_


def test_what_cannot_be_told_from_its_like_is_not_kept_and_says_so(maps, tmp_path):
    transform = FunctionTransformer(hides)
    search = searched(tmp_path, None)
    search.set_params(estimator__functiontransformer=transform)
    with pytest.warns(SpectransferWarning, match=r"hides, which calls eval") as told:
        search.fit(**maps)
    assert [warning.filename for warning in told] == [__file__]
    assert not list(tmp_path.iterdir())
    whole = searched(None, None).fit(**maps)
    assert_array_equal(
        search.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"]
    )


def hides(spectra):
    return eval("spectra")


def test_whether_the_best_can_be_pickled_is_asked_before_the_first_fit(
    maps, fits, tmp_path
):
    estimator = make_pipeline(FunctionTransformer(lambda z: z), Logged())
    search = HalvingSearch(
        estimator,
        {"logged__rate": [0.1, 0.2, 0.3]},
        resource="logged__max_epochs",
        max_resources=3,
        random_state=0,
        folder=tmp_path,
    )
    with pytest.raises(TypeError, match=r"(?s)cannot be pickled.*refit=False"):
        search.fit(**maps)
    assert fits() == 0
    search.set_params(refit=False).fit(**maps)


def test_a_model_that_cannot_be_kept_after_all_costs_no_search(maps, tmp_path):
    search = search_in(tmp_path, LearnsWhatCannotBePickled())
    with pytest.warns(SpectransferWarning, match="could not be kept"):
        search.fit(**maps)
    assert search.predict(maps["X"]).shape == maps["y"].shape
    assert not list(tmp_path.glob("*.joblib"))


class LearnsWhatCannotBePickled(Descent):
    def fit(self, X, y):
        self.noted = lambda: X
        return super().fit(X, y)


DAMAGE = {
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "one bit": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "text": lambda content: b"null",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_model_is_trained_again_with_one_warning(
    maps, fits, tmp_path, damage
):
    first = search_in(tmp_path).fit(**maps)
    (kept,) = tmp_path.glob("*.joblib")
    kept.write_bytes(DAMAGE[damage](kept.read_bytes()))
    fits()
    with pytest.warns(SpectransferWarning, match="trained again") as told:
        again = search_in(tmp_path).fit(**maps)
    assert [warning.filename for warning in told] == [__file__]
    assert fits() == 1
    assert_array_equal(first.predict(maps["X"]), again.predict(maps["X"]))
    # it was mended
    search_in(tmp_path).fit(**maps)
    assert fits() == 0


def test_a_model_of_another_kind_is_not_taken_for_the_best(maps, fits, tmp_path):
    search_in(tmp_path).fit(**maps)
    (kept,) = tmp_path.glob("*.joblib")
    joblib.dump({"a": 1}, kept)
    with pytest.warns(SpectransferWarning, match="trained again"):
        again = search_in(tmp_path).fit(**maps)
    assert isinstance(again.best_estimator_, Logged)


RECORD = '{"format": 1, "parameters": {}, "score": %s, "fit_time": 0, "score_time": 0}'


@pytest.mark.parametrize(
    "content",
    ["null", "[" * 10**5, RECORD % '"1.0"', RECORD % "true", RECORD % "[]", "3", ""],
)
def test_damaged_records_are_made_again_with_one_warning(maps, fits, tmp_path, content):
    first = search_in(tmp_path, refit=False).fit(**maps)
    damaged = sorted(tmp_path.glob("*.json"))[:2]
    for file in damaged:
        file.write_text(content)
    fits()
    with pytest.warns(SpectransferWarning, match="2 of the kept fits") as told:
        again = search_in(tmp_path, refit=False).fit(**maps)
    assert [warning.filename for warning in told] == [__file__]
    assert fits() == 2
    assert_array_equal(
        first.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"]
    )
