"""Spark settings for small tables: queries on them end before compiling pays. All other settings are those of users."""

from __future__ import annotations

from intake.knobs import BelievableTimes
from jobs.settings import load_settings
from warehouse.jvm.session import JAVA_OPTIONS
from warehouse.knobs import part_of

# Those of small lakes, but for Java's options, which follow. Without Hadoop's checksum files for the log, a commit
# starts half as many processes (chmod, readlink). Spark writes the text of every query's plan for its page, which tests
# have not; where no code is generated, the mode "codegen" has nothing to write.
QUICK = {name: value for name, value in load_settings().spark.small_lake_conf.items() if name != JAVA_OPTIONS} | {
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
    "spark.sql.ui.explainMode": "codegen",
}
# The code cache must hold everything, because Java stops compiling once it is full. The metaspace has its size from the
# start, because it grows by full garbage collections. A heap in large pages, if the machine has them, is a bit faster.
_JAVA = "-Xss8m -XX:+UseParallelGC -XX:ReservedCodeCacheSize=384m -XX:MetaspaceSize=512m -XX:+UseTransparentHugePages"
# For a process that runs once: the quick compiler alone takes less time than both compilers.
RUN_ONCE = f"{_JAVA} -XX:TieredStopAtLevel=1"
# The session that all tests share runs thousands of queries: its hottest methods are worth the optimizing compiler. The
# thresholds are ten times the defaults.
SHARED_SESSION = " ".join(
    (
        _JAVA,
        "-XX:Tier4InvocationThreshold=50000",
        "-XX:Tier4MinInvocationThreshold=6000",
        "-XX:Tier4CompileThreshold=150000",
        "-XX:Tier4BackEdgeThreshold=400000",
    )
)
# Which moments are believed, as in conf/base.yaml.
BELIEVABLE = part_of(load_settings().landing, BelievableTimes)
