"""Is this picture like what the weights learnt from? First form: distance and light."""

from typing import Final, Literal, TypeAlias

from vision.images import Quality, unusable_reason
from vision.weights import Card

DomainClause: TypeAlias = Literal["gsd", "dark", "blur", "unlike"]

_CLAUSES: Final[dict[str, DomainClause]] = {
    "dark": "dark",
    "blur": "blur",
    "overexposed": "unlike",  # the enumeration has no word of its own for it
}


def assess_domain(
    measured: Quality, *, gsd_m: float | None, card: Card
) -> DomainClause | None:
    """What puts a picture outside the weights' domain, or None.

    Says nothing about fog, water, indoor or kinds of structures: nothing here measures
    them. An unknown `gsd_m` is no clause; the caller calls the domain unverified.

    Args:
        measured: Quality of the whole picture.
        gsd_m: Ground sampling distance, metres a pixel; None if not known.
        card: Card of the weights. Finer than its `gsd_min_m` is no clause, because such
            a picture is reduced before it is read.
    """
    if gsd_m is not None and gsd_m > card.gsd_max_m:
        return "gsd"
    reason = unusable_reason(measured)
    return None if reason is None else _CLAUSES[reason]
