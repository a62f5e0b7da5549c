"""deploy/: what can be checked of an image and a manifest without a registry and a cluster."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.settings import load_settings
from tests.docs.page_steps import REPOSITORY
from tests.test_architecture import MAY_IMPORT
from warehouse.settings_file import read_yaml

DEPLOY = REPOSITORY / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
MANIFEST: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))


def one(kind: str) -> dict[str, Any]:
    [found] = [part for part in MANIFEST if part["kind"] == kind]
    return found


def driver() -> dict[str, Any]:
    [container] = one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_the_manifests_settings_are_those_of_a_shop(tmp_path: Path) -> None:
    [(name, text)] = one("ConfigMap")["data"].items()
    (tmp_path / name).write_text(text)
    assert load_settings(tmp_path / name).lake == "/shop/lake"


def test_driver_and_executors_run_one_image_and_mount_the_volume_of_the_lake_at_one_place() -> None:
    [command] = driver()["args"]
    conf = dict(re.findall(r"--conf (\S+?)=(\S+)", command))
    volume = "spark.kubernetes.executor.volumes.persistentVolumeClaim.shop"
    assert conf["spark.kubernetes.container.image"] == driver()["image"]
    assert conf[f"{volume}.options.claimName"] == one("PersistentVolumeClaim")["metadata"]["name"]
    assert {"name": "shop", "mountPath": conf[f"{volume}.mount.path"]} in driver()["volumeMounts"]
    config = re.search(r"/opt/distributary/(\S+) --config /etc/distributary/(\S+)", command)
    assert config is not None
    assert (REPOSITORY / config[1]).is_file()
    assert config[2] in one("ConfigMap")["data"]


def test_one_run_at_a_time_and_none_is_repeated_blindly() -> None:
    spec = one("CronJob")["spec"]
    assert (spec["concurrencyPolicy"], spec["jobTemplate"]["spec"]["backoffLimit"]) == ("Forbid", 0)


def test_names_in_the_manifest_lead_somewhere() -> None:
    account, role, binding = one("ServiceAccount"), one("Role"), one("RoleBinding")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [subject["name"] for subject in binding["subjects"]] == [account["metadata"]["name"]]
    pod = one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert f"useradd --uid {pod['securityContext']['runAsUser']} " in DOCKERFILE


@pytest.mark.parametrize("script", ["deploy/install.sh", "deploy/entrypoint.sh", "scripts/pack.sh"])
def test_the_scripts_may_be_run_and_are_bash(script: str) -> None:
    assert (REPOSITORY / script).stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", REPOSITORY / script], check=False).returncode == 0


def test_the_image_gets_every_package_and_each_file_that_its_steps_name() -> None:
    sent = {
        line.removeprefix("!")
        for line in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    assert set(MAY_IMPORT) <= sent
    assert [name for name in sent if not (REPOSITORY / name).exists()] == []
    steps = re.findall(r"deploy/\w+\.sh", DOCKERFILE)
    assert set(steps) == {"deploy/install.sh", "deploy/entrypoint.sh"}
    assert all((REPOSITORY / step).is_file() for step in steps)


# What Spark sets for the pods of executors, and an executor's command line that shows itself instead of running.
EXECUTOR = {
    "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@10.0.0.1:7078",
    "SPARK_EXECUTOR_ID": "3",
    "SPARK_EXECUTOR_CORES": "2",
    "SPARK_EXECUTOR_MEMORY": "4096m",
    "SPARK_APPLICATION_ID": "spark-1",
    "SPARK_EXECUTOR_POD_IP": "10.0.0.2",
    "SPARK_EXECUTOR_POD_NAME": "shop-exec-3",
    "SPARK_RESOURCE_PROFILE_ID": "0",
    "SPARK_HOME": "/opt/distributary/spark",
    **{f"SPARK_JAVA_OPT_{number}": f"-Doption.{number}=a b" for number in (0, 1, 10, 2)},
}


def test_the_entrypoint_starts_an_executor_with_what_spark_asks_for(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    java.chmod(0o755)
    environment = {**EXECUTOR, "JAVA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}

    done = subprocess.run(
        [DEPLOY / "entrypoint.sh", "executor"], env=environment, capture_output=True, text=True, check=True
    )

    arguments = done.stdout.splitlines()
    assert arguments[:8] == [
        "-Doption.0=a b",
        "-Doption.1=a b",
        "-Doption.2=a b",
        "-Doption.10=a b",
        "-Xms4096m",
        "-Xmx4096m",
        "-cp",
        "/opt/distributary/spark/conf:/opt/distributary/spark/jars/*",
    ]
    assert arguments[8] == "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"
    assert dict(zip(arguments[9::2], arguments[10::2], strict=True)) == {
        "--driver-url": "spark://CoarseGrainedScheduler@10.0.0.1:7078",
        "--executor-id": "3",
        "--cores": "2",
        "--app-id": "spark-1",
        "--hostname": "10.0.0.2",
        "--resourceProfileId": "0",
        "--podName": "shop-exec-3",
    }


def test_the_entrypoint_runs_any_other_command_as_it_is() -> None:
    done = subprocess.run(
        [DEPLOY / "entrypoint.sh", "printf", "%s", "as it is"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "as it is"


def test_every_yaml_block_of_the_page_is_a_configuration(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "how-to" / "run-on-a-cluster.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "shop.yaml").write_text(block)
    assert load_settings(tmp_path / "shop.yaml").landing.root == read_yaml(tmp_path / "shop.yaml")["landing"]["root"]
