"""Who may read the files that a run makes: on one machine the user alone, as they hold personal data.

On a cluster executors of other users write and read them: there the file system's own rights hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.settings import Settings
from warehouse.jvm.session import under_spark_submit

OWNER_ALONE = 0o077
# The same for files that Spark writes: Hadoop sets the rights of each itself.
OF_HADOOP = {"spark.hadoop.fs.permissions.umask-mode": f"{OWNER_ALONE:03o}"}


def current_umask() -> int:
    """The rights that new files of this process lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Files and folders that are made in the block lack these rights."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def are_private(settings: Settings) -> bool:
    """Whether a run's files are for the user alone."""
    is_one_machine = (settings.spark.master or "local").startswith("local") and not under_spark_submit()
    return settings.files.private and is_one_machine
