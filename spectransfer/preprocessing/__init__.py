"""What is done to spectra before a transfer: baseline, scale, wavelength axis."""
