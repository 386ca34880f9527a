package trigger

import (
	"log/slog"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/table"
	"shopkeeper/shared/warehouse"
)

// ProfileFunction is the whole of the profile function, on any engines.
func ProfileFunction(log *slog.Logger, now func() time.Time, store table.Store, failures queue.Queue, keys *identity.Keyring) (Changes, error) {
	fold, err := app.Profile(log, now, store, failures, keys)
	return OnEvents(log, "profile", failures, fold), err
}

// ArchiveFunction is the whole of the archive function.
func ArchiveFunction(log *slog.Logger, files blob.Store, failures queue.Queue) Changes {
	return OnEvents(log, "archive", failures, app.Archive(log, files, failures))
}

// IngestFunction is the whole of the ingest function; see app.Ingest for standard.
func IngestFunction(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, keys *identity.Keyring, standard consent.Mode) (File, error) {
	ingest, err := app.Ingest(log, now, store, files, keys, standard)
	return OnFile(ingest), err
}

// TrainFunction is the whole of the train function. With a warehouse the lists are made there; nil: here.
func TrainFunction(log *slog.Logger, now func() time.Time, store table.Store, files blob.Store, news bus.Bus, elsewhere warehouse.Engine) Night {
	t := app.Train(log, now, store, files, news)
	t.Warehouse = elsewhere
	return Nightly(log, files, t.Night)
}
