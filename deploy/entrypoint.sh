#!/usr/bin/env bash
# Starts what Kubernetes asks the image for: Spark's executor, whose arguments Spark gives as environment variables,
# or any other command as it is.
set -euo pipefail

if [ "${1:-}" != executor ]; then
    exec "$@"
fi
# SPARK_JAVA_OPT_0, SPARK_JAVA_OPT_1, …: one option of the JVM each.
mapfile -t options < <(env | sort --version-sort | sed -n 's/^SPARK_JAVA_OPT_[0-9]*=//p')
exec "$JAVA_HOME/bin/java" "${options[@]}" "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
    -cp "${SPARK_CONF_DIR:-$SPARK_HOME/conf}:$SPARK_HOME/jars/*" \
    org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
    --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
    --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" \
    --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" --podName "$SPARK_EXECUTOR_POD_NAME"
