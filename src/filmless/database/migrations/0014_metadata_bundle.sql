-- Metadata bundles: the DICOM JSON of a series in compressed form, ready to be sent; and studies that wait for theirs.

-- A bundle is used only while its state is the one that the series' rows have now (database/bundles.py), so that
-- nothing has to be told when they change; it can always be made anew.
create sequence metadata_bundle_serial;
create table metadata_bundle (
    series_id       bigint primary key references series (id) on delete cascade,
    serial          bigint not null default nextval('metadata_bundle_serial'),
    state           bytea not null,              -- SHA-256 of what its instances were
    writer          text not null,               -- version of the program that made it
    root            text not null,               -- address of the DICOMweb service within it
    instances       integer not null,
    crc32           bigint not null,             -- of the JSON
    length          bigint not null,             -- bytes of the JSON
    deflated        bytea not null               -- objects joined by commas, deflated to a byte boundary, not ended
);
alter table metadata_bundle alter column deflated set storage external;  -- it is compressed, and read in parts

-- Studies with something that no bundle was made of yet. When nothing more comes, a job makes them and takes the row
-- away, unless its serial was raised meanwhile.
create sequence settling_serial;
create table settling (
    study_id   bigint primary key references study (id) on delete cascade,
    serial     bigint not null default nextval('settling_serial'),
    changed_at timestamptz not null default now(),
    not_before timestamptz,                      -- after a failure
    failures   integer not null default 0
);
create index settling_by_change on settling (changed_at);
insert into settling (study_id) select id from study;

create function unsettle(study bigint) returns void language sql as $$
    insert into settling (study_id) values (study) on conflict (study_id)
    do update set serial = nextval('settling_serial'), changed_at = now(), not_before = null, failures = 0
$$;
create function unsettle_study() returns trigger language plpgsql as $$
begin
    perform unsettle(new.id);
    return null;
end $$;
create function unsettle_study_of_instance() returns trigger language plpgsql as $$
begin
    perform unsettle(study_id) from series where id in (old.series_id, coalesce(new.series_id, old.series_id));
    return null;
end $$;
create trigger study_came after insert on study for each row execute function unsettle_study();
create trigger study_changed after update of last_received_at, correction_version on study
    for each row execute function unsettle_study();
create trigger instance_changed after update of hidden, series_id, data_set_sha256 or delete on kept_instance
    for each row execute function unsettle_study_of_instance();
