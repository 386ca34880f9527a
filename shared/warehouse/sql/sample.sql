-- Everything that some people did: as many of 1024 parts of them as fit.
SELECT usr, session, basket, item, kind, ms, line FROM {{events}}
WHERE ordinal >= 0 AND bitwise_and(from_big_endian_64(xxhash64(to_utf8(CASE WHEN usr = '' THEN basket ELSE usr END))), 1023) < {{parts}}
