"""What a scope reaches, as SQL: the one place where lists, counts, frames and retrieval are narrowed."""

from filmless.archive.scope import Scope
from filmless.database.find.writing import Parameters, all_of, any_of, select

PATIENT_COUNT = {
    "patient_studies": "count(distinct c.id)",
    "patient_series": "count(r.id)",
    "patient_instances": "coalesce(sum(r.instance_count), 0)",
}
STUDY_COUNT = {"study_series": "count(*)", "study_instances": "coalesce(sum(c.instance_count), 0)"}

_INSTITUTION = "attributes #>> '{00080080,Value,0}'"


class Reach:
    """A scope within one statement; tables are named by their aliases there."""

    def __init__(self, scope: Scope, bound: Parameters) -> None:
        self._scope = scope
        self._bound = bound

    def rows(self, *, study: str = "s", patient: str = "p", series: str | None = None) -> str:
        """Say which rows are reached: those of a series where it has a name, else studies with a series that is."""
        reached = [] if self._scope.everything else [self._named(study, patient)]
        view = self._scope.view
        if view is not None and view.issuers:
            reached.append(f"{patient}.issuer = any({self._bound.bind(sorted(view.issuers))}::text[])")
        if series is not None:
            reached += self._shown(series)
        elif shown := self._shown("v"):
            reached.append(
                f"exists ({select(f'from series v where v.study_id = {study}.id and v.is_shown and {all_of(shown)}')})"
            )
        return all_of(reached)

    def series(self, alias: str) -> str:
        """Say which series of a study that is reached are shown."""
        return all_of(self._shown(alias))

    def modalities(self) -> str:
        """Give the modalities of a study, of the series that are shown."""
        shown = self._shown("c")
        if not shown:
            return "s.modalities"
        which = f"c.study_id = s.id and c.modality <> '' and c.is_shown and {all_of(shown)}"
        return f"array({select(f'distinct c.modality from series c where {which} order by 1')})"

    def study_counts(self, counts: str) -> str:
        """Count what is shown of a study."""
        return select(f"{counts} from series c where c.study_id = s.id and c.is_shown and {self.series('c')}")

    def patient_counts(self, counts: str) -> str:
        """Count what is reached of a patient, of all who came under the same issuer and Patient ID."""
        return select(
            f"{counts} from patient o join study c on c.patient_id = o.id "
            f"left join series r on r.study_id = c.id and r.is_shown and {self.series('r')} "
            "where o.issuer = p.issuer and o.patient_id = p.patient_id and (o.patient_id <> '' or o.id = p.id) "
            f"and c.is_shown and {self.rows(study='c', patient='o')}"
        )

    def _named(self, study: str, patient: str) -> str:
        scope, reached = self._scope, []
        if scope.study_uids:
            reached.append(f"{study}.study_uid = any({self._bound.bind(sorted(scope.study_uids))}::text[])")
        if scope.patient_keys:
            issuers, ids = zip(*sorted(scope.patient_keys), strict=True)
            keys = f"unnest({self._bound.bind(list(issuers))}::text[], {self._bound.bind(list(ids))}::text[])"
            reached.append(f"({patient}.issuer, {patient}.patient_id) in ({select(f'* from {keys}')})")
        return any_of(reached)

    def _shown(self, alias: str) -> list[str]:
        """Say what the view shows of a series."""
        view = self._scope.view
        if view is None:
            return []
        restrictions = (
            (f"{alias}.modality", view.modalities),
            (f"({alias}.{_INSTITUTION})", view.institutions),
            (f"{alias}.source_ae", view.source_aes),
        )
        return [
            f"{column} = any({self._bound.bind(sorted(values))}::text[])" for column, values in restrictions if values
        ]
