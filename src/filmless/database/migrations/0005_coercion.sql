-- Coercion: the rules of a site, and what they made of the objects that came.

create table coercion_rule (
    position   bigint generated always as identity,  -- rules are applied in this order
    name       text primary key,
    rule       jsonb not null,
    changed_at timestamptz not null default now()
);

-- How an instance differs from what was received when it is given out. Few have one; a study that has any, has a
-- correction_version above 0.
create table overlay (
    instance_id bigint primary key references instance (id) on delete cascade,
    record      jsonb not null,                -- as its pack keeps it: what was changed, when, by which rules
    edit        bytea not null                 -- the bytes that are replaced, packed
);
