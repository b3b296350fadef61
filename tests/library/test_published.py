"""A published library opens anywhere, and is looked up, verified and extended."""

import json
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spectransfer.datasets import make_instrument_pair
from spectransfer.exceptions import FileFormatError, WavelengthError
from spectransfer.library import open_library
from spectransfer.metrics import k_score
from spectransfer.spectra import Axis, Spectra

PAIR = make_instrument_pair(n_spectra=300, random_state=0)
Y, HELD_OUT = PAIR.X_primary[:200], PAIR.X_primary[200:]
AXIS = Axis(PAIR.wavelengths_primary, "nm")
NAMES = np.array([f"spot {i}" for i in range(200)])


def test_an_unpublished_name_is_none_and_mean_spectra_are_those_of_samples(
    published, path, vae
):
    assert published(path, vae, sample_id=None).sample_id is None
    samples = np.repeat(np.arange(50), 4)[::-1]
    opened = published(path, vae, sample_id=samples, mean_spectra=True)
    measured = opened.transform_target(Y)
    expected = np.stack([measured[samples == s].mean(axis=0) for s in range(50)])
    assert_allclose(opened.mean_spectra, expected, rtol=1e-5, atol=1e-3)


def test_lookup_finds_the_entries_that_all_distances_would_give(library):
    decoded = library.decode(library.latents)
    queries = decoded[[5, 17]] + np.random.default_rng(0).normal(size=decoded[:2].shape)
    found = library.lookup(queries, 3)
    apart = np.sqrt(((queries[:, None] - decoded.astype(float)) ** 2).sum(axis=2))
    order = np.argsort(apart, axis=1)[:, :3]
    assert_array_equal(found.entry, order)
    assert_array_equal(found.sample_id, NAMES[order])
    assert_allclose(found.distance, np.take_along_axis(apart, order, 1), rtol=1e-5)
    latents = library.encode(queries, measured=False)
    z = np.linalg.norm(latents[:, None] - library.latents, axis=2)
    assert_allclose(
        found.latent_distance, np.take_along_axis(z, order, 1), rtol=1e-3, atol=1e-3
    )
    assert_array_equal(found.cluster, library.clusters.predict(queries))


def test_measured_primary_spectra_find_themselves(library):
    found = library.lookup(Y[:20], 1, measured=True)
    assert (found.sample_id[:, 0] == NAMES[:20]).mean() > 0.9


def test_clusters_are_those_of_kmeans_and_serve_the_k_score(library):
    from sklearn.cluster import KMeans

    decoded = library.decode(library.latents)
    kmeans = KMeans(4, random_state=0).fit(decoded)
    assert k_score(decoded, decoded, kmeans=library.clusters) == 1.0
    same = kmeans.labels_ == library.clusters.predict(decoded)
    assert same.all()


def test_spectra_on_another_axis_are_refused(library):
    moved = Spectra(library.decode(library.latents[:3]), AXIS.values + 3, unit="nm")
    with pytest.raises(WavelengthError):
        library.lookup(moved)
    with pytest.raises(WavelengthError):
        library.encode(Spectra(Y, AXIS.values + 3, unit="nm"))
    with pytest.raises(ValueError, match="Transfer them"):
        library.lookup(Y[:, :-1])
    with pytest.raises(ValueError, match="from 1 to 200"):
        library.lookup(Y[:1], 201)
    with pytest.raises(ValueError, match="6 columns"):
        library.decode(np.zeros((2, 5)))


def test_verify_tells_a_gain_and_a_strange_light_from_the_usual(library):
    assert library.verify(HELD_OUT).matches
    named = library.verify(Y, sample_id=NAMES)
    assert named.matches
    assert "matches" in repr(named)
    louder = library.verify(1.2 * Y, sample_id=NAMES)
    assert not louder.matches
    assert_allclose(louder.drift["gain"], 1.2, atol=0.02)
    assert any("gain" in reason for reason in louder.reasons)
    strange = HELD_OUT.copy()
    strange[:, ::7] += 0.3 * np.ptp(Y)
    assert not library.verify(strange).matches


def test_verify_without_anything_to_compare_is_refused(published, path, vae):
    opened = published(path, vae, spectra=None, latents=vae.transform(Y), held_out=None)
    with pytest.raises(ValueError, match="published without spectra"):
        opened.verify(HELD_OUT)
    with pytest.raises(ValueError, match="are not in it"):
        opened.verify(HELD_OUT, sample_id=np.arange(100))


def test_an_extended_library_knows_its_parent_and_keeps_decoder_and_clusters(
    library, tmp_path
):
    more = [f"new {i}" for i in range(10)]
    library.extend(
        tmp_path / "more.safetensors",
        spectra=HELD_OUT[:10],
        sample_id=more,
        card={"measured": "2026-12-01"},
    )
    opened = open_library(tmp_path / "more.safetensors")
    assert opened.parent == library.sha256
    assert opened.card["measured"] == "2026-12-01"
    assert_array_equal(opened.latents[:200], library.latents)
    assert_array_equal(opened.latents[200:], library.encode(HELD_OUT[:10]))
    assert_array_equal(opened.sample_id[200:], more)
    assert_array_equal(
        opened.decode(opened.latents[:3]), library.decode(library.latents[:3])
    )
    decoded = library.decode(library.latents)
    assert_array_equal(
        opened.clusters.predict(decoded), library.clusters.predict(decoded)
    )
    for names, words in ((None, "Pass sample_id"), (range(10), "Convert them")):
        with pytest.raises(ValueError, match=words):
            library.extend(tmp_path / "x", spectra=HELD_OUT[:10], sample_id=names)


def test_means_of_an_extended_library_are_those_of_all_spectra(
    published, path, vae, tmp_path
):
    samples = np.repeat(np.arange(50), 4)
    opened = published(path, vae, sample_id=samples, mean_spectra=True)
    added = np.r_[np.full(3, 7), np.full(2, 60)]
    opened.extend(tmp_path / "more", spectra=HELD_OUT[:5], sample_id=added)
    more = open_library(tmp_path / "more")
    every, names = np.r_[Y, HELD_OUT[:5]], np.r_[samples, added]
    measured = opened.transform_target(every)
    expected = np.stack([measured[names == s].mean(axis=0) for s in np.unique(names)])
    assert_allclose(more.mean_spectra, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.slow
def test_a_library_opens_decodes_and_looks_up_without_torch(library):
    program = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'skorch'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from spectransfer.library import open_library\n"
        "library = open_library(sys.argv[1])\n"
        "decoded = library.decode(library.latents[:3])\n"
        "print(library.lookup(decoded, 1).entry[:, 0].tolist())\n"
        "print(float(decoded.sum(dtype='float64')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(library._path)],
        capture_output=True,
        text=True,
        check=True,
    )
    entries, total = done.stdout.splitlines()
    assert json.loads(entries) == [0, 1, 2]
    assert_allclose(
        float(total), library.decode(library.latents[:3]).sum(dtype=float), rtol=1e-6
    )


def test_latents_are_not_read_when_a_large_library_is_opened(
    published, path, card, vae, monkeypatch
):
    from spectransfer.library import _container

    published(path, vae)
    seen = []
    digest = _container._digest
    monkeypatch.setattr(
        _container, "_digest", lambda array: seen.append(array.shape) or digest(array)
    )
    opened = open_library(path)
    repr(opened.card)
    assert (200, 6) not in seen
    assert isinstance(opened.latents, np.memmap)
    assert (200, 6) in seen


def test_a_library_from_an_address_is_downloaded_once_and_compared(
    library, tmp_path, monkeypatch
):
    pytest.importorskip("pooch")
    import http.server
    import threading

    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path != "/library.safetensors":
                self.send_error(404)
                return
            content = library._path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    monkeypatch.setenv("SPECTRANSFER_DATA", str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/library.safetensors"
        for _ in range(2):
            opened = open_library(url, sha256=library.sha256)
            assert_array_equal(opened.latents, library.latents)
        assert len(asked) == 1
        with pytest.raises(FileFormatError, match="SHA-256"):
            open_library(url, sha256="0" * 64)
        with pytest.raises(OSError, match="must be downloaded"):
            open_library(url.replace("library.", "other."))
    finally:
        server.shutdown()
        server.server_close()


def test_another_checksum_than_asked_for_is_refused(library):
    with pytest.raises(FileFormatError, match="must have the SHA-256"):
        open_library(library._path, sha256="0" * 64)
    assert open_library(library._path, sha256=library.sha256.upper()).sha256


def test_verify_refuses_foreign_names_and_says_what_it_did_not_look_at(library):
    with pytest.raises(ValueError, match="such as foreign"):
        library.verify(Y[:2], sample_id=["spot 0", "foreign"])
    assert "were not looked at" in repr(library.verify(HELD_OUT))
