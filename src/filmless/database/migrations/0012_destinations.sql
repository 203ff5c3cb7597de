-- Peers as destinations: associations at one time, and what is told them of studies that have arrived (PS3.4 R).

alter table ae add column parallel smallint not null default 1 check (parallel between 1 and 16);
alter table ae add column notify_after integer check (notify_after > 0);  -- seconds of quiet; null: it is not told
alter table ae add column notified_to timestamptz not null default now(); -- arrivals up to here are noticed already

-- Notices that a peer has not taken yet.
create table availability_notice (
    id          bigint generated always as identity primary key,
    notice_uid  uuid not null default gen_random_uuid(),  -- SOP Instance UIDs of its parts come from it: each try the same
    ae          text not null references ae (title) on update cascade on delete cascade,
    study_uid   text not null,
    attempts    integer not null default 0,               -- that failed
    created_at  timestamptz not null default now()
);
