-- How far an account may fall, where that is not what its kind says. An account's chain begins
-- with the floor that it was opened with; each change is a row that only grows, and what holds
-- now stands on the balance, where its CHECK keeps it.
CREATE TABLE ledger_floor (
  shard smallint NOT NULL,
  account integer NOT NULL,
  version bigint NOT NULL,
  was bigint,
  floor bigint NOT NULL,
  by text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (shard, account, version),
  CONSTRAINT ledger_floor_is_another_one CHECK (floor IS DISTINCT FROM was)
);

-- Let an account fall this far and no further; one that was never used is opened, with its kind's
-- floor. Returns how often that was done, or why it is not: 0 it is so already, -1 it stands below.
-- New accounts are locked as posting locks them, so both open one only once.
CREATE FUNCTION ledger_set_floor(
  p_shard smallint, p_digest uuid, p_book uuid, p_address text, p_currency text, p_code smallint,
  p_normal smallint, p_opened_with bigint, p_floor bigint, p_by text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  stands record;
  known bigint;
  x integer;
BEGIN
  SELECT * INTO stands FROM ledger_balance
    WHERE shard = p_shard AND digest = p_digest FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM pg_advisory_xact_lock(
      ('x' || left(replace(p_digest::text, '-', ''), 16))::bit(64)::bigint);
    SELECT * INTO stands FROM ledger_balance
      WHERE shard = p_shard AND digest = p_digest FOR NO KEY UPDATE;
  END IF;
  IF NOT FOUND THEN
    x := nextval('ledger_account_account_seq');
    INSERT INTO ledger_account (shard, account, digest, book, code, normal, floor, currency, address)
      OVERRIDING SYSTEM VALUE VALUES (p_shard, x, p_digest, p_book, p_code, p_normal,
        p_opened_with, p_currency, p_address);
    INSERT INTO ledger_balance (shard, account, digest, currency, normal, floor, head)
      VALUES (p_shard, x, p_digest, p_currency, p_normal, p_opened_with,
        ledger_genesis(p_shard, x, p_digest, p_code, p_normal, p_opened_with))
      RETURNING * INTO stands;
  END IF;
  IF stands.floor IS NOT DISTINCT FROM p_floor THEN RETURN 0; END IF;
  IF p_floor > (CASE stands.normal WHEN 1 THEN stands.posted - stands.pending_credit
      ELSE -stands.posted - stands.pending_debit END) THEN
    RETURN -1;
  END IF;
  SELECT coalesce(max(version), 0) + 1 INTO known
    FROM ledger_floor WHERE shard = p_shard AND account = stands.account;
  INSERT INTO ledger_floor (shard, account, version, was, floor, by)
    VALUES (p_shard, stands.account, known, stands.floor, p_floor, p_by);
  UPDATE ledger_balance SET floor = p_floor WHERE shard = p_shard AND account = stands.account;
  RETURN known;
END $$;
