-- The records of the store, and the list of migrations. Every migration may be applied again, and only adds.
CREATE SCHEMA IF NOT EXISTS mcp_oauth_broker;

CREATE TABLE IF NOT EXISTS mcp_oauth_broker.migrations (
  number integer PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- site: the name of the store, as in Blobs. A preview has another one than production, so that a preview on a copy of
-- production's database reads none of production's rows.
-- value: JSON as text, since jsonb refuses NUL and lone surrogates, which JSON may hold.
-- version: the nonce of the write. A writer whose answer was lost knows its own record by it.
CREATE TABLE IF NOT EXISTS mcp_oauth_broker.records (
  site text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text NOT NULL,
  version text NOT NULL,
  PRIMARY KEY (site, key)
);

INSERT INTO mcp_oauth_broker.migrations (number) VALUES (1) ON CONFLICT DO NOTHING;
