"""Cracks and wires painted on real pictures, so that their truth is exact."""
