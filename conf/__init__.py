"""The folder of settings, channel rules and source lists; packaged so that an installed job finds them."""

from pathlib import Path

CONF_ROOT = Path(__file__).parent
