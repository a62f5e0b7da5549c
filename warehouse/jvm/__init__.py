"""What needs Spark's JVM itself: the session, Hadoop's file systems, Delta's log and Delta's commands.

Nothing outside of this package imports py4j or delta.tables or asks a session for its JVM, so everything else runs on
any engine with Spark's DataFrame API (see warehouse.engine).
"""
