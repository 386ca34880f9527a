package console

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/ingest"
	"shopkeeper/shared/staff"
)

// importPages are the list of files that were imported, a new one, and the rows that were refused.
var importPages = map[string]handler{
	"GET imports":                        (*view).importsPage,
	"POST imports":                       (*view).upload,
	"GET imports/{kind}/{file}/rejected": (*view).rejectedRows,
}

// maxUpload bounds a file. On AWS the gateway takes 6 MB: larger ones go into the bucket, or through the command line.
const maxUpload = 32 << 20

type importsView struct {
	Imports []importRow
	Kinds   []importKind
	Kind    string
	Wrong   map[string]string
	May     bool
}

// importRow is a file in the list.
type importRow struct {
	admin.Import
	MayRows bool // rows were refused, and the reader may see them
}

// importKind is a kind of file with what it is good for.
type importKind struct{ Kind, About string }

var importWords = map[string]string{
	"contacts": "Contacts and their permissions", "customers": "Customers", "orders": "Orders", "items": "Items of the catalog",
	"events": "Events, one JSON object a line", "online-retail": "Invoices, one line each", "campaign": "A finished campaign",
}

func (v *view) importsPage() error { return v.imports(http.StatusOK, importsView{Kind: "contacts"}) }

func (v *view) imports(status int, p importsView) error {
	list, err := v.Admin.Imports(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	for _, im := range list {
		p.Imports = append(p.Imports, importRow{im, im.Result != nil && im.Result.Rejected > 0 && v.actor().May(staff.RejectedRead)})
	}
	for _, kind := range ingest.Kinds() {
		p.Kinds = append(p.Kinds, importKind{kind, cmp.Or(importWords[kind], kind)})
	}
	p.May = v.actor().May(staff.ImportsEdit)
	if v.isLive() {
		return v.part("imports", "files", p)
	}
	return v.page(status, "imports", "Imports", p)
}

// upload stores a file as it is read: it is never whole in memory. The fields of its form come before it.
func (v *view) upload() error {
	v.r.Body = http.MaxBytesReader(v.w, v.body, maxUpload)
	parts, err := v.r.MultipartReader()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the form cannot be read")
	}
	fields := map[string]string{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return v.imports(http.StatusUnprocessableEntity, importsView{Kind: fields["kind"], Wrong: map[string]string{"file": "Choose a file first."}})
		}
		if err != nil {
			return unread(err)
		}
		if part.FormName() == "file" {
			return v.take(fields, part)
		}
		text, err := io.ReadAll(io.LimitReader(part, 1<<10))
		if err != nil {
			return unread(err)
		}
		fields[part.FormName()] = string(text)
	}
}

// unread is why an upload could not be read.
func unread(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	return fault.Wrap(fault.Invalid, err, "the form cannot be read")
}

func (v *view) take(fields map[string]string, file *multipart.Part) error {
	if err := v.Staff.CheckCSRF(v.session, fields["csrf"]); err != nil {
		return err
	}
	if file.FileName() == "" {
		return v.imports(http.StatusUnprocessableEntity, importsView{Kind: fields["kind"], Wrong: map[string]string{"file": "Choose a file first."}})
	}
	_, err := v.Admin.Upload(v.ctx(), v.actor(), admin.Upload{Kind: fields["kind"], Name: file.FileName(), Content: file})
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	if reasons, ok := wrong(err); ok {
		return v.imports(http.StatusUnprocessableEntity, importsView{Kind: fields["kind"], Wrong: reasons})
	}
	if err != nil {
		return err
	}
	return v.to("imports", "imported")
}

// rejectedRows is the list of refused rows, to be opened in a spreadsheet.
func (v *view) rejectedRows() error {
	kind, file := v.r.PathValue("kind"), v.r.PathValue("file")
	rows, err := v.Admin.Rejected(v.ctx(), v.actor(), path.Join(kind, file))
	if err != nil {
		return err
	}
	defer rows.Close()
	return v.download("text/csv; charset=utf-8", strings.TrimSuffix(file, ".csv")+".rejected.csv", func(w io.Writer) error {
		_, err := io.Copy(w, rows)
		return err
	})
}

// download answers a file to be saved. What write fails at before its first byte becomes a page.
func (v *view) download(kind, name string, write func(io.Writer) error) error {
	out := &lateHeader{v: v, kind: kind, name: name}
	err := write(out)
	if err == nil {
		out.begin()
		return nil
	}
	if !out.begun {
		return err
	}
	v.log.Error("a file was cut short", "path", v.r.URL.Path, "err", err)
	panic(http.ErrAbortHandler) // the browser must not take it for whole
}

// lateHeader writes the header of a file with its first byte.
type lateHeader struct {
	v          *view
	kind, name string
	begun      bool
}

func (l *lateHeader) begin() {
	if !l.begun {
		l.begun = true
		l.v.w.Header().Set("Content-Type", l.kind)
		l.v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": l.name}))
	}
}

func (l *lateHeader) Write(p []byte) (int, error) {
	l.begin()
	return l.v.w.Write(p)
}
