"""A Slurm cluster of one node on this machine, with daemons, keys and ports of its own."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0
ReturnToService=2
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=4000 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES State=UP
"""


@contextmanager
def slurm_cluster(folder: Path) -> Iterator[None]:
    """A cluster that Slurm's commands find while the block runs: a node that says it has four CPUs, in ``cpu``."""
    if not all(shutil.which(name) for name in ("munged", "slurmctld", "slurmd", "sbatch")):
        pytest.skip("Slurm is not installed")
    if os.geteuid():
        pytest.skip("slurmd needs root")
    (folder / "spool").mkdir()
    (folder / "state").mkdir()
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key").chmod(0o600)
    conf = folder / "slurm.conf"
    ports = {"controller_port": free_port(), "node_port": free_port()}
    conf.write_text(SLURM_CONF.format(folder=folder, host=socket.gethostname().partition(".")[0], **ports))
    munge_files = [f"--{name}-file={folder}/munge.{name}" for name in ("key", "pid", "seed", "log")]
    daemons = [
        ["munged", "--force", "--foreground", f"--socket={folder}/munge.socket", *munge_files],
        ["slurmctld", "-D", "-f", str(conf)],
        ["slurmd", "-D", "-f", str(conf)],
    ]
    running = []
    with pytest.MonkeyPatch.context() as patch, (folder / "output.txt").open("w") as output:
        patch.setenv("SLURM_CONF", str(conf))
        try:
            for daemon in daemons:
                running.append(subprocess.Popen(daemon, stdout=output, stderr=subprocess.STDOUT))
                if daemon[0] == "munged":
                    wait_until((folder / "munge.socket").exists)
            wait_until(lambda: "idle" in answer("sinfo", "--noheader", "--format=%T"))
            yield
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answer(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what comes soon, if at all; pytest's own limit ends the rest."""
    while not condition():
        time.sleep(0.1)
