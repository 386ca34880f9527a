// Package ingest brings a shop's history in: orders, events, items, customers and contacts from CSV or NDJSON, and the UCI Online Retail layout.
//
// A file is read from its beginning in one pass, with bounded memory, and cut into batches of up to a thousand messages. What a file comes to depends on its bytes and
// its mapping alone: message ids derive from order numbers or from the content of rows. So a run that was stopped goes on by reading again from the beginning and
// passing over the batches that its checkpoint counts, and a second import of the same file, or of a longer one with the same orders in it, stores nothing twice.
//
// The checkpoint (table "imports") is written before its batch: it holds the counts with the batch in them, and a run that finds it stores that batch again, which
// changes nothing where the batch was stored already. So the counts are exact whenever the process died. Imported events carry no expiry: they
// are the proof that an order was imported.
//
// A row that breaks a rule is reported with line, column, reason and value, and the rest goes on.
package ingest
