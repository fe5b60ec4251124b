-- Hands every row of rollup.policies to the database's own scheduler, where it has one (community edition).
SELECT rollup.apply_policy(relation) FROM rollup.policies ORDER BY relation;
