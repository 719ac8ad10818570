-- What staff see: rows with one key, in words and in the account's own direction.
CREATE VIEW ledger_journalrow AS
  SELECT e.id, e.position, e.template || ' v' || e.version AS template,
    (ARRAY['posted', 'pending', 'capture', 'release'])[e.kind + 1] AS kind,
    e.subject, e.pending_id, e.occurred_at, e.recorded_at, e.by, (
      SELECT string_agg(format('%s %s %s %s%s', CASE WHEN l.amount + l.pending > 0 THEN 'Dr' ELSE 'Cr' END,
        a.address, abs(CASE l.amount WHEN 0 THEN l.pending ELSE l.amount END), a.currency,
        CASE l.amount WHEN 0 THEN ' (pending)' ELSE '' END), E'\n' ORDER BY l.no)
      FROM ledger_lines(e.lines, e.formula, e.kind) l
      JOIN ledger_account a ON a.shard = e.shard AND a.account = l.account) AS lines
  FROM ledger_entry e;

CREATE VIEW ledger_accountrow AS
  SELECT a.digest AS id, a.code, a.address, a.currency, b.posted * b.normal AS posted_minor,
    CASE b.normal WHEN 1 THEN b.posted - b.pending_credit ELSE -b.posted - b.pending_debit END
      AS available_minor,
    b.pending_debit AS pending_debit_minor, b.pending_credit AS pending_credit_minor, b.floor,
    b.seq AS lines, b.closed, a.opened_at
  FROM ledger_account a JOIN ledger_balance b ON b.shard = a.shard AND b.account = a.account;
