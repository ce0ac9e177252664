"""The example organisation, receiving alerts."""

from tests.incidents.conftest import meridian

__all__ = ["meridian"]
