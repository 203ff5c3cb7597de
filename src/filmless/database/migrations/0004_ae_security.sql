-- Who speaks DICOM to us, told more closely: TLS certificates of peers, and AE titles of ours with views of their own.

alter table ae add column certificate text not null default '';  -- SHA-256 fingerprint or subject of its certificate
update ae set allow = allow || '{commit}' where 'store' = any (allow) and not 'commit' = any (allow);

-- The AE title that sent the first object of a series; views restrict by it.
alter table series add column source_ae text collate "C" not null default '';

-- Titles that are ours beside the configured one; empty lists restrict nothing.
create table called_ae (
    title        text primary key,
    allow        text[] not null,
    modalities   text[] not null default '{}',
    institutions text[] not null default '{}',
    issuers      text[] not null default '{}',
    source_aes   text[] not null default '{}',
    created_at   timestamptz not null default now()
);

create index event_of_association on event (actor, id) where kind = 'association-ended';
