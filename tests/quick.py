"""Settings of Spark for small tables, which end before compiling pays. What is left out here runs as users run it."""

from __future__ import annotations

# Most of a small query's time is the compiling of its code and Delta's search for files to leave out; its default of 50
# partitions makes every small write slow. A commit starts half as many processes (chmod, readlink) without Hadoop's
# checksums beside the files of the log. Each sort and sum begins with a page of memory, by default of 32 MB, and each
# stage is sent in a block of 4 MB, which the collector must clear away.
QUICK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.databricks.delta.stats.skipping": "false",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.buffer.pageSize": "1m",
    "spark.broadcast.blockSize": "128k",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
}
# A code cache that holds everything: once it is full nothing more is compiled. Room for classes from the start, for it
# grows by collections of the whole heap. A heap in large pages, where the machine has them, is read a bit faster.
_JAVA = "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=384m -XX:MetaspaceSize=512m -XX:+UseTransparentHugePages"
# A process that runs once: the quick compiler alone takes less time than both.
RUN_ONCE = f"{_JAVA} -XX:TieredStopAtLevel=1"
# The session that all tests share lives for thousands of queries: what is hottest is worth the thorough compiler, from
# ten times as many calls and loops as by default.
SHARED_SESSION = " ".join(
    (
        _JAVA,
        "-XX:Tier4InvocationThreshold=50000",
        "-XX:Tier4MinInvocationThreshold=6000",
        "-XX:Tier4CompileThreshold=150000",
        "-XX:Tier4BackEdgeThreshold=400000",
    )
)
