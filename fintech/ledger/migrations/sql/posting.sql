-- Formula 1: what is hashed, in a fixed binary form (integers big-endian).
CREATE FUNCTION ledger_genesis(
  shard smallint, account integer, digest uuid, code smallint, normal smallint, floor bigint
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(int2send(1::smallint) || int2send(shard) || int4send(account) || uuid_send(digest)
    || int2send(code) || int2send(normal) || int8send(coalesce(floor, -9223372036854775808)))
$$;

CREATE FUNCTION ledger_entry_hash(
  formula smallint, id uuid, shard smallint, kind smallint, version smallint, template text,
  subject uuid, pending_id uuid, occurred_at timestamptz, expires_at timestamptz, final boolean,
  expected jsonb, lines bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(int2send(formula) || uuid_send(id) || int2send(shard) || int2send(kind)
    || int2send(version)
    || uuid_send(coalesce(subject, '00000000-0000-0000-0000-000000000000'))
    || uuid_send(coalesce(pending_id, '00000000-0000-0000-0000-000000000000'))
    || timestamptz_send(occurred_at) || timestamptz_send(coalesce(expires_at, '-infinity'))
    || boolsend(final)
    || int4send(octet_length(template)) || convert_to(template, 'UTF8')
    || int4send(coalesce(octet_length(expected::text), 0))
    || convert_to(coalesce(expected::text, ''), 'UTF8') || lines)
$$;

CREATE FUNCTION ledger_line_hash(
  previous bytea, entry_hash bytea, no smallint, seq bigint, amount bigint, pending bigint,
  balance bigint
) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(previous || entry_hash || int2send(no) || int8send(seq) || int8send(amount)
    || int8send(pending) || int8send(balance))
$$;

-- An entry's lines as rows. By formula 1 a line is int4 account, int8 posted, int8 pending. By
-- formula 2 so is a capture's; else it is int4 account and one int8, and the kind says which.
CREATE FUNCTION ledger_lines(
  lines bytea, formula smallint, kind smallint,
  OUT no integer, OUT account integer, OUT amount bigint, OUT pending bigint
) RETURNS SETOF record LANGUAGE sql IMMUTABLE AS $$
  SELECT n + 1, ('x' || encode(substr(lines, n * wide + 1, 4), 'hex'))::bit(32)::integer,
    CASE WHEN wide = 20 OR kind = 0 THEN one ELSE 0 END,
    CASE WHEN wide = 20 THEN ('x' || encode(substr(lines, n * wide + 13, 8), 'hex'))::bit(64)::bigint
      WHEN kind = 0 THEN 0 ELSE one END
  FROM (SELECT CASE WHEN formula = 1 OR kind = 2 THEN 20 ELSE 12 END AS wide) AS form,
    generate_series(0, octet_length(lines) / wide - 1) AS n,
    LATERAL (SELECT ('x' || encode(substr(lines, n * wide + 5, 8), 'hex'))::bit(64)::bigint AS one) o
$$;

-- Post a batch of entries, in order, each whole or not at all; a code per entry:
--  0 posted              1 exists, the same      2 account unknown    3 overdraft
--  4 exists, different   5 account closed        6 currencies differ  7 unbalanced
--  8 period closed       9 id out of window     10 pending not found 11 more than is pending
-- 12 not the pending's accounts                 13 too large
-- Accounts come sorted by digest, each once; lines name them by their place. The lines of
-- a release are two empty ones. `e_first` is the place of an earlier entry with the same
-- id in this batch, else 0. With `p_whole`, one refusal is enough to write nothing. The order of locks: pending entries, new accounts, balances,
-- each by id; so two batches never wait for each other in a circle.
CREATE FUNCTION ledger_post(
  p_shard smallint, p_by text[], p_whole boolean,
  a_digest uuid[], a_book uuid[], a_address text[], a_currency text[], a_code smallint[],
  a_normal smallint[], a_floor bigint[],
  e_id uuid[], e_first integer[], e_kind smallint[], e_template text[], e_version smallint[],
  e_subject uuid[], e_at timestamptz[], e_pending uuid[], e_final boolean[],
  e_expires timestamptz[], e_expected jsonb[], e_lines smallint[],
  l_account integer[], l_amount bigint[]
) RETURNS smallint[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp
-- Else the probe for known ids is planned anew at each call, for every partition: half the cost.
SET plan_cache_mode = force_generic_plan
SET ledger.decided = 'on' AS $$
#variable_conflict use_column
-- Every expression here is made ready anew in each transaction (about a microsecond each), and
-- every query takes ten: what one transfer alone costs is their number. So what is rare stands
-- behind one test, and nothing is asked of a query that an expression can say.
DECLARE
  n CONSTANT integer := cardinality(e_id);
  large CONSTANT bigint := 4611686018427387904;  -- 2^62: two of them still fit when added.
  zero CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  never CONSTANT bytea := timestamptz_send('-infinity');
BEGIN
  IF n = 0 THEN RETURN '{}'; END IF;

  -- 0. A closing of a period waits for us, or we see it below (`closing.sql`).
  IF pg_advisory_xact_lock_shared(ledger_period_lock(p_shard)) IS NULL THEN RETURN NULL; END IF;

  -- 1. By itself, most of what is posted is money that goes from one account to another. Where
  -- nothing stands against it, it is written here, without the arrays of a batch; else nothing
  -- is, and the batch below decides and says why.
  IF e_kind = '{0}' AND l_account IN ('{1,2}', '{2,1}')
      AND l_amount[1] > -large AND l_amount[1] < large AND l_amount[1] <> 0
      AND l_amount[2] > -large AND l_amount[2] < large AND l_amount[1] + l_amount[2] = 0 THEN
    DECLARE
      a CONSTANT bigint := l_amount[l_account[1]];  -- Added to the first account, by digest.
      row1 tid; account1 integer; posted1 bigint; seq1 bigint; head1 bytea;
      row2 tid; account2 integer; posted2 bigint; seq2 bigint; head2 bytea;
      packed bytea; entry_hash bytea;
    BEGIN
      SELECT x.ctid, x.account, x.posted + a, x.seq + 1, x.head,
          y.ctid, y.account, y.posted - a, y.seq + 1, y.head
        INTO row1, account1, posted1, seq1, head1, row2, account2, posted2, seq2, head2
        FROM ledger_balance x, ledger_balance y
        WHERE x.shard = p_shard AND x.digest = a_digest[1]
          AND y.shard = p_shard AND y.digest = a_digest[2]
          AND x.currency = y.currency AND NOT x.closed AND NOT y.closed
          AND x.posted + a > -large AND x.posted + a < large
          AND y.posted - a > -large AND y.posted - a < large
          AND (x.floor <= CASE x.normal WHEN 1 THEN x.posted + a - x.pending_credit
            ELSE -x.posted - a - x.pending_debit END) IS NOT false
          AND (y.floor <= CASE y.normal WHEN 1 THEN y.posted - a - y.pending_credit
            ELSE -y.posted + a - y.pending_debit END) IS NOT false
          AND uuid_extract_version(e_id[1]) = 7 AND uuid_extract_timestamp(e_id[1])
            BETWEEN now() - interval '399 days' AND now() + interval '59 minutes'
          AND e_at[1] >= ledger_closed_until()
        FOR NO KEY UPDATE;  -- Of one after the other.
      IF row1 IS NOT NULL THEN
        packed := int4send(account1) || int8send(a);
        packed := CASE l_account[1] WHEN 1 THEN packed ELSE '' END
          || int4send(account2) || int8send(-a) || CASE l_account[1] WHEN 1 THEN '' ELSE packed END;
        entry_hash := sha256(int2send(2::smallint) || uuid_send(e_id[1]) || int2send(p_shard)
          || int2send(0::smallint) || int2send(e_version[1]) || uuid_send(coalesce(e_subject[1], zero))
          || uuid_send(zero) || timestamptz_send(e_at[1])
          || coalesce(timestamptz_send(e_expires[1]), never) || boolsend(e_final[1])
          || int4send(octet_length(e_template[1])) || convert_to(e_template[1], 'UTF8')
          || int4send(coalesce(octet_length(e_expected[1]::text), 0))
          || convert_to(coalesce(e_expected[1]::text, ''), 'UTF8') || packed);
        head1 := sha256(head1 || entry_hash || int2send(l_account[1]::smallint) || int8send(seq1)
          || int8send(a) || int8send(0) || int8send(posted1));
        head2 := sha256(head2 || entry_hash || int2send(l_account[2]::smallint) || int8send(seq2)
          || int8send(-a) || int8send(0) || int8send(posted2));
        INSERT INTO ledger_entry (shard, id, kind, version, formula, template, subject, pending_id,
            final, occurred_at, expires_at, by, lines, expected)
          VALUES (p_shard, e_id[1], 0, e_version[1], 2, e_template[1], e_subject[1], e_pending[1],
            e_final[1], e_at[1], e_expires[1], p_by[1], packed, e_expected[1])
          ON CONFLICT DO NOTHING;  -- It is known: the twin we have waited for, or an older one.
        IF FOUND THEN
          INSERT INTO ledger_line (shard, account, seq, entry_id, amount, balance, hash)
            VALUES (p_shard, account1, seq1, e_id[1], a, posted1,
                head1 || CASE l_account[1] WHEN 1 THEN '\x01'::bytea ELSE '\x02'::bytea END),
              (p_shard, account2, seq2, e_id[1], -a, posted2,
                head2 || CASE l_account[1] WHEN 1 THEN '\x02'::bytea ELSE '\x01'::bytea END);
          UPDATE ledger_balance b SET posted = CASE b.ctid WHEN row1 THEN posted1 ELSE posted2 END,
              seq = CASE b.ctid WHEN row1 THEN seq1 ELSE seq2 END,
              head = CASE b.ctid WHEN row1 THEN head1 ELSE head2 END
            WHERE b.ctid = ANY (ARRAY[row1, row2]);
          RETURN '{0}';
        END IF;
      END IF;
    END;
  END IF;

  DECLARE
    -- Pending entries: those stored, then those of this batch.
    p_id uuid[]; p_debit integer[]; p_credit integer[]; p_remaining bigint[]; p_was bigint[];
    stored_pendings integer := 0;
    wanted uuid[] := a_digest; missing uuid[];
    -- Accounts, densely numbered in the order of their digests.
    b_account integer[]; b_digest uuid[]; b_currency text[]; b_floor bigint[];
    b_posted bigint[]; b_debit bigint[]; b_credit bigint[]; b_seq bigint[]; b_was bigint[];
    b_side smallint[];  -- Normally debit 1, credit -1; twice that when closed.
    b_head bytea[]; b_new integer[]; b_row tid[];
    found_accounts integer; place integer[];
    -- Entries.
    known uuid[]; slot integer[]; lines bytea[] := array_fill(NULL::bytea, ARRAY[n]);
    code smallint[] := array_fill(0::smallint, ARRAY[n]);
    -- Lines: the place of their account and what they add; NULL where they were refused.
    m CONSTANT integer := cardinality(l_account);
    o_account integer[] := array_fill(0, ARRAY[m]); o_seq bigint[] := array_fill(NULL::bigint, ARRAY[m]);
    o_amount bigint[] := l_amount; o_pending bigint[] := array_fill(0::bigint, ARRAY[m]);
    o_balance bigint[] := o_pending; o_no smallint[] := array_fill(0::smallint, ARRAY[m]);
    o_entry uuid[] := array_fill(zero, ARRAY[m]); o_hash bytea[] := array_fill(''::bytea, ARRAY[m]);
    j integer; x integer; s integer; first integer; last integer := 0; k smallint;
    moved integer; a bigint; held bigint; total bigint; c smallint; mixed boolean; cur text;
    packed bytea; low uuid := e_id[1]; high uuid := low; entry_hash bytea; v bigint; deep boolean;
    odd boolean;  -- Some entry is known, repeated, late, or out of the window of ids.
    late boolean[];  -- Entries that fall into a closed period; NULL if there are none.
  BEGIN
    -- 2. Pending entries that are ended, locked by id.
    IF array_remove(e_pending, NULL) <> '{}' THEN
      SELECT array_agg(id), array_agg(debit), array_agg(credit), array_agg(remaining)
        INTO p_id, p_debit, p_credit, p_remaining
        FROM (SELECT * FROM ledger_pending WHERE shard = p_shard AND id = ANY (e_pending)
              ORDER BY id FOR NO KEY UPDATE) p;
      stored_pendings := coalesce(cardinality(p_id), 0);
      p_was := p_remaining;
      SELECT array_agg(d ORDER BY d) INTO wanted FROM (
        SELECT unnest(a_digest) d
        UNION SELECT digest FROM ledger_balance
        WHERE shard = p_shard AND account = ANY (p_debit || p_credit)) w;
      -- Those of this batch have their places too, and get their accounts when they are posted.
      FOR i IN 1..n LOOP
        IF e_kind[i] = 1 AND e_id[i] = ANY (e_pending) THEN
          p_id := p_id || e_id[i];
        END IF;
      END LOOP;
      SELECT array_agg(u.ix ORDER BY t.ord) INTO slot
        FROM unnest(e_pending) WITH ORDINALITY t(id, ord)
        LEFT JOIN (SELECT id, min(ix) ix FROM unnest(p_id) WITH ORDINALITY u(id, ix) GROUP BY id) u
        ON u.id = t.id;
    END IF;

    -- 3. Balances, locked by digest; none of them while some account is not there yet.
    FOR i IN 1..2 LOOP
      SELECT array_agg(account), array_agg(currency), array_agg(floor), array_agg(posted),
          array_agg(CASE WHEN closed THEN 2 * normal ELSE normal END), array_agg(pending_debit),
          array_agg(pending_credit), array_agg(seq), array_agg(head), array_agg(row)
        INTO b_account, b_currency, b_floor, b_posted, b_side, b_debit, b_credit, b_seq, b_head, b_row
        FROM (
          SELECT *, ctid AS row FROM ledger_balance WHERE shard = p_shard AND digest = ANY (CASE
              WHEN missing IS NOT NULL OR cardinality(wanted) = (
                SELECT count(*) FROM ledger_balance WHERE shard = p_shard AND digest = ANY (wanted))
              THEN wanted END)
          ORDER BY digest FOR NO KEY UPDATE) b;
      EXIT WHEN b_account IS NOT NULL OR missing IS NOT NULL;
      -- 4. Accounts that are new: whoever else opens the same one waits here.
      SELECT coalesce(array_agg(w.d ORDER BY w.d), '{}') INTO missing FROM unnest(wanted) w(d)
        WHERE NOT EXISTS (SELECT FROM ledger_balance WHERE shard = p_shard AND digest = w.d);
      FOR j IN 1..cardinality(missing) LOOP
        PERFORM pg_advisory_xact_lock(
          ('x' || left(replace(missing[j]::text, '-', ''), 16))::bit(64)::bigint);
      END LOOP;
    END LOOP;
    found_accounts := coalesce(cardinality(b_account), 0);
    b_was := b_seq;
    IF found_accounts < cardinality(wanted) OR found_accounts > cardinality(a_digest) THEN
      b_new := array_fill(0, ARRAY[found_accounts]);
      SELECT array_agg(u.digest ORDER BY u.ix) INTO b_digest
        FROM (SELECT b.digest, u.ix FROM unnest(b_account) WITH ORDINALITY u(account, ix)
              JOIN ledger_balance b ON b.shard = p_shard AND b.account = u.account) u;
      FOR i IN 1..cardinality(a_digest) LOOP
        IF NOT (a_digest[i] = ANY (coalesce(b_digest, '{}'))) AND a_code[i] IS NOT NULL THEN
          x := nextval('ledger_account_account_seq');
          b_account := b_account || x;
          b_digest := b_digest || a_digest[i];
          b_currency := b_currency || a_currency[i];
          b_side := b_side || a_normal[i];
          b_floor := b_floor || a_floor[i];
          b_posted := b_posted || 0::bigint;
          b_debit := b_debit || 0::bigint;
          b_credit := b_credit || 0::bigint;
          b_seq := b_seq || 0::bigint;
          b_was := b_was || 0::bigint;
          b_head := b_head
            || ledger_genesis(p_shard, x, a_digest[i], a_code[i], a_normal[i], a_floor[i]);
          b_new := b_new || i;
        END IF;
      END LOOP;
      SELECT array_agg(d.ix ORDER BY w.ord) INTO place
        FROM unnest(a_digest) WITH ORDINALITY w(digest, ord)
        LEFT JOIN unnest(b_digest) WITH ORDINALITY d(digest, ix) ON d.digest = w.digest;
    END IF;
    IF p_id IS NOT NULL THEN
      -- From here on, pending entries name their accounts by place.
      SELECT array_agg(d.ix ORDER BY t.ord), array_agg(e.ix ORDER BY t.ord)
        INTO p_debit, p_credit
        FROM unnest(p_id, p_debit, p_credit) WITH ORDINALITY t(id, debit, credit, ord)
        LEFT JOIN unnest(b_account) WITH ORDINALITY d(account, ix) ON d.account = t.debit
        LEFT JOIN unnest(b_account) WITH ORDINALITY e(account, ix) ON e.account = t.credit;
      p_remaining := p_remaining
        || array_fill(NULL::bigint, ARRAY[cardinality(p_id) - stored_pendings]);
    END IF;

    -- 5. Ids that are here already; the bounds keep the search to their months. This snapshot
    -- is younger than the locks: it sees the twin that we waited for, and a period just closed.
    FOR i IN 2..n LOOP
      IF e_id[i] < low THEN low := e_id[i]; ELSIF e_id[i] > high THEN high := e_id[i]; END IF;
    END LOOP;
    SELECT array_agg(id), (SELECT min(u) FROM unnest(e_at) u) < ledger_closed_until()
      INTO known, odd FROM ledger_entry
      WHERE shard = p_shard AND id = ANY (e_id) AND id >= low AND id <= high;
    IF odd THEN
      late := ledger_late(p_shard, a_book, e_id, e_at, e_pending, e_lines, l_account);
    END IF;
    odd := odd OR known IS NOT NULL OR 0 < ANY (e_first)
      OR low < uuidv7('-400 days') OR high > uuidv7('1 hour');

    -- 6. Decide in order.
    FOR i IN 1..n LOOP
      first := last + 1;
      last := last + e_lines[i];
      k := e_kind[i];
      IF odd THEN
        IF e_id[i] = ANY (known) THEN
          SELECT CASE WHEN e.kind = k AND e.template = e_template[i] AND e.version = e_version[i]
              AND e.subject IS NOT DISTINCT FROM e_subject[i] AND e.occurred_at = e_at[i]
              AND e.pending_id IS NOT DISTINCT FROM e_pending[i] AND e.final = e_final[i]
              AND e.expires_at IS NOT DISTINCT FROM e_expires[i]
              AND e.expected IS NOT DISTINCT FROM e_expected[i]
              AND (k = 3 OR (
                SELECT array_agg(b.digest ORDER BY l.no) FROM ledger_lines(e.lines, e.formula, e.kind) l
                JOIN ledger_balance b ON b.shard = p_shard AND b.account = l.account)
                = (SELECT array_agg(a_digest[u.p] ORDER BY u.ord)
                   FROM unnest(l_account[first:last]) WITH ORDINALITY u(p, ord))
                AND (SELECT array_agg(CASE k WHEN 1 THEN l.pending ELSE l.amount END ORDER BY l.no)
                     FROM ledger_lines(e.lines, e.formula, e.kind) l) = l_amount[first:last])
            THEN 1 ELSE 4 END
            INTO c FROM ledger_entry e WHERE e.shard = p_shard AND e.id = e_id[i];
          code[i] := c;
          CONTINUE;
        END IF;
        IF e_first[i] > 0 AND code[e_first[i]] IN (0, 1) THEN
          x := e_first[i];
          SELECT coalesce(sum(u), 0) + 1 INTO j FROM unnest(e_lines[1:x - 1]) u;
          code[i] := CASE WHEN e_kind[x] = k AND e_template[x] = e_template[i]
              AND e_version[x] = e_version[i] AND e_subject[x] IS NOT DISTINCT FROM e_subject[i]
              AND e_at[x] = e_at[i] AND e_pending[x] IS NOT DISTINCT FROM e_pending[i]
              AND e_final[x] = e_final[i] AND e_expires[x] IS NOT DISTINCT FROM e_expires[i]
              AND e_expected[x] IS NOT DISTINCT FROM e_expected[i]
              AND l_account[j:j + e_lines[x] - 1] = l_account[first:last]
              AND l_amount[j:j + e_lines[x] - 1] = l_amount[first:last]
            THEN 1 ELSE 4 END;
          CONTINUE;
        END IF;
        IF e_id[i] < uuidv7('-400 days') OR e_id[i] > uuidv7('1 hour') THEN
          code[i] := 9;
          CONTINUE;
        END IF;
        IF late[i] THEN
          code[i] := 8;
          CONTINUE;
        END IF;
      END IF;

      -- 6a. The entry by itself.
      c := 0;
      IF k >= 2 THEN
        s := slot[i];
        IF s IS NULL OR p_remaining[s] IS NULL THEN
          code[i] := 10;
          CONTINUE;
        END IF;
        held := p_remaining[s];
      END IF;
      IF k = 3 THEN
        IF last <> first + 1 THEN c := 7; ELSIF held = 0 THEN c := 11; END IF;
        o_account[first] := p_debit[s];
        o_account[last] := p_credit[s];
      ELSIF last <= first OR (k = 1 AND last <> first + 1) THEN
        c := 7;
      ELSE
        total := 0;
        mixed := false;
        cur := NULL;
        FOR j IN first..last LOOP
          x := CASE WHEN place IS NULL THEN l_account[j] ELSE place[l_account[j]] END;
          a := l_amount[j];
          IF (b_side[x] BETWEEN -1 AND 1) IS DISTINCT FROM true OR a = 0 OR (a > -large AND a < large
              AND total > -large AND total < large) IS DISTINCT FROM true THEN
            c := CASE WHEN x IS NULL THEN 2 WHEN b_side[x] NOT BETWEEN -1 AND 1 THEN 5 WHEN a = 0 OR a IS NULL THEN 7
              ELSE 13 END;
            EXIT;
          END IF;
          total := total + a;
          IF cur IS DISTINCT FROM b_currency[x] THEN
            mixed := mixed OR cur IS NOT NULL;
            cur := b_currency[x];
          END IF;
          o_account[j] := x;
        END LOOP;
        IF c = 0 AND (mixed OR total <> 0) THEN
          IF NOT mixed THEN
            c := 7;
          ELSIF EXISTS (
              SELECT FROM unnest(o_account[first:last], l_amount[first:last]) u(p, amount)
              GROUP BY b_currency[u.p] HAVING sum(u.amount) <> 0) THEN
            c := CASE WHEN total = 0 THEN 6 ELSE 7 END;
          ELSIF total <> 0 THEN
            c := 7;
          END IF;
        END IF;
        IF c = 0 AND k > 0 THEN
          IF k = 1 THEN
            IF l_amount[first] < 0 THEN c := 7; END IF;
          ELSIF o_account[first] <> p_debit[s] OR o_account[first + 1] <> p_credit[s]
              OR l_amount[first] <= 0 OR l_amount[first + 1] <> -l_amount[first] THEN
            c := 12;
          ELSIF l_amount[first] > held THEN
            c := 11;
          ELSIF NOT e_final[i] THEN
            held := l_amount[first];
          END IF;
        END IF;
      END IF;
      IF c <> 0 THEN
        code[i] := c;
        CONTINUE;
      END IF;

      -- 6b. Move; look at the floors; move back if one would be broken.
      deep := false;
      FOR j IN first..last LOOP
        x := o_account[j];
        a := l_amount[j];
        IF k = 1 THEN
          o_amount[j] := 0;
          o_pending[j] := a;
          IF a > 0 THEN b_debit[x] := b_debit[x] + a; ELSE b_credit[x] := b_credit[x] - a; END IF;
          v := b_posted[x];
        ELSE
          v := b_posted[x] + a;
          b_posted[x] := v;
          IF k >= 2 AND j < first + 2 THEN
            IF j = first THEN o_pending[j] := -held; b_debit[x] := b_debit[x] - held;
            ELSE o_pending[j] := held; b_credit[x] := b_credit[x] - held; END IF;
          END IF;
        END IF;
        o_balance[j] := v;
        moved := j;
        IF v >= large OR v <= -large OR b_debit[x] >= large OR b_credit[x] >= large THEN
          c := 13;
          EXIT;
        END IF;
        deep := deep OR b_floor[x] > (CASE WHEN b_side[x] > 0 THEN v - b_credit[x]
          ELSE -v - b_debit[x] END);
      END LOOP;
      IF c <> 0 OR deep THEN
        -- What a later line gave back is not missing.
        FOR j IN first..moved LOOP
          x := o_account[j];
          IF b_floor[x] > (CASE WHEN b_side[x] > 0 THEN b_posted[x] - b_credit[x]
              ELSE -b_posted[x] - b_debit[x] END) THEN
            c := greatest(c, 3);
          END IF;
        END LOOP;
        IF c <> 0 THEN
          FOR j IN first..moved LOOP
            x := o_account[j];
            b_posted[x] := b_posted[x] - o_amount[j];
            a := o_pending[j];
            IF k = 1 THEN
              IF a > 0 THEN b_debit[x] := b_debit[x] - a; ELSE b_credit[x] := b_credit[x] + a; END IF;
            ELSIF a < 0 THEN b_debit[x] := b_debit[x] - a;
            ELSIF a > 0 THEN b_credit[x] := b_credit[x] + a; END IF;
          END LOOP;
          code[i] := c;
          CONTINUE;
        END IF;
      END IF;
      IF k >= 2 THEN
        p_remaining[s] := p_remaining[s] - held;
      ELSIF k = 1 AND p_id IS NOT NULL THEN
        s := array_position(p_id, e_id[i]);
        IF s IS NOT NULL THEN
          p_debit[s] := o_account[first];
          p_credit[s] := o_account[first + 1];
          p_remaining[s] := l_amount[first];
        END IF;
      END IF;

      -- 6c. Number and chain.
      packed := '';
      FOR j IN first..last LOOP
        packed := packed || int4send(b_account[o_account[j]]) || CASE k WHEN 0 THEN int8send(o_amount[j])
          WHEN 2 THEN int8send(o_amount[j]) || int8send(o_pending[j]) ELSE int8send(o_pending[j]) END;
      END LOOP;
      lines[i] := packed;
      entry_hash := sha256(int2send(2::smallint) || uuid_send(e_id[i]) || int2send(p_shard)
        || int2send(k) || int2send(e_version[i]) || uuid_send(coalesce(e_subject[i], zero))
        || uuid_send(coalesce(e_pending[i], zero)) || timestamptz_send(e_at[i])
        || coalesce(timestamptz_send(e_expires[i]), never) || boolsend(e_final[i])
        || int4send(octet_length(e_template[i])) || convert_to(e_template[i], 'UTF8')
        || int4send(coalesce(octet_length(e_expected[i]::text), 0))
        || convert_to(coalesce(e_expected[i]::text, ''), 'UTF8') || packed);
      FOR j IN first..last LOOP
        x := o_account[j];
        o_no[j] := j - first + 1;
        o_seq[j] := b_seq[x] + 1;
        o_hash[j] := sha256(b_head[x] || entry_hash || int2send(o_no[j]) || int8send(o_seq[j])
          || int8send(o_amount[j]) || int8send(o_pending[j]) || int8send(o_balance[j]));
        b_seq[x] := o_seq[j];
        b_head[x] := o_hash[j];
        o_entry[j] := e_id[i];
      END LOOP;
    END LOOP;

    IF p_whole AND 1 < ANY (code) THEN RETURN code; END IF;

    -- 7. Write, set by set.
    IF b_new IS NOT NULL THEN
      INSERT INTO ledger_account (shard, account, digest, book, code, normal, floor, currency, address)
        OVERRIDING SYSTEM VALUE
        SELECT p_shard, account, digest, a_book[ix], a_code[ix], a_normal[ix], a_floor[ix],
          a_currency[ix], a_address[ix]
        FROM unnest(b_account, b_digest, b_new, b_seq) u(account, digest, ix, seq)
        WHERE ix > 0 AND seq > 0;
      INSERT INTO ledger_balance (shard, account, digest, currency, normal, floor, posted,
          pending_debit, pending_credit, seq, head)
        SELECT p_shard, account, digest, currency, normal, floor, posted, debit, credit, seq, head
        FROM unnest(b_account, b_digest, b_currency, b_side, b_floor, b_posted, b_debit, b_credit,
          b_seq, b_head, b_new) u(account, digest, currency, normal, floor, posted, debit, credit,
          seq, head, ix)
        WHERE ix > 0 AND seq > 0;
    END IF;
    INSERT INTO ledger_entry (shard, id, kind, version, formula, template, subject, pending_id, final,
        occurred_at, expires_at, by, lines, expected)
      SELECT p_shard, id, kind, version, 2, template, subject, pending_id, final, at, expires,
        coalesce(by, p_by[1]), content, expected
      FROM unnest(e_id, e_kind, e_version, e_template, e_subject, e_pending, e_final, e_at, e_expires,
        lines, e_expected, p_by) u(id, kind, version, template, subject, pending_id, final, at,
        expires, content, expected, by)
      WHERE content IS NOT NULL;
    INSERT INTO ledger_line (shard, account, seq, entry_id, amount, pending, balance, hash)
      SELECT p_shard, b_account[at], seq, entry_id, amount, nullif(pending, 0), balance,
        hash || substr(int2send(no), 2)
      FROM unnest(o_account, o_seq, o_no, o_entry, o_amount, o_pending, o_balance, o_hash)
        u(at, seq, no, entry_id, amount, pending, balance, hash)
      WHERE seq IS NOT NULL;
    -- By the place where each was locked: nobody has moved it since.
    UPDATE ledger_balance b SET posted = u.posted, pending_debit = u.debit,
        pending_credit = u.credit, seq = u.seq, head = u.head
      FROM unnest(b_row, b_posted, b_debit, b_credit, b_seq, b_was, b_head)
        u(row, posted, debit, credit, seq, was, head)
      WHERE b.ctid = u.row AND u.seq > u.was;
    IF stored_pendings > 0 THEN
      UPDATE ledger_pending p SET remaining = u.remaining
        FROM unnest(p_id[1:stored_pendings], p_remaining[1:stored_pendings], p_was)
          u(id, remaining, was)
        WHERE p.shard = p_shard AND p.id = u.id AND u.remaining <> u.was;
    END IF;
    IF 1 = ANY (e_kind) THEN
      INSERT INTO ledger_pending (shard, id, amount, remaining, expires_at, debit, credit)
        SELECT p_shard, e.id, l.pending, coalesce(p.remaining, l.pending), e.expires, l.account,
          r.account
        FROM unnest(e_id, e_kind, e_expires, lines) e(id, kind, expires, content)
        CROSS JOIN LATERAL ledger_lines(e.content, 2::smallint, e.kind) l
        CROSS JOIN LATERAL ledger_lines(e.content, 2::smallint, e.kind) r
        LEFT JOIN unnest(p_id, p_remaining) p(id, remaining) ON p.id = e.id
        WHERE e.kind = 1 AND e.content IS NOT NULL AND l.no = 1 AND r.no = 2;
    END IF;
    RETURN code;
  END;
END $$;

-- Whoever inserts lines around the function: each entry sums to zero per currency. The function
-- has decided that itself, line by line; to look again took a sixth of one transfer's time.
CREATE FUNCTION ledger_line_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  bad uuid;
BEGIN
  -- Line by line (OFFSET 0): a plan made for a thousand lines would read all balances for two.
  SELECT l.entry_id INTO bad FROM added l
    CROSS JOIN LATERAL (SELECT currency FROM ledger_balance b
      WHERE b.shard = l.shard AND b.account = l.account OFFSET 0) b
    GROUP BY l.entry_id, b.currency HAVING sum(l.amount) <> 0 OR sum(l.pending) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'journal entry % does not sum to zero', bad
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_line_sums_to_zero';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_line_sums_to_zero AFTER INSERT ON ledger_line
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT
  WHEN (current_setting('ledger.decided', true) IS DISTINCT FROM 'on')
  EXECUTE FUNCTION ledger_line_sums_to_zero();
