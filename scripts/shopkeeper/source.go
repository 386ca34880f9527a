package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"shopkeeper/shared/fault"
)

// source is a file that can be opened again and again. Standard input is kept in a temporary file for that; Close removes it.
type source struct {
	name string // base name, for messages
	path string
	size int64
	temp bool
}

// openSource finds a file; "-" is standard input.
func openSource(p *program, path string) (*source, error) {
	s := &source{name: filepath.Base(path), path: path}
	if path == "-" {
		if err := s.spool(p); err != nil {
			return nil, fault.Wrap(fault.Unavailable, err, "standard input cannot be kept")
		}
	}
	info, err := os.Stat(s.path)
	if err == nil && info.IsDir() {
		err = errors.New("it is a folder")
	}
	if err != nil {
		return nil, fault.InvalidField("FILE", fmt.Sprintf("%s cannot be read: %v", path, err))
	}
	s.size = info.Size()
	return s, nil
}

func (s *source) spool(p *program) error {
	f, err := os.CreateTemp("", "shopkeeper-stdin-*")
	if err != nil {
		return err
	}
	s.name, s.path, s.temp = "stdin", f.Name(), true
	_, err = io.Copy(f, untilDone{p, p.in})
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

func (s *source) open() (io.ReadCloser, error) { return os.Open(s.path) }

// Close removes what was kept.
func (s *source) Close() error {
	if !s.temp {
		return nil
	}
	return os.Remove(s.path)
}

// untilDone ends reading when ctx ends, at the latest with the next piece that arrives.
type untilDone struct {
	ctx context.Context
	in  io.Reader
}

func (u untilDone) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.in.Read(b)
}
