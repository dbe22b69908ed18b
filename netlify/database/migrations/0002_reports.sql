-- What a BI tool reads: docs/reports-in-sql.md. The views say what the admin pages say, and hold no data of their own. Nothing in this
-- schema shows a token, a grant, an email address or a name of a person. The service itself does not use it.
CREATE SCHEMA IF NOT EXISTS mcp_oauth_broker_reports;

-- A record as jsonb. NULL for one that jsonb refuses: a damaged record stops no query.
CREATE OR REPLACE FUNCTION mcp_oauth_broker_reports.json_of(value text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN value::jsonb;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

-- The lines of a list of texts in a record, each as its words. Lines of another form than the pattern are left out.
CREATE OR REPLACE FUNCTION mcp_oauth_broker_reports.lines_of(list jsonb, form text) RETURNS SETOF text[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF jsonb_typeof(list) IS DISTINCT FROM 'array' THEN RETURN; END IF;
  RETURN QUERY SELECT string_to_array(line, ' ') FROM jsonb_array_elements_text(list) AS line WHERE line ~ form;
END $$;

-- A number of a record, as it is and as a time in seconds since the epoch.
CREATE OR REPLACE FUNCTION mcp_oauth_broker_reports.number_of(value jsonb) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN value::text::double precision END
$$;
CREATE OR REPLACE FUNCTION mcp_oauth_broker_reports.time_of(value jsonb) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN mcp_oauth_broker_reports.number_of(value) BETWEEN 0 AND 32503680000
    THEN to_timestamp(mcp_oauth_broker_reports.number_of(value)) END
$$;

-- A text of a record.
CREATE OR REPLACE FUNCTION mcp_oauth_broker_reports.text_of(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(value) = 'string' THEN value #>> '{}' END
$$;

-- A day of a key, yyyymmdd. NULL if there is no such day.
CREATE OR REPLACE FUNCTION mcp_oauth_broker_reports.day_of(day text) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN make_date(substr(day, 1, 4)::int, substr(day, 5, 2)::int, substr(day, 7, 2)::int);
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $$;

-- The middle of a bucket of durations, in milliseconds: at most 5 % from every duration in it (lib/people/usage/histogram.ts).
CREATE OR REPLACE FUNCTION mcp_oauth_broker_reports.middle_of(bucket integer) RETURNS double precision
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN bucket <= 0 THEN 1 ELSE 2 * power(1.05 / 0.95, least(bucket, 250)) / (1.05 / 0.95 + 1) END
$$;

-- Companies and clients by their pseudonyms.
CREATE OR REPLACE VIEW mcp_oauth_broker_reports.companies AS
SELECT site, split_part(key, '/', 2) AS company,
  mcp_oauth_broker_reports.text_of(json -> 'name') AS name,
  mcp_oauth_broker_reports.text_of(json -> 'domain') AS domain,
  mcp_oauth_broker_reports.time_of(json -> 'firstSeenAt') AS first_seen_at
FROM mcp_oauth_broker.records, mcp_oauth_broker_reports.json_of(value) AS json
WHERE key >= 'companies/' AND key < 'companies/~';

CREATE OR REPLACE VIEW mcp_oauth_broker_reports.clients AS
SELECT site, split_part(key, '/', 2) AS client,
  mcp_oauth_broker_reports.text_of(json -> 'name') AS name,
  mcp_oauth_broker_reports.text_of(json -> 'host') AS verified_host
FROM mcp_oauth_broker.records, mcp_oauth_broker_reports.json_of(value) AS json
WHERE key >= 'clients/' AND key < 'clients/~';

-- People by their pseudonyms, with the company of the latest sign-in. Who they are is known to admins, on the admin pages.
CREATE OR REPLACE VIEW mcp_oauth_broker_reports.people AS
SELECT names.site, split_part(names.key, '/', 2) AS person,
  mcp_oauth_broker_reports.text_of(named -> 'company') AS company,
  mcp_oauth_broker_reports.text_of(held -> 'domain') AS email_domain,
  mcp_oauth_broker_reports.time_of(held -> 'firstSeenAt') AS first_seen_at,
  mcp_oauth_broker_reports.time_of(held -> 'lastSeenAt') AS last_sign_in_at
FROM mcp_oauth_broker.records AS names
CROSS JOIN LATERAL mcp_oauth_broker_reports.json_of(names.value) AS named
LEFT JOIN mcp_oauth_broker.records AS users
  ON users.site = names.site AND users.key = 'users/' || mcp_oauth_broker_reports.text_of(named -> 'sub')
LEFT JOIN LATERAL mcp_oauth_broker_reports.json_of(users.value) AS held ON true
WHERE names.key >= 'people/' AND names.key < 'people/~';

-- Events: calls of tools and steps of sign-ins, of the days that are not counted yet. kind: call or step.
CREATE OR REPLACE VIEW mcp_oauth_broker_reports.events AS
SELECT left(site, -15) AS site, day::timestamp AT TIME ZONE 'UTC' + make_interval(
    hours => substr(key, 15, 2)::int, mins => 10 * substr(key, 17, 1)::int + substr(key, 19, 1)::int,
    secs => substr(key, 20, 5)::int / 1000.0::double precision) AS at,
  day,
  nullif(split_part(key, '/', 4), '-') AS person,
  nullif(split_part(key, '/', 5), '-') AS company,
  nullif(split_part(key, '/', 6), '-') AS client,
  split_part(split_part(key, '/', 7), '.', 1) AS kind,
  substr(split_part(key, '/', 7), strpos(split_part(key, '/', 7), '.') + 1) AS name,
  split_part(split_part(key, '/', 8), '.', 1) AS outcome,
  nullif(split_part(split_part(key, '/', 8), '.', 2), '') AS reason,
  split_part(key, '/', 9)::bigint AS milliseconds
FROM (
  SELECT site, key FROM mcp_oauth_broker.records
  WHERE site ~ '-usage-\d{8}$'
    -- A key of another form is no event. OFFSET keeps the server from reading more of it before it has looked.
    AND key ~ ('^usage/' || right(site, 8) || '([01]\d|2[0-3])[0-5]/\d[0-5]\d{4}/[^/]+/[^/]+/[^/]+/(call|step)\.[^/]+/[^/]+/\d{1,9}/[^/]+$')
  OFFSET 0
) AS events, mcp_oauth_broker_reports.day_of(right(site, 8)) AS day
WHERE day IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM mcp_oauth_broker.records AS counted
  WHERE counted.site = left(events.site, -15) AND counted.key = 'usage-days/' || right(events.site, 8)
);

-- How often each client did what on each day. Today is included.
CREATE OR REPLACE VIEW mcp_oauth_broker_reports.usage_by_day AS
SELECT site, mcp_oauth_broker_reports.day_of(right(key, 8)) AS day, nullif(line[1], '-') AS client,
  split_part(line[2], '.', 1) AS kind, substr(line[2], strpos(line[2], '.') + 1) AS name,
  split_part(line[3], '.', 1) AS outcome, nullif(split_part(line[3], '.', 2), '') AS reason, line[4]::bigint AS count
FROM mcp_oauth_broker.records,
  mcp_oauth_broker_reports.lines_of(mcp_oauth_broker_reports.json_of(value) -> 'cells', '^\S+ \S+ \S+ \d{1,15}( \d{1,15})*$') AS line
WHERE key >= 'usage-days/' AND key < 'usage-days/~'
UNION ALL
SELECT site, day, client, kind, name, outcome, reason, count(*)
FROM mcp_oauth_broker_reports.events GROUP BY site, day, client, kind, name, outcome, reason;

-- How long it took: so many durations of about so many milliseconds.
CREATE OR REPLACE VIEW mcp_oauth_broker_reports.durations_by_day AS
SELECT site, mcp_oauth_broker_reports.day_of(right(key, 8)) AS day, nullif(line[1], '-') AS client,
  split_part(line[2], '.', 1) AS kind, substr(line[2], strpos(line[2], '.') + 1) AS name,
  split_part(line[3], '.', 1) AS outcome, nullif(split_part(line[3], '.', 2), '') AS reason,
  mcp_oauth_broker_reports.middle_of(line[at]::int) AS milliseconds, line[at + 1]::bigint AS count
FROM mcp_oauth_broker.records,
  mcp_oauth_broker_reports.lines_of(mcp_oauth_broker_reports.json_of(value) -> 'cells', '^\S+ \S+ \S+ \d{1,15}( \d{1,3} \d{1,15})*$') AS line,
  generate_series(5, cardinality(line), 2) AS at
WHERE key >= 'usage-days/' AND key < 'usage-days/~'
UNION ALL
SELECT site, day, client, kind, name, outcome, reason, greatest(milliseconds, 1), count(*)
FROM mcp_oauth_broker_reports.events
GROUP BY site, day, client, kind, name, outcome, reason, greatest(milliseconds, 1);

-- The same by company. NULL: people without a company.
CREATE OR REPLACE VIEW mcp_oauth_broker_reports.usage_by_company AS
SELECT site, mcp_oauth_broker_reports.day_of(split_part(key, '/', 2)) AS day, nullif(line[1], '-') AS company,
  nullif(split_part(used, ' ', 1), '-') AS client,
  split_part(split_part(used, ' ', 2), '.', 1) AS kind,
  substr(split_part(used, ' ', 2), strpos(split_part(used, ' ', 2), '.') + 1) AS name,
  split_part(split_part(used, ' ', 3), '.', 1) AS outcome,
  nullif(split_part(split_part(used, ' ', 3), '.', 2), '') AS reason,
  line[at + 1]::bigint AS count
FROM mcp_oauth_broker.records,
  mcp_oauth_broker_reports.json_of(value) AS json,
  mcp_oauth_broker_reports.lines_of(json -> 'companies', '^\S+ \d{1,15}( \d{1,9} \d{1,15})*$') AS line,
  generate_series(3, cardinality(line), 2) AS at,
  mcp_oauth_broker_reports.text_of(json -> 'uses' -> line[at]::int) AS used
WHERE key >= 'usage-day-companies/' AND key < 'usage-day-companies/~'
UNION ALL
SELECT site, day, company, client, kind, name, outcome, reason, count(*)
FROM mcp_oauth_broker_reports.events GROUP BY site, day, company, client, kind, name, outcome, reason;

-- The same by person, for as long as MCP_KEEP_PEOPLE_USAGE_DAYS says. NULL: anonymous callers. 'forgotten': people who were forgotten.
CREATE OR REPLACE VIEW mcp_oauth_broker_reports.usage_by_person AS
SELECT site, mcp_oauth_broker_reports.day_of(split_part(key, '/', 2)) AS day, nullif(line[1], '-') AS person,
  nullif(split_part(used, ' ', 1), '-') AS company, nullif(split_part(used, ' ', 2), '-') AS client,
  split_part(split_part(used, ' ', 3), '.', 1) AS kind,
  substr(split_part(used, ' ', 3), strpos(split_part(used, ' ', 3), '.') + 1) AS name,
  split_part(split_part(used, ' ', 4), '.', 1) AS outcome,
  nullif(split_part(split_part(used, ' ', 4), '.', 2), '') AS reason,
  line[at + 1]::bigint AS count
FROM mcp_oauth_broker.records,
  mcp_oauth_broker_reports.json_of(value) AS json,
  mcp_oauth_broker_reports.lines_of(json -> 'people', '^\S+( \d{1,9} \d{1,15} \d{1,15})*$') AS line,
  generate_series(2, cardinality(line), 3) AS at,
  mcp_oauth_broker_reports.text_of(json -> 'combinations' -> line[at]::int) AS used
WHERE key >= 'usage-day-people/' AND key < 'usage-day-people/~'
UNION ALL
SELECT site, day, person, company, client, kind, name, outcome, reason, count(*)
FROM mcp_oauth_broker_reports.events GROUP BY site, day, person, company, client, kind, name, outcome, reason;

INSERT INTO mcp_oauth_broker.migrations (number) VALUES (2) ON CONFLICT DO NOTHING;
