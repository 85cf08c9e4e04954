"""The fields of each layer of the map, in the order of MAP, section Fields."""


def field_names(text: str) -> tuple[str, ...]:
    """The names in a text.

    >>> field_names("id home")
    ('id', 'home')
    """
    return tuple(text.split())


FULL_FIELDS = field_names(
    "id home kind name name_kana owner owner_ref prefecture_code municipality_code "
    "parent_id operation events drill edition changed_in grade grade_rank grade_ja "
    "grade_en basis na_reason expected p_d0 p_d1 p_d2 p_d3 p_d4 p_severe p_severe_low "
    "p_severe_high prior_p_severe set detectable_from seen_share looks sides "
    "best_gsd_m first_seen_at last_seen_at last_grade disputed review "
    "confirmed_by_role confirmed_at priority priority_rank importance "
    "importance_source hazard hazard_kind hazard_unit hazard_sigma_ln fragility_ref "
    "clock_kind clock_due_at clock_basis secondary ce90_m geometry_source "
    "geometry_ce90_m reasons_ja reasons_en evidence_ref audience model_id "
    "source_licence"
)
"""An asset in files and in tiles of zoom 14."""

SLIM_FIELDS = field_names(
    "id home kind name grade grade_rank basis na_reason expected p_severe "
    "detectable_from last_seen_at disputed review clock_due_at priority_rank "
    "changed_in drill edition"
)
"""An asset in tiles of zoom 12 and 13, and below."""

SUMMARY_FIELDS = field_names(
    "id level code name kind n n_na n_na_not_observed n_d0 n_d1 n_d2 n_d3 n_d4 "
    "n_confirmed n_disputed n_waiting expected_severe expected_severe_low "
    "expected_severe_high worst_grade observed_share oldest_seen_at newest_seen_at "
    "clocks_open clocks_overdue edition drill"
)
"""A cell of the summary, zoom 5 to 11."""

DAMAGE_FIELDS = field_names(
    "id asset_id frame_id class score area_m2 length_m max_width_mm ce90_m captured_at "
    "detector review"
)
"""An outline of damage on the ground."""

COVERAGE_FIELDS = field_names("frame_id captured_at gsd_m usable reason sortie")
"""What one frame saw of the ground."""
