"""The kinds of targets, one file each, and the process that is asked afterwards which version it serves."""

from collections.abc import Mapping
from typing import Any

from bot.incidents.models import Target as Configured
from bot.rollback.targets.contract import Applied, Outcome, Target, TargetFactory
from bot.rollback.targets.flag_file import FileLocks, FlagFile
from bot.rollback.targets.serving import ServingProcess

__all__ = [
    "Applied",
    "FileLocks",
    "FlagFile",
    "Outcome",
    "ServingProcess",
    "Target",
    "TargetFactory",
    "default_targets",
]


def default_targets() -> TargetFactory:
    """Return the factory of real targets; targets in the same file wait for each other."""
    locks = FileLocks()

    def make(target: Mapping[str, Any]) -> Target:
        configured = Configured.model_validate(target)
        return FlagFile(configured.file, configured.flag, ServingProcess(configured.serving_url), locks)

    return make
