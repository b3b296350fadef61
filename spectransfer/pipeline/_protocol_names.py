"""The protocols under which transfers are judged, and what they mean."""

PROTOCOLS = {
    "deployable": "both sides scaled with statistics of the training spectra",
    "deployable-batch": (
        "secondary spectra scaled by their own map, primary ones with statistics of "
        "the training spectra"
    ),
    "paper": (
        "every map scaled by itself, the measured primary test map included; it "
        "cannot be had in deployment"
    ),
}
