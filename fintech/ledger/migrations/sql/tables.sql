-- The books. `shard` leads every key; nothing here reaches across shards.
-- An entry is the journal's record and is complete in itself; its lines are the same
-- record seen from each account, with sequence, running balance and hash chain.
-- Amounts are signed: debit positive, credit negative.

CREATE TABLE ledger_account (
  shard smallint NOT NULL,
  account integer GENERATED ALWAYS AS IDENTITY,
  digest uuid NOT NULL,  -- The account's identity: of book, address and currency.
  book uuid NOT NULL,
  code smallint NOT NULL,
  normal smallint NOT NULL,
  floor bigint,
  currency text NOT NULL,
  address text NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (shard, account),
  CONSTRAINT ledger_account_is_one_per_address_and_currency UNIQUE (shard, digest),
  CONSTRAINT ledger_account_is_normally_debit_or_credit CHECK (normal IN (1, -1)),
  CONSTRAINT ledger_account_holds_one_currency CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT ledger_account_has_an_address CHECK (address ~ '^[A-Za-z0-9_:.-]{3,200}$')
);

-- The only rows that change with every entry; what posting must know stands on the row
-- that it locks. Half empty pages keep every update on its page.
CREATE TABLE ledger_balance (
  posted bigint NOT NULL DEFAULT 0,
  pending_debit bigint NOT NULL DEFAULT 0,
  pending_credit bigint NOT NULL DEFAULT 0,
  seq bigint NOT NULL DEFAULT 0,
  floor bigint,
  account integer NOT NULL,
  shard smallint NOT NULL,
  normal smallint NOT NULL,
  digest uuid NOT NULL,
  currency text NOT NULL,
  closed boolean NOT NULL DEFAULT false,
  head bytea NOT NULL,
  PRIMARY KEY (shard, account),
  CONSTRAINT ledger_balance_is_one_per_account UNIQUE (shard, digest),
  CONSTRAINT ledger_balance_pending_is_not_negative
    CHECK (pending_debit >= 0 AND pending_credit >= 0),
  CONSTRAINT ledger_balance_keeps_its_floor CHECK (
    floor IS NULL
    OR CASE normal WHEN 1 THEN posted - pending_credit ELSE -posted - pending_debit END >= floor
  )
) WITH (fillfactor = 50);

CREATE SEQUENCE ledger_position AS bigint CACHE 1;

CREATE TABLE ledger_entry (
  position bigint NOT NULL DEFAULT nextval('ledger_position'),
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz,
  shard smallint NOT NULL,
  kind smallint NOT NULL,
  version smallint NOT NULL,
  formula smallint NOT NULL,
  id uuid NOT NULL,
  subject uuid,
  pending_id uuid,
  final boolean NOT NULL,
  template text NOT NULL,
  by text NOT NULL,
  lines bytea NOT NULL,
  expected jsonb,
  PRIMARY KEY (shard, id),
  CONSTRAINT ledger_entry_is_posted_pending_capture_or_release CHECK (kind BETWEEN 0 AND 3),
  CONSTRAINT ledger_entry_has_at_least_two_lines CHECK (
    octet_length(lines) >= 2 * CASE WHEN formula = 1 OR kind = 2 THEN 20 ELSE 12 END
    AND octet_length(lines) % CASE WHEN formula = 1 OR kind = 2 THEN 20 ELSE 12 END = 0),
  CONSTRAINT ledger_entry_names_the_pending_entry_it_ends
    CHECK ((kind IN (2, 3)) = (pending_id IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE INDEX ledger_entry_by_xid ON ledger_entry (xid);
CREATE INDEX ledger_entry_of_subject ON ledger_entry (subject) WHERE subject IS NOT NULL;
CREATE INDEX ledger_entry_expected_outside ON ledger_entry (xid) WHERE expected IS NOT NULL;

-- A row of 104 bytes: with a ninth column, a NULL would take eight bytes and save none. Who
-- reads lines reads `ledger_line_whole`, which tells place, hash and pending amount apart.
CREATE TABLE ledger_line (
  seq bigint NOT NULL,
  amount bigint NOT NULL,   -- What it adds to the posted balance.
  pending bigint,           -- What it adds to the pending side; NULL, which takes no room, for 0.
  balance bigint NOT NULL,  -- The posted balance after it.
  account integer NOT NULL,
  shard smallint NOT NULL,
  entry_id uuid NOT NULL,
  hash bytea NOT NULL,      -- And its place in the entry, as one byte more: see below.
  CONSTRAINT ledger_line_moves_something CHECK (amount <> 0 OR coalesce(pending, 0) <> 0),
  CONSTRAINT ledger_line_has_a_hash_and_a_place CHECK (octet_length(hash) = 33)
) PARTITION BY RANGE (entry_id);

-- Money set aside by a pending entry, and what is left of it.
CREATE TABLE ledger_pending (
  amount bigint NOT NULL,
  remaining bigint NOT NULL,
  expires_at timestamptz,
  debit integer NOT NULL,
  credit integer NOT NULL,
  shard smallint NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (shard, id),
  CONSTRAINT ledger_pending_sets_something_aside CHECK (amount > 0),
  CONSTRAINT ledger_pending_keeps_a_remainder_within_its_amount
    CHECK (remaining BETWEEN 0 AND amount)
) WITH (fillfactor = 70);

-- Partitions are made ahead, by month of the ids (uuidv7); the default is a safety net.
CREATE FUNCTION ledger_open_partition(suffix text, low uuid, high uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  bounds text := CASE WHEN low IS NULL THEN 'DEFAULT'
    ELSE format('FOR VALUES FROM (%L) TO (%L)', low, high) END;
  parent text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['ledger_entry', 'ledger_line'] LOOP
    IF to_regclass(format('ledger.%I', parent || '_' || suffix)) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF %I %s', parent || '_' || suffix, parent, bounds);
      EXECUTE format(
        'CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION ledger.%I()',
        parent || '_is_append_only_whole', parent || '_' || suffix, parent || '_is_append_only');
      EXECUTE format('REVOKE ALL ON %I FROM @ROLE@', parent || '_' || suffix);
      IF parent = 'ledger_line' THEN
        -- Per partition, so that it needs no time in it; across them the lock keeps it true.
        EXECUTE format(
          'ALTER TABLE %I ADD CONSTRAINT %I UNIQUE (shard, account, seq)',
          parent || '_' || suffix, parent || '_' || suffix || '_counts_each_account_once');
      END IF;
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION ledger_id_at(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION ledger_open_partitions(months integer) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  month timestamptz;
BEGIN
  FOR month IN SELECT generate_series(
      date_trunc('month', now() AT TIME ZONE 'UTC'),
      date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => months),
      '1 month') AT TIME ZONE 'UTC' LOOP
    PERFORM ledger_open_partition(
      to_char(month AT TIME ZONE 'UTC', 'YYYYMM'),
      ledger_id_at(month),
      ledger_id_at((month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'));
  END LOOP;
END $$;
