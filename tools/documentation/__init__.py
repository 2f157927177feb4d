"""The documentation's generated part: reference pages, written from the code at build time."""
