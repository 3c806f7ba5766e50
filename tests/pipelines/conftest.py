"""Clusters on this machine: a Ray cluster of two nodes, and a Slurm cluster of one. Started once, for who asks."""

from collections.abc import Iterator

import pytest
from slurm_cluster import slurm_cluster

from pipelines.engines import Engine, LocalEngine
from pipelines.engines.ray import RayEngine
from pipelines.engines.slurm import SlurmEngine


@pytest.fixture(scope="session")
def ray_engine() -> Iterator[RayEngine]:
    """Two nodes of one CPU each."""
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Cluster()
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    yield RayEngine(kind="ray", address=cluster.address, memory_per_task_gb=0.1)
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="session")
def slurm_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmEngine]:
    """One node that says it has four CPUs, with daemons, keys and ports of its own."""
    with slurm_cluster(tmp_path_factory.mktemp("slurm")):
        yield SlurmEngine(kind="slurm", partition="cpu", mem_per_cpu_gb=0.1)


@pytest.fixture(
    params=["local", pytest.param("ray", marks=pytest.mark.ray), pytest.param("slurm", marks=pytest.mark.slurm)]
)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return LocalEngine(workers=2) if request.param == "local" else request.getfixturevalue(f"{request.param}_engine")
