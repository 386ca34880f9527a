-- On which days known people bought what.
SELECT DISTINCT usr, ordinal, CAST((secs - secs % 86400) / 86400 AS bigint) AS day
FROM (SELECT usr, ordinal, secs FROM {{events}} WHERE basket = '' AND kind = 2 AND ordinal >= 0 AND secs < {{before}}
      UNION ALL
      SELECT usr, ordinal, secs FROM {{orders}} WHERE usr <> '' AND secs < {{before}}) paid
