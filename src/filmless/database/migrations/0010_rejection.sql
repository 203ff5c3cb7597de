-- Rejection notes (IHE RAD TF, Imaging Object Change Management): instances that they name are kept and not served.

-- All that is kept has rows in kept_instance; what is served is the view, so that whoever asks for instances gets those.
alter table instance rename to kept_instance;
alter table kept_instance add column hidden boolean not null default false;
create view instance as
select id, series_id, sop_class, transfer_syntax, instance_number, rows, columns, bits_allocated, frame_count, pack_id,
       pack_offset, length, head_length, pixel_offset, received_at, uid_digest, instance_uid, head_sha256, data_set_sha256
from kept_instance where not hidden;

create table rejection_note (
    id          bigint generated always as identity primary key,
    public_id   uuid not null unique default gen_random_uuid(),
    note_uid    text not null unique,            -- SOP Instance UID of the Key Object Selection Document
    title       text not null,                   -- code of the document title (DCM, PS3.16 CID 7011)
    study_uid   text not null,
    actor       text not null,
    received_at timestamptz not null,
    instances   integer not null                 -- named by the note
);

-- What must not be served, come or not; it never goes away.
create table rejection (
    uid_digest   uuid primary key,               -- as that of kept_instance
    instance_uid text not null,
    note_id      bigint not null references rejection_note (id)
);
create index rejection_of_note on rejection (note_id);

-- series.instance_count counts what is served. A series without any is not shown, nor is a study that has nothing
-- but rejection notes left.
alter table series add column is_shown boolean not null default true;
alter table series add column note_count integer not null default 0;  -- rejection notes among its instances
alter table study add column is_shown boolean not null default true;

create function settle_shown(which bigint) returns void language plpgsql as $$
declare
    its_study bigint;
begin
    update series set is_shown = instance_count > 0 where id = which and is_shown <> (instance_count > 0);
    select study_id into its_study from series where id = which;
    update study s set is_shown = v.is_shown, modalities = v.modalities
    from (select coalesce(bool_or(instance_count > note_count), false) as is_shown,
                 coalesce(array_agg(distinct modality order by modality) filter (where modality <> '' and is_shown), '{}')
                     as modalities
          from series where study_id = its_study) v
    where s.id = its_study and (s.is_shown, s.modalities) is distinct from (v.is_shown, v.modalities);
end $$;

create function settle_series() returns trigger language plpgsql as $$
begin
    perform settle_shown(new.id);
    return null;
end $$;
create trigger series_shown after update of instance_count, note_count on series
    for each row when ((old.instance_count > 0) <> (new.instance_count > 0)
                       or (old.instance_count > old.note_count) <> (new.instance_count > new.note_count))
    execute function settle_series();

create function settle_hidden() returns trigger language plpgsql as $$
begin
    perform settle_shown(new.series_id);
    return null;
end $$;
create trigger instance_hidden after insert on kept_instance
    for each row when (new.hidden) execute function settle_hidden();
