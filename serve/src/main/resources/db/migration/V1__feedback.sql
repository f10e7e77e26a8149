-- The same statements for SQLite and PostgreSQL: ids are text, times are epoch milliseconds, what has structure is JSON in a text.
-- Everything that is said about an answer hangs on it, so that it goes with it.

create table answer (
    id                 text    not null primary key,
    created            bigint  not null,
    model              text    not null,
    person             text    not null,   -- a name or the hash of one; empty if unknown
    messages           text    not null,   -- JSON: the conversation up to the answer
    message            text    not null,   -- JSON: the answer
    finish_reason      text    not null,
    prompt_tokens      bigint  not null,
    answer_tokens      bigint  not null,
    first_token_millis bigint  not null,
    total_millis       bigint  not null,
    settings           text    not null,   -- JSON: what the client asked for besides
    searched           text    not null    -- all words in lower case, since the databases do not agree on case
);
create index answer_by_time on answer (created, id);
create index answer_by_person on answer (person);

create table flag (
    answer_id text   not null references answer (id) on delete cascade,
    kind      text   not null,
    detail    text   not null,
    created   bigint not null,
    primary key (answer_id, kind)
);
create index flag_by_kind on flag (kind, answer_id);

create table rating (
    id         text   not null primary key,
    created    bigint not null,
    answer_id  text   not null references answer (id) on delete cascade,
    person     text   not null,
    verdict    text   not null,            -- up or down
    reason     text,
    correction text,
    searched   text   not null
);
create index rating_by_answer on rating (answer_id);
create index rating_by_time on rating (created, id);
create index rating_by_person on rating (person);

create table comparison (
    id       text   not null primary key,
    created  bigint not null,
    model    text   not null,
    person   text   not null,
    messages text   not null,
    a        text   not null,
    b        text   not null,
    choice   text   not null               -- a, b, tie or neither
);
create index comparison_by_time on comparison (created, id);
create index comparison_by_person on comparison (person);

create table label_item (
    id         text   not null primary key,
    created    bigint not null,
    task       text   not null,            -- ideal, choose or combine
    answer_id  text   not null references answer (id) on delete cascade,
    candidates text   not null,           -- JSON: texts to choose from or to combine, in the order in which they are shown
    unique (task, answer_id)
);
create index label_item_by_answer on label_item (answer_id);

create table label (
    id       text             not null primary key,
    created  bigint           not null,
    item_id  text             not null references label_item (id) on delete cascade,
    labeller text             not null,
    value    text             not null,    -- JSON
    seconds  double precision not null,
    unique (item_id, labeller)
);
create index label_by_labeller on label (labeller);
create index label_by_time on label (created, id);

create table secret (
    name  text not null primary key,
    value text not null
);
