package sqlite

import (
	"fmt"
	"regexp"
	"strings"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

// schema is the file's. Bodies lie outside the key's index, so that it stays shallow. Times of items and their expiry are in seconds (0:
// never), all others in milliseconds.
const schema = `
CREATE TABLE IF NOT EXISTS items (
	tab TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL,
	ver INTEGER NOT NULL, exp INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS items_key ON items (tab, pk, sk);
CREATE INDEX IF NOT EXISTS items_expiry ON items (exp) WHERE exp <> 0;
CREATE TABLE IF NOT EXISTS checkpoints (feed TEXT NOT NULL, consumer TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (feed, consumer)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
	id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS messages_due ON messages (queue, due);
CREATE TABLE IF NOT EXISTS rules (bus TEXT NOT NULL, name TEXT NOT NULL, prefix TEXT NOT NULL, PRIMARY KEY (bus, name)) WITHOUT ROWID;
`

// feedSchema records the changes of one table by triggers, so that every process that writes to the file records them, whatever it was told.
// at is the time of the change; a row that is about to be removed has been given it.
const feedSchema = `
CREATE TABLE IF NOT EXISTS "feed_%[1]s" (
	seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, expired INTEGER NOT NULL,
	oldver INTEGER, oldexp INTEGER, oldbody BLOB, newver INTEGER, newexp INTEGER, newbody BLOB);
CREATE TRIGGER IF NOT EXISTS "feed_%[1]s_insert" AFTER INSERT ON items WHEN NEW.tab = '%[1]s' BEGIN
	INSERT INTO "feed_%[1]s" (at, pk, sk, expired, newver, newexp, newbody)
	VALUES (NEW.at, NEW.pk, NEW.sk, 0, NEW.ver, NEW.exp, NEW.body);
END;
CREATE TRIGGER IF NOT EXISTS "feed_%[1]s_modify" AFTER UPDATE OF body, exp ON items
WHEN NEW.tab = '%[1]s' AND (OLD.body IS NOT NEW.body OR OLD.exp IS NOT NEW.exp) BEGIN
	INSERT INTO "feed_%[1]s" (at, pk, sk, expired, oldver, oldexp, oldbody, newver, newexp, newbody)
	VALUES (NEW.at, NEW.pk, NEW.sk, 0, OLD.ver, OLD.exp, OLD.body, NEW.ver, NEW.exp, NEW.body);
END;
CREATE TRIGGER IF NOT EXISTS "feed_%[1]s_remove" AFTER DELETE ON items WHEN OLD.tab = '%[1]s' BEGIN
	INSERT INTO "feed_%[1]s" (at, pk, sk, expired, oldver, oldexp, oldbody)
	VALUES (OLD.at, OLD.pk, OLD.sk, OLD.exp <> 0 AND OLD.exp * 1000 <= OLD.at, OLD.ver, OLD.exp, OLD.body);
END;
`

// feedName is what a table with a feed may be called: the name is written into the schema.
var feedName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// setUp brings an old or empty file to the schema. Everything is added only where it is missing, in one transaction.
func setUp(c *conn, feeds []table.Name) error {
	var b strings.Builder
	b.WriteString("BEGIN IMMEDIATE;" + schema)
	for _, name := range feeds {
		if !feedName.MatchString(string(name)) {
			return fault.InvalidField("feeds", fmt.Sprintf("%q cannot be the name of a table with a feed", name))
		}
		fmt.Fprintf(&b, feedSchema, name)
	}
	b.WriteString("COMMIT;")
	if err := c.run(b.String()); err != nil {
		return fmt.Errorf("set up the database: %w", err)
	}
	return nil
}
