-- Arrivals are followed by the transactions that recorded them: their moments come in another order than their commits.

alter table study add column arrived_in xid8;  -- the latest transaction that added instances; may lag as last_received_at
alter table study alter column arrived_in set default pg_current_xact_id();
create index study_by_transaction on study (arrived_in);

-- Arrivals in transactions before this one are noticed already.
alter table ae add column noticed_to xid8 not null default pg_current_xact_id();
update study set arrived_in = pg_current_xact_id()
where last_received_at > (select min(notified_to) from ae where notify_after is not null);
alter table ae drop column notified_to;

-- A notice waits until its study is quiet; what arrives meanwhile is told with it.
alter table availability_notice add column is_due boolean not null default true;
alter table availability_notice alter column is_due set default false;
create unique index availability_notice_waits on availability_notice (ae, study_uid) where not is_due;
