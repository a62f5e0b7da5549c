"""Settings of Spark for small tables, which end before compiling pays. What is left out here runs as users run it."""

from __future__ import annotations

# Most of a small query's time is the compiling of its code, the description of its plan and Delta's search for files to
# leave out; its default of 50 partitions makes every small write slow.
QUICK = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.debug.maxToStringFields": "1",
    "spark.databricks.delta.stats.skipping": "false",
    "spark.databricks.delta.snapshotPartitions": "1",
}
# The quick compiler alone takes less time than both. Its code cache is small by default, and once full nothing more is
# compiled.
JAVA_OPTIONS = "-XX:+UseParallelGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
