-- Two notes that hide the last two series of a study at one moment: whoever comes second looks when the first is done.

create or replace function settle_shown(which bigint) returns void language plpgsql as $$
declare
    its_study bigint;
begin
    update series set is_shown = instance_count > 0 where id = which and is_shown <> (instance_count > 0);
    select study_id into its_study from series where id = which;
    perform from study where id = its_study for no key update;
    update study s set is_shown = v.is_shown, modalities = v.modalities
    from (select coalesce(bool_or(instance_count > note_count), false) as is_shown,
                 coalesce(array_agg(distinct modality order by modality) filter (where modality <> '' and is_shown), '{}')
                     as modalities
          from series where study_id = its_study) v
    where s.id = its_study and (s.is_shown, s.modalities) is distinct from (v.is_shown, v.modalities);
end $$;
