"""I-15: reconciliation loses nothing."""

from fintech.kernel.invariants import Invariant

INVARIANTS = (
    Invariant(
        id="I-15",
        rule="Reconciliation loses nothing: what is matched is equal, what is broken is told, "
        "and every total is the sum of its parts",
        sql="""
        SELECT 'line ' || l.id || ' is matched with an expectation that it does not equal'
        FROM reconciliation_line l
        LEFT JOIN reconciliation_expectation e ON e.id = l.expectation_id
        WHERE l.witness = 'processor' AND l.place = 'matched' AND l.rule <> 'forced'
          AND l.rule NOT IN ('forced', 'linked', 'adjusted', 'received')
          AND (e.id IS NULL OR e.place <> 'matched' OR e.provider <> l.source OR e.kind <> l.kind
               OR (l.rule IN ('exact_reference', 'fee_within_tolerance', 'fx_at_stored_rate')
                   AND e.reference <> l.reference)
               OR (l.rule = 'fx_at_stored_rate' AND (e.currency <> l.original_currency
                   OR e.amount_minor <> l.original_minor))
               OR (l.rule NOT IN ('fx_at_stored_rate', 'within_tolerance')
                   AND (e.currency <> l.currency OR e.amount_minor <> l.gross_minor)))
        UNION ALL
        SELECT 'expectation ' || e.id || ' is matched by no line'
        FROM reconciliation_expectation e
        LEFT JOIN reconciliation_line l ON l.expectation_id = e.id AND l.place = 'matched'
        WHERE e.place = 'matched' AND l.id IS NULL
        UNION ALL
        SELECT 'batch ' || b.id || ' is not what its bank entry paid'
        FROM reconciliation_batch b
        LEFT JOIN reconciliation_line l ON l.id = b.bank_line_id
        WHERE b.place = 'matched'
          AND (l.id IS NULL OR l.place <> 'matched' OR l.currency <> b.currency
               OR (b.rule NOT IN ('within_tolerance', 'subset_sum', 'linked', 'adjusted')
                   AND l.net_minor <> b.net_minor))
        UNION ALL
        SELECT 'line ' || l.id || ' is not the sum of the batches that it paid'
        FROM reconciliation_line l
        JOIN reconciliation_batch b ON b.bank_line_id = l.id AND b.place = 'matched'
        WHERE b.rule = 'subset_sum' GROUP BY l.id HAVING sum(b.net_minor) <> l.net_minor
        UNION ALL
        SELECT 'batch ' || b.id || ' is not the sum of its lines'
        FROM reconciliation_batch b
        LEFT JOIN reconciliation_line l ON l.settlement_id = b.id AND l.place <> 'ignored'
        WHERE b.place = 'matched'
        GROUP BY b.id
        HAVING b.net_minor <> coalesce(sum(l.net_minor), 0) OR b.rows <> count(l.id)
        UNION ALL
        SELECT 'break ' || b.id || ' does not name the difference of its rows'
        FROM reconciliation_break b
        CROSS JOIN LATERAL (
            SELECT sum(CASE WHEN b.kind = 'fee_variance' THEN -l.fee_minor
                            WHEN b.leg = 1 THEN l.gross_minor ELSE l.net_minor END) AS minor
            FROM reconciliation_line l WHERE l.difference_id = b.id AND l.place = 'broken'
        ) theirs
        CROSS JOIN LATERAL (
            SELECT sum(minor) AS minor FROM (
                SELECT CASE WHEN b.kind = 'fee_variance' THEN -e.fee_minor
                            ELSE e.amount_minor END AS minor
                FROM reconciliation_expectation e
                WHERE e.difference_id = b.id AND e.place = 'broken'
                UNION ALL
                SELECT t.net_minor FROM reconciliation_batch t
                WHERE t.difference_id = b.id AND t.place = 'broken'
            ) parts
        ) ours
        WHERE b.state = 'open' AND b.leg < 3
          AND (theirs.minor IS DISTINCT FROM b.theirs_minor
               OR ours.minor IS DISTINCT FROM b.ours_minor
               OR (b.kind NOT IN ('currency', 'fx_variance', 'status') AND b.amount_minor
                   <> coalesce(b.theirs_minor, 0) - coalesce(b.ours_minor, 0)))
        UNION ALL
        SELECT 'a row of break ' || b.id || ' is broken, and the break is resolved'
        FROM reconciliation_break b
        WHERE b.state = 'resolved' AND (
            EXISTS (SELECT FROM reconciliation_line r
                    WHERE r.difference_id = b.id AND r.place = 'broken')
            OR EXISTS (SELECT FROM reconciliation_expectation r
                       WHERE r.difference_id = b.id AND r.place = 'broken')
            OR EXISTS (SELECT FROM reconciliation_batch r
                       WHERE r.difference_id = b.id AND r.place = 'broken'))
        UNION ALL
        SELECT 'import ' || f.id || ' does not hold the rows that it counted'
        FROM reconciliation_import f
        LEFT JOIN reconciliation_line l ON l.file_id = f.id
        WHERE f.state <> 'reading'
        GROUP BY f.id HAVING f.lines <> count(l.id)
        UNION ALL
        SELECT 'run ' || t.run_id || ' does not account for every ' || t.witness || ' row'
        FROM reconciliation_runtotal t
        WHERE t.input_count <> t.matched_count + t.broken_count + t.ignored_count + t.waiting_count
           OR t.input_minor <> t.matched_minor + t.broken_minor + t.ignored_minor + t.waiting_minor
        """,
    ),
)
