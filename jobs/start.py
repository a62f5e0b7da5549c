"""How a run's session of Spark starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from jobs.private_files import OF_HADOOP, are_private
from jobs.signals import listen_again
from warehouse.delta_log import local_table
from warehouse.jvm.files import hadoop_path
from warehouse.jvm.preflight import check_workers
from warehouse.jvm.session import build_session, under_spark_submit
from warehouse.pseudonyms import REDACTED
from warehouse.small_lake import rows_in_bronze, session_conf

if TYPE_CHECKING:
    from jobs.run import Run


def start_session(run: Run) -> SparkSession:
    """The session of a run, whose workers were found ready."""
    spark, conf = run.settings.spark, run.settings.spark.conf
    if local_table(run.lake.root) and not under_spark_submit():
        rows = rows_in_bronze(run.lake)
        conf = session_conf(spark, None if rows is None else rows + run.rows_ahead)
    if are_private(run.settings):
        conf = {**OF_HADOOP, **conf}
    if run.settings.privacy.pseudonyms:
        conf = {**REDACTED, **conf}
    session = build_session(f"distributary {run.job}", conf, master=spark.master)
    listen_again()
    hadoop_path(session, run.settings.lake)  # fail early with one clear line
    folders = {"lake": run.settings.lake, "landing.root": run.settings.landing.root}
    check_workers(session, folders, may_write=run.has_lake_alone, say=run.say)
    return session
