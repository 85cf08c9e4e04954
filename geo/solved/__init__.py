"""Poses that other programs solved, one reader a format, one record out."""
