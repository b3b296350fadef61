"""Paired spectra of two instruments: generated, and read from files."""
