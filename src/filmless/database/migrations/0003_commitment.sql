-- Storage commitment (PS3.4 J): what peers asked us to keep safe, what was found, and whether they know it.

create table commitment (
    id              bigint generated always as identity primary key,
    public_id       uuid not null unique default gen_random_uuid(),
    ae              text not null,               -- calling AE title
    called_ae       text not null,
    address         text not null default '',
    transaction_uid text not null,
    list_sha256     bytea not null,              -- of the references: the same request once more is the same row
    is_duplicate    boolean not null default false,  -- another list came under this Transaction UID before
    sop_classes     text[] not null,             -- of each reference, in the order of the request
    instance_uids   text[] not null,
    failures        integer[],                   -- Failure Reason of each, 0 where it is safe; null: undecided
    requested_at    timestamptz not null,
    wait_seconds    integer not null,            -- for instances that have not come
    state           text not null default 'waiting',
    serial          integer not null default 0,  -- of the job that may go on with it
    attempts        integer not null default 0,  -- reports that did not reach the peer
    next_at         timestamptz,                 -- when the next step is due; null when there is none
    last_error      text not null default '',
    reported_at     timestamptz,
    unique (ae, transaction_uid, list_sha256)
);

-- How a peer's commitments are handled; without a row, or where a value is empty, as the peer itself is reached.
create table ae_commitment (
    title        text primary key references ae (title) on update cascade on delete cascade,
    host         text not null default '',
    port         integer not null default 0 check (port between 0 and 65535),
    called_title text not null default '',
    wait_seconds integer not null default 600 check (wait_seconds >= 0),
    proof        text not null default 'hash'
);

update ae set allow = allow || '{commit}' where 'store' = any (allow) and not 'commit' = any (allow);
