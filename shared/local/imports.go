package local

import (
	"context"
	"strings"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/fault"
)

// lookForImports is how long a file that was uploaded or dropped under blobs/imports waits. On AWS the bucket tells of it at once.
const lookForImports = 2 * time.Second

// Where files wait, and where it is told what became of them; see package ingest.
const (
	droppedFiles = "imports/" + string(ShopID) + "/"
	droppedTold  = "imports/_done/" + string(ShopID) + "/"
)

// importDropped imports the files that nothing was told of yet, or that were dropped anew since. A process that dies goes on with its file after the next start.
func (w works) importDropped(ctx context.Context) {
	told := map[string]time.Time{}
	err := w.eachFile(ctx, droppedTold, func(f blob.Info) {
		told[strings.TrimSuffix(strings.TrimPrefix(f.Name, droppedTold), ".json")] = f.Modified
	})
	var waiting []string
	if err == nil {
		err = w.eachFile(ctx, droppedFiles, func(f blob.Info) {
			if at, done := told[strings.TrimPrefix(f.Name, droppedFiles)]; !done || at.Before(f.Modified) {
				waiting = append(waiting, f.Name)
			}
		})
	}
	if err != nil {
		w.complain(ctx, "dropped files could not be listed", err)
		return
	}
	for _, name := range waiting {
		if err := w.importFile(ctx, name); err != nil {
			w.complain(ctx, "import of "+name+" failed", err)
		}
	}
}

func (w works) importFile(ctx context.Context, name string) error {
	if strings.HasSuffix(name, ".map.json") {
		return nil
	}
	object, err := app.Ingest(w.Log, w.Now, w.DB, w.Blobs, w.Ring, consent.Implied)
	if err != nil {
		return err
	}
	if err = object(ctx, name); fault.Is(err, fault.Invalid) {
		return nil // it is told beside the file
	}
	return err
}

func (w works) eachFile(ctx context.Context, prefix string, each func(blob.Info)) error {
	const page = 1000
	for after := ""; ; {
		files, err := w.Blobs.List(ctx, prefix, after, page)
		if err != nil {
			return err
		}
		for _, f := range files {
			after = f.Name
			each(f)
		}
		if len(files) < page {
			return nil
		}
	}
}

// complain logs what went wrong beside the requests, unless the process is being stopped.
func (w works) complain(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		w.Log.Error(what, "err", err)
	}
}
