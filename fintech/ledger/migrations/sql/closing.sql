-- What is closed: periods of a book, and accounts. Both are told as rows that only grow;
-- the posting function refuses what falls into the one or names the other.
CREATE TABLE ledger_period (
  shard smallint NOT NULL,
  book uuid NOT NULL,
  version bigint NOT NULL,
  closed_before timestamptz NOT NULL,
  by text NOT NULL,
  closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (shard, book, version)
);

CREATE TABLE ledger_closing (
  shard smallint NOT NULL,
  account integer NOT NULL,
  version bigint NOT NULL,
  closed boolean NOT NULL,
  by text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (shard, account, version),
  -- An account is closed, opened again, closed …: each is told once.
  CONSTRAINT ledger_closing_alternates CHECK (closed = (version % 2 = 1))
);

-- Who posts holds this lock shared, who closes a period alone: what was posted before a
-- closing is committed before it, and what comes after sees it.
CREATE FUNCTION ledger_period_lock(p_shard smallint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT 7738135660000 + p_shard
$$;

-- No book of any shard is closed past this second. Posting asks it before it looks for the book:
-- a register that costs a look at one page, where a query costs as much as locking both balances.
-- A closing that is rolled back leaves it raised, and then posting looks once more than it must.
CREATE SEQUENCE ledger_closed_until_second AS bigint MINVALUE 0 START 0;
CREATE FUNCTION ledger_closed_until() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT to_timestamp(coalesce(pg_sequence_last_value('ledger.ledger_closed_until_second'), 0))
$$;

-- Close a book's period: nothing may occur before this moment any more. Returns how often
-- the book was closed, 0 if it was closed that far already.
CREATE FUNCTION ledger_close_period(
  p_shard smallint, p_book uuid, p_before timestamptz, p_by text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  known bigint;
  until timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(ledger_period_lock(p_shard));
  SELECT coalesce(max(version), 0), max(closed_before) INTO known, until
    FROM ledger_period WHERE shard = p_shard AND book = p_book;
  IF until >= p_before THEN RETURN 0; END IF;
  INSERT INTO ledger_period (shard, book, version, closed_before, by)
    VALUES (p_shard, p_book, known + 1, p_before, p_by);
  -- One at a time over all shards, so that it only rises.
  PERFORM pg_advisory_xact_lock(ledger_period_lock((-1)::smallint));
  PERFORM setval('ledger_closed_until_second', greatest(
    pg_sequence_last_value('ledger_closed_until_second'), ceil(extract(epoch FROM p_before))::bigint));
  RETURN known + 1;
END $$;

-- Which entries of a batch fall into a period that a book of theirs has closed. What ends
-- a pending entry is in that entry's books.
CREATE FUNCTION ledger_late(
  p_shard smallint, a_book uuid[], e_id uuid[], e_at timestamptz[], e_pending uuid[],
  e_lines smallint[], l_account integer[]
) RETURNS boolean[] LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  WITH entries AS (
    SELECT ord, id, at, pending, sum(lines) OVER (ORDER BY ord) - lines AS start, lines
    FROM unnest(e_id, e_at, e_pending, e_lines) WITH ORDINALITY u(id, at, pending, lines, ord)
  ), own AS (
    SELECT e.ord, e.id, a_book[l_account[e.start + n]] AS book
    FROM entries e CROSS JOIN LATERAL generate_series(1, e.lines) n
  ), books AS (
    SELECT ord, book FROM own
    UNION SELECT e.ord, o.book FROM entries e JOIN own o ON o.id = e.pending
    UNION SELECT e.ord, a.book FROM entries e
      JOIN ledger_pending p ON p.shard = p_shard AND p.id = e.pending
      JOIN ledger_account a ON a.shard = p_shard AND a.account IN (p.debit, p.credit)
  ), closed AS (
    SELECT book, max(closed_before) AS until FROM ledger_period WHERE shard = p_shard GROUP BY book
  )
  SELECT array_agg(late ORDER BY ord) FROM (
    SELECT e.ord, coalesce(bool_or(e.at < c.until), false) AS late
    FROM entries e LEFT JOIN books b ON b.ord = e.ord LEFT JOIN closed c ON c.book = b.book
    GROUP BY e.ord) x
$$;

-- Close an account, or open it again. Returns how often that was done, or why it is not:
-- 0 it is so already, -1 there is no such account, -2 it holds money or money is pending.
CREATE FUNCTION ledger_close_account(
  p_shard smallint, p_digest uuid, p_closed boolean, p_by text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  stands record;
  known bigint;
BEGIN
  SELECT * INTO stands FROM ledger_balance
    WHERE shard = p_shard AND digest = p_digest FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN -1; END IF;
  IF stands.closed = p_closed THEN RETURN 0; END IF;
  IF p_closed AND (stands.posted <> 0 OR stands.pending_debit <> 0 OR stands.pending_credit <> 0) THEN
    RETURN -2;
  END IF;
  SELECT coalesce(max(version), 0) + 1 INTO known
    FROM ledger_closing WHERE shard = p_shard AND account = stands.account;
  INSERT INTO ledger_closing (shard, account, version, closed, by)
    VALUES (p_shard, stands.account, known, p_closed, p_by);
  UPDATE ledger_balance SET closed = p_closed WHERE shard = p_shard AND account = stands.account;
  RETURN known;
END $$;
