-- Dates and times of day of senders, at the offset from UTC that a query names (PS3.4 C.2.2.2.5, (0008,0201)).

-- Minutes east of UTC of "+0130"; null for what is no offset.
create function offset_minutes(value text) returns integer immutable parallel safe language sql as $$
    select case when value ~ '^[+-](0[0-9]|1[0-4])[0-5][0-9]$'
        then (case left(value, 1) when '-' then -1 else 1 end)
            * (substr(value, 2, 2)::integer * 60 + substr(value, 4, 2)::integer)
    end
$$;

-- DA and TM as sent, null for what is none: what senders write is no reason to fail.
create function date_of(value text) returns date immutable parallel safe language plpgsql as $$
begin
    return case when replace(value, '.', '') ~ '^[0-9]{8}$' then to_date(replace(value, '.', ''), 'YYYYMMDD') end;
exception when others then
    return null;
end $$;
create function time_of(value text) returns time immutable parallel safe language plpgsql as $$
begin
    return case when value ~ '^[0-9]{2}[0-9:]*([.][0-9]+)?$' then
        (substr(rpad(translate(value, ':.', ''), 12, '0'), 1, 6) || '.'
            || substr(rpad(translate(value, ':.', ''), 12, '0'), 7, 6))::time
    end;
exception when others then
    return null;
end $$;

-- A day and a time of day of a sender whose offset from UTC is known, at an offset of so many minutes; without a time
-- or an offset they stay as they are, and a missing time is the begin of the day.
create function moment_at(day date, moment time, sent_at text, minutes integer)
returns timestamp immutable parallel safe language sql as $$
    select day + coalesce(moment, time '00:00') + case when moment is null then interval '0'
        else coalesce(make_interval(mins => minutes - offset_minutes(sent_at)), interval '0') end
$$;

-- The 20 digits of a DT, in UTC where it names its offset.
create function utc_digits(value text) returns text immutable parallel safe language plpgsql as $$
declare
    own text := substring(value from '[+-][0-9]{4}$');
    digits text := replace(regexp_replace(value, '[+-][0-9]{4}$', ''), '.', '');
begin
    digits := digits || substr('00000101000000000000', length(digits) + 1);
    return to_char(
        to_timestamp(left(digits, 14), 'YYYYMMDDHH24MISS') at time zone 'UTC'
            - make_interval(mins => coalesce(offset_minutes(own), 0)),
        'YYYYMMDDHH24MISS') || substr(digits, 15, 6);
exception when others then
    return digits;
end $$;
