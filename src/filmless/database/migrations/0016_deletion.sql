-- The bin: what was deleted by request. Such instances are kept and hidden, as those that a rejection note names, until they
-- are given back.

create table deletion (
    id           bigint generated always as identity primary key,
    public_id    uuid not null unique default gen_random_uuid(),
    study_uid    text not null,                  -- what was to be deleted: a study,
    series_uid   text,                           -- one of its series,
    instance_uid text,                           -- or one instance
    reason       text not null,
    actor        text not null,
    deleted_at   timestamptz not null default now(),
    instances    integer not null,               -- that it took out of use
    restored_by  text,
    restored_at  timestamptz                     -- null: they lie in the bin
);

-- An instance lies in the bin once at most: only what is served can be deleted.
create table deleted_instance (
    instance_id bigint primary key references kept_instance (id) on delete cascade,
    deletion_id bigint not null references deletion (id)
);
create index deleted_instance_of_deletion on deleted_instance (deletion_id);
