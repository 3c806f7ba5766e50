"""Processes on several hosts, each of which runs the same command."""

import fcntl
import ipaddress
import shlex
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from typing_extensions import override

from pipelines.errors import PhaselineError
from training.declared.launch import TorchrunLaunch
from training.launching.follow import Follower, follow
from training.launching.launcher import Launcher, Stretch, torchrun
from training.launching.machine import obstacles_of_machine
from training.launching.processes import count_gpus
from training.manifest import Manifest

ANY_PORT = 9
SIOCGIFADDR = 0x8915  # of ioctl: the address of an interface (netdevice(7))
LIBRARIES = ("GLOO", "NCCL")  # left alone, they use the address of the host's own name, which may be the loopback's


@dataclass(frozen=True)
class TorchrunLauncher(Launcher):
    """This host's part of torchrun on all of them."""

    declared: TorchrunLaunch

    @cached_property
    def place(self) -> int:
        """Which of the hosts this machine is, from 0; raises PhaselineError where it is none of them."""
        for place, host in enumerate(self.declared.hosts):
            if is_here(host):
                return place
        raise PhaselineError(
            f"this machine, {socket.gethostname()}, is none of the hosts {', '.join(self.declared.hosts)}",
            "name it in the trainer's launch.hosts by a name or an address that it knows as its own",
        )

    @property
    def is_first(self) -> bool:
        """Whether this host prepares the run."""
        return self.place == 0

    @property
    def processes_per_host(self) -> int:
        return self.declared.processes_per_host or count_gpus() or 1

    @override
    def num_processes(self, manifest: Manifest) -> list[int]:
        num_hosts = range(len(self.declared.hosts), self.declared.fewest_hosts - 1, -1)
        return [number * self.processes_per_host for number in num_hosts]

    @override
    def obstacles(self, stretch: Stretch) -> Iterator[PhaselineError]:
        if self.is_first and not can_listen(self.declared.port):
            yield PhaselineError(
                f"port {self.declared.port} of this host is in use",
                "end the program that listens there, or name another one in the trainer's launch.port",
            )
        yield from self.obstacles_here(stretch)

    def obstacles_here(self, stretch: Stretch) -> Iterator[PhaselineError]:
        """What this machine lacks, where the fewest hosts are left, whose processes need the most memory each."""
        fewest = self.num_processes(stretch.run.manifest)[-1]
        yield from obstacles_of_machine(stretch, fewest, self.processes_per_host)

    @override
    def describe(self, stretch: Stretch) -> str:
        return shlex.join(self.command(stretch))

    @override
    def launch(self, stretch: Stretch, follower: Follower) -> int:
        grace_seconds = stretch.trainer.checkpoints.grace_seconds
        return follow(self.command(stretch), self.processes_per_host, follower, grace_seconds)

    def command(self, stretch: Stretch) -> list[str]:
        """The command line of this host.

        torchrun gives out ranks in the order of local addresses. The first host's is the least, so that it has rank 0,
        whose address alone is needed.
        """
        declared = self.declared
        goes_on = declared.fewest_hosts < len(declared.hosts)
        return [
            "env",
            *self.environment(),
            *torchrun(
                f"--nnodes={declared.fewest_hosts}:{len(declared.hosts)}",
                f"--nproc-per-node={self.processes_per_host}",
                "--rdzv-backend=c10d",
                f"--rdzv-endpoint={declared.hosts[0]}:{declared.port}",
                f"--rdzv-id={stretch.run.name}",
                f"--rdzv-conf=is_host={int(self.is_first)},last_call_timeout={declared.lost_after_seconds}",
                f"--local-addr={declared.hosts[0] if self.is_first else f'~{self.place:05d}'}",
                f"--max-restarts={declared.max_restarts if goes_on else 0}",
            ),
            *stretch.program,
            "--end-with-stdin",
        ]

    def environment(self) -> list[str]:
        """Variables of torchrun and its processes.

        A store that torchrun shares between rounds is not known to a host that comes back (torch 2.13).
        """
        over = self.declared.network_interface or interface_of(self.declared.hosts[self.place])
        return ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1", *(f"{name}_SOCKET_IFNAME={over}" for name in LIBRARIES if over)]


def is_here(host: str) -> bool:
    """Whether a name or an address is this machine's; raises PhaselineError for a name that nobody knows."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise PhaselineError(
            f"the host {host} is not known here: {error.strerror}", "mend the trainer's launch.hosts, or use addresses"
        ) from error
    return any(is_own_address(family, str(address[0])) for family, _, _, _, address in found)


def interface_of(host: str) -> str | None:
    """The network interface that has a host's IPv4 address; None for the loopback's, which no other host reaches."""
    address = socket.gethostbyname(host)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asking, SIOCGIFADDR, struct.pack("256s", name.encode()))
            except OSError:  # it has none
                continue
            if socket.inet_ntoa(answer[20:24]) == address and not ipaddress.ip_address(address).is_loopback:
                return name
    return None


def is_own_address(family: int, address: str) -> bool:
    """Whether packets to an address would not leave this machine: they would come from that address, too."""
    if ipaddress.ip_address(address).is_loopback:
        return True
    with socket.socket(family, socket.SOCK_DGRAM) as unused:
        try:
            unused.connect((address, ANY_PORT))  # which sends nothing
        except OSError:
            return False
        return bool(unused.getsockname()[0] == address)


def can_listen(port: int) -> bool:
    """Whether a port of this machine is free; one that a program has just left counts as free."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("", port))
        except OSError:
            return False
        return True
