"""Choice of the engine by the options `--workers`, `--engine` and `--address`."""

from importlib.util import find_spec

from wildaffect.core.errors import MissingExtra, UsageError
from wildaffect.engines.engine import Engine, InProcess, Job, Outcome, Plan, Worker
from wildaffect.engines.processes import Processes, check_num_workers


def choose_engine(
    plan: Plan[Job, Outcome],
    num_workers: int,
    cluster: str | None,
    *,
    num_gpus: int = 0,
    here: Worker[Job, Outcome] | None = None,
) -> Engine[Job, Outcome]:
    """Return the engine of a command.

    Args:
        plan: Configuration of the workers.
        num_workers: Maximum number of workers; a single one without Ray is this process.
        cluster: Address of a Ray cluster, `local` to start Ray on this machine; None to run
            without Ray.
        num_gpus: GPUs of each worker on Ray.
        here: Worker of this process, if it is already there; the plan's by default.

    Raises:
        UsageError: If `num_workers` is less than 1.
        MissingExtra: If Ray is used and not installed.
    """
    check_num_workers(num_workers)
    if cluster is None:
        if num_workers == 1:
            return InProcess(plan.worker if here is None else lambda: here)
        return Processes(plan, num_workers)
    if find_spec("ray") is None:
        raise MissingExtra("the engine ray", "cluster")
    from wildaffect.engines.ray_actors import RayActors  # noqa: PLC0415 - an extra

    return RayActors(plan, num_workers, address=cluster, num_gpus=num_gpus)


def cluster_of(engine: str, address: str) -> str | None:
    """Return the argument `cluster` for the flags `--engine` and `--address`.

    Raises:
        UsageError: If there is an address without Ray.
    """
    if engine == "local" and address != "local":
        raise UsageError(f"--address {address}: only valid with --engine ray")
    return address if engine == "ray" else None
