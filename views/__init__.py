"""Ready views: one SQL file for each question that people ask; packaged so that an installed job finds them."""

from importlib.resources import files

# A folder of a checkout or a wheel, or a place in a zip: read its files, and never take it for a path.
VIEWS_ROOT = files(__name__)
