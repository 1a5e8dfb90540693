"""Glacier."""
