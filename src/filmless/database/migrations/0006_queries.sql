-- Queries: a limit of answers per peer, dates and times at another offset from UTC.

alter table ae add column find_limit integer not null default 0;  -- answers to one C-FIND; 0: all there are
