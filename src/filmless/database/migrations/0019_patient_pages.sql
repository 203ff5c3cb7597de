-- Patients have a page: an address that says nothing of them, and one box to search them by.

alter table patient
    add column public_id uuid not null unique default gen_random_uuid(),
    -- Words of the name in each of its scripts and the Patient ID, each behind a blank, as study.search_text has them.
    add column search_text text collate "C" not null
        generated always as (' ' || translate(name_folded, '^=,', '   ') || ' ' || lower(patient_id)) stored;
create index patient_search on patient using gin (search_text gin_trgm_ops) with (gin_pending_list_limit = 256);
