-- The study list: what each user has set for it, what it is filtered by, and who is told when studies change.

create table user_setting (
    user_id    bigint primary key references user_account (id) on delete cascade,
    version    bigint not null,                  -- raised by each change, so that two windows do not undo each other
    settings   jsonb not null,
    changed_at timestamptz not null default now()
);

-- Of a series, as study_number of a study: the list is filtered by them.
alter table series
    add column body_part text collate "C" not null
        generated always as (coalesce(left(attributes #>> '{00180015,Value,0}', 64), '')) stored,
    add column institution text collate "C" not null
        generated always as (coalesce(left(attributes #>> '{00080080,Value,0}', 64), '')) stored;
create index series_by_body_part on series (body_part, study_id);
create index series_by_institution on series (institution, study_id);
create index finding_open on finding (study_id) where settled_at is null;

-- Server processes listen, and tell the pages that are open. A study's row is touched every two seconds at most while
-- its instances stream in, so this is seldom.
create function tell_of_study() returns trigger language plpgsql as $$
begin
    perform pg_notify('filmless_changes',
                      case tg_op when 'INSERT' then 'new ' else 'changed ' end || left(new.study_uid, 1000));
    return null;
end $$;
create trigger study_told after insert or update of last_received_at, is_shown, modalities, correction_version on study
    for each row execute function tell_of_study();

create function tell_of_settled() returns trigger language plpgsql as $$
begin
    perform pg_notify('filmless_changes', 'changed ' || left(study_uid, 1000))
    from study where id = old.study_id and last_received_at > now() - interval '1 hour';
    return null;
end $$;
create trigger study_settled after delete on settling for each row execute function tell_of_settled();

create function tell_of_session() returns trigger language plpgsql as $$
begin
    perform pg_notify('filmless_changes', 'session ' || encode(old.sha256, 'hex'));
    return null;
end $$;
create trigger session_ended after delete on session for each row execute function tell_of_session();
