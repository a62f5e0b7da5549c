"""k-means by Spark's machine learning library, which needs a JVM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyspark.mllib.clustering import KMeans, KMeansModel
from pyspark.mllib.linalg import Vectors
from pyspark.sql import SparkSession

from warehouse.jvm.session import java_class

Array = NDArray[np.float64]

MAX_STEPS = 100
TOLERANCE = 1e-6  # the search ends when no centre moves further


def k_means(spark: SparkSession, points: Array, start: Array) -> Array:
    """The centres of points (a row each), found from the centres `start` on and in their order.

    The points come from the driver and are one partition. There is no chance in it: the same points in the same order
    have the same centres on every machine. The RDD-based class is the one that takes a start; that of DataFrames, which
    calls it, draws one.
    """
    use_java_blas(spark)
    rows = spark.sparkContext.parallelize([Vectors.dense(point) for point in points], 1)
    first = KMeansModel([Vectors.dense(centre) for centre in start])
    found = KMeans.train(rows, len(start), maxIterations=MAX_STEPS, epsilon=TOLERANCE, initialModel=first)
    return np.array(found.clusterCenters)


def use_java_blas(spark: SparkSession) -> None:
    """Spark's library looks for a native BLAS when it is first used; where the machine has none, C code prints so on
    stderr. Vectors as short as these are added up in Java anyway."""
    java_class(spark, "java.lang.System").setProperty("dev.ludovic.netlib.blas.allowNative", "false")
