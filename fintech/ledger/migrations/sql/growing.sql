-- Snapshots: what an account held after some line, kept for replay to check itself by.
CREATE TABLE ledger_snapshot (
  shard smallint NOT NULL,
  account integer NOT NULL,
  seq bigint NOT NULL,
  posted bigint NOT NULL,
  pending_debit bigint NOT NULL,
  pending_credit bigint NOT NULL,
  head bytea NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (shard, account, seq)
);

-- Take one of each account with so many lines since its last. Returns how many were taken.
CREATE FUNCTION ledger_take_snapshots(p_every bigint) RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  WITH taken AS (
    INSERT INTO ledger_snapshot (shard, account, seq, posted, pending_debit, pending_credit, head)
    SELECT b.shard, b.account, b.seq, b.posted, b.pending_debit, b.pending_credit, b.head
    FROM ledger_balance b
    LEFT JOIN LATERAL (SELECT s.seq FROM ledger_snapshot s
      WHERE s.shard = b.shard AND s.account = b.account ORDER BY s.seq DESC LIMIT 1) s ON true
    WHERE b.seq >= p_every AND b.seq - coalesce(s.seq, 0) >= p_every
    RETURNING 1)
  SELECT count(*) FROM taken
$$;

-- Archived months: partitions that were detached and stand in a schema of their own, where
-- they can be dumped, moved to cheaper disks, or dropped and brought back.
CREATE TABLE ledger_archived (
  suffix text PRIMARY KEY,
  low uuid NOT NULL,
  high uuid NOT NULL,
  entries bigint NOT NULL,
  lines bigint NOT NULL,
  archived_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- All of the journal, whether it is archived or not: what is verified, replayed, exported.
-- A line's place stands behind its hash on disk, and in a column of its own here.
CREATE FUNCTION ledger_columns(p_table regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_table::text !~ 'ledger_line' THEN
      string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    WHEN bool_or(attname = 'no') THEN  -- Archived long ago, with a place of one or two bytes.
      'seq, amount, pending, balance, account, shard, no::integer::smallint AS no, entry_id, hash'
    ELSE 'seq, amount, coalesce(pending, 0) AS pending, balance, account, shard, '
      'get_byte(hash, 32)::smallint AS no, entry_id, substr(hash, 1, 32) AS hash' END
  FROM pg_attribute WHERE attrelid = p_table AND attnum > 0 AND NOT attisdropped
$$;
CREATE FUNCTION ledger_see_whole() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  parent text;
  parts text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['ledger_entry', 'ledger_line'] LOOP
    SELECT string_agg(format(' UNION ALL SELECT %s FROM %s', ledger_columns(archived), archived),
        '' ORDER BY suffix) INTO parts
      FROM ledger_archived, to_regclass(format('ledger_archive.%I', parent || '_' || suffix)) archived
      WHERE archived IS NOT NULL;
    EXECUTE format('CREATE OR REPLACE VIEW ledger.%I AS SELECT %s FROM ledger.%I%s',
      parent || '_whole', ledger_columns(to_regclass('ledger.' || parent)), parent,
      coalesce(parts, ''));
  END LOOP;
END $$;

-- Archive a month: only one whose ids nobody can post again, and which is sealed whole.
CREATE FUNCTION ledger_archive_month(p_month timestamptz) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  suffix text := to_char(p_month AT TIME ZONE 'UTC', 'YYYYMM');
  low uuid := ledger_id_at(date_trunc('month', p_month AT TIME ZONE 'UTC') AT TIME ZONE 'UTC');
  high uuid := ledger_id_at(
    (date_trunc('month', p_month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
  parent text;
  entries bigint;
  lines bigint;
BEGIN
  IF high > ledger_id_at(now() - interval '401 days') THEN RETURN 'too young'; END IF;
  IF to_regclass(format('ledger.%I', 'ledger_entry_' || suffix)) IS NULL THEN
    RETURN 'not there';
  END IF;
  IF EXISTS (SELECT FROM ledger_pending WHERE id >= low AND id < high AND remaining > 0) THEN
    RETURN 'still pending';
  END IF;
  EXECUTE format('SELECT count(*) FROM ledger.%I', 'ledger_entry_' || suffix) INTO entries;
  EXECUTE format('SELECT count(*) FROM ledger.%I', 'ledger_line_' || suffix) INTO lines;
  IF entries > 0 AND (SELECT coalesce(max(to_xid), 0) FROM ledger_seal) <= (
      SELECT max(xid::text::bigint) FROM ledger_entry e WHERE e.id >= low AND e.id < high) THEN
    RETURN 'not sealed';
  END IF;
  FOREACH parent IN ARRAY ARRAY['ledger_entry', 'ledger_line'] LOOP
    EXECUTE format('ALTER TABLE ledger.%I DETACH PARTITION ledger.%I', parent, parent || '_' || suffix);
    -- A table by itself has no triggers of its parent any more; it gets its own.
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR INSERT ON ledger.%I FOR EACH ROW '
      'EXECUTE FUNCTION ledger.%I()', parent || '_is_append_only', parent || '_' || suffix,
      parent || '_is_append_only');
    EXECUTE format('ALTER TABLE ledger.%I SET SCHEMA ledger_archive', parent || '_' || suffix);
    EXECUTE format('GRANT SELECT ON ledger_archive.%I TO @ROLE@', parent || '_' || suffix);
  END LOOP;
  INSERT INTO ledger_archived (suffix, low, high, entries, lines)
    VALUES (suffix, low, high, entries, lines);
  PERFORM ledger_see_whole();
  RETURN 'archived';
END $$;
