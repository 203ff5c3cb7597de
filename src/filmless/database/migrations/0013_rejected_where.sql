-- A rejection note hides an instance where it says that it lies, in its study and series; several may name one.

alter table rejection add column study_uid text not null default '', add column series_uid text not null default '';
update rejection r set study_uid = t.study_uid, series_uid = s.series_uid
from kept_instance i join series s on s.id = i.series_id join study t on t.id = s.study_id
where i.uid_digest = r.uid_digest;
alter table rejection drop constraint rejection_pkey, add primary key (uid_digest, note_id);
