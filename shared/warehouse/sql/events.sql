-- What people did with items, every event once: its first copy in the order of the files' names. Items that are not in the catalog have the ordinal -1.
WITH told AS (
  SELECT r.*, "$path" AS path, CAST(at AS date) AS day,
         CASE name WHEN 'Product Viewed' THEN 0 WHEN 'Product Clicked' THEN 0 WHEN 'Recommendation Clicked' THEN 0
                   WHEN 'Product Added to Wishlist' THEN 1 WHEN 'Product Added' THEN 1
                   WHEN 'Order Completed' THEN 2 WHEN 'Order Updated' THEN 2
                   WHEN 'Order Refunded' THEN 3 WHEN 'Item Dismissed' THEN 4 ELSE 9 END AS kind,
         date_diff('millisecond', TIMESTAMP '1970-01-01 00:00:00.000', at) AS ms
  FROM {{raw}} r
  WHERE at >= {{from}} AND at < {{to}} AND item <> '' AND verdict <> 'bot'),
copies AS (
  SELECT t.*, min(path) OVER (PARTITION BY day, visitor, event) AS first_path,
         row_number() OVER (PARTITION BY day, visitor, event, line, path ORDER BY item, ms) AS rn
  FROM told t WHERE kind < 9),
owned AS (
  SELECT c.kind, c.ms, c.line, c.item, c.visitor, c.session, c.order_id,
         CASE WHEN c.person <> '' THEN c.person WHEN o.person IS NOT NULL THEN o.person WHEN substr(c.visitor, 1, 2) = 'o_' THEN '' ELSE c.visitor END AS usr
  FROM copies c LEFT JOIN {{owners}} o ON o.visitor = c.visitor
  WHERE c.path = c.first_path AND c.rn = 1)
SELECT w.usr,
       CASE WHEN w.session <> '' THEN w.visitor || '#' || w.session WHEN w.order_id <> '' AND w.kind = 2 THEN w.visitor || '#' || w.order_id ELSE '' END AS session,
       CASE WHEN w.kind = 2 THEN w.order_id ELSE '' END AS basket,
       w.item, CASE WHEN i.ordinal IS NULL THEN -1 ELSE i.ordinal END AS ordinal,
       w.kind, w.ms, CAST(floor(CAST(w.ms AS double) / 1e3) AS bigint) AS secs, w.line
FROM owned w LEFT JOIN {{items}} i ON i.id = w.item
WHERE w.usr <> '' OR w.kind = 2
