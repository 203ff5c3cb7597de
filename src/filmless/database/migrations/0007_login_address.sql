-- Where people have signed in: guesses at their names from elsewhere do not lock them out there.
create table login_address (
    user_id bigint not null references user_account (id) on delete cascade,
    address text not null,
    last_at timestamptz not null default now(),
    primary key (user_id, address)
);
