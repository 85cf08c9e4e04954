"""Every error we raise on purpose; callers catch these, a bug stays a bare one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.refusals import Refusal


class KarteError(Exception):
    """Base of all: the message names the thing, the value and the remedy."""


class InvalidRecordError(KarteError):
    """A record cannot be made from what was given."""


class UsageError(KarteError):
    """The command line asks for something that is not there or not possible."""


class ConfigError(KarteError):
    """The configuration cannot be read or holds a value that is not allowed."""


class CrsError(KarteError):
    """A coordinate reference system or vertical datum is missing or unknown."""


class AboveHorizonError(KarteError):
    """A ray that should meet the ground looks above the horizon."""


class TerrainError(KarteError):
    """An elevation grid cannot be read or does not cover the place."""


class WeightsError(KarteError):
    """Weights are unknown, changed, or not what their card says."""


class LedgerError(KarteError):
    """The store does not hold what its own entries promise."""


class ResourceError(KarteError):
    """Disk or memory ran out; the same call may be tried again."""


class NothingUsableError(KarteError):
    """Of all that was given nothing could be used."""


class RefusedError(KarteError):
    """One input is refused; `refusal` says what, why, and the remedy."""

    def __init__(self, refusal: "Refusal") -> None:
        """Keep the refusal beside the message."""
        super().__init__(
            f"{refusal.what}: {refusal.words_en} ({refusal.value}); {refusal.remedy}"
        )
        self.refusal = refusal

    def __reduce__(self) -> tuple[type["RefusedError"], tuple["Refusal"]]:
        """Cross from a worker process as what it was made of."""
        return (type(self), (self.refusal,))
