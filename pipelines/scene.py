"""One frame and all that is open while it is looked at."""

from dataclasses import dataclass

from data.imagery import Frame
from geo.terrain import Terrain
from pipelines.reading import Reader
from vision.domain import DomainClause


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame and all that is open while it is looked at.

    Attributes:
        trained: Classes of both heads that the weights were trained on.
        coarsest_gsd_m: From here on a cell counts as unseen.
        model_gsd_m: Coarsest ground sampling distance the weights know.
        unlike: Clause by which the picture as a whole is out of the weights' domain.
    """

    frame: Frame
    terrain: Terrain
    reader: Reader
    trained: frozenset[str]
    coarsest_gsd_m: float
    model_gsd_m: float
    unlike: DomainClause | None = None
