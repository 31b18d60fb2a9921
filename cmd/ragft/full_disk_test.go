//go:build cgo && linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// plenty is the size of the disk while it is not full.
const plenty = 512 << 20

// smallDisk mounts a file system of its own on a folder, where this is allowed.
func smallDisk(t *testing.T, dir string) {
	t.Helper()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", plenty))
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENODEV) {
		t.Skip("a disk that is full needs the right to mount one: ", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
}

// onDisk is how much of the disk of the current folder is in use.
func onDisk() uint64 {
	var s unix.Statfs_t
	if unix.Statfs(".", &s) != nil {
		return 0
	}
	return (s.Blocks - s.Bfree) * uint64(s.Bsize)
}

// leave leaves so much room on the small disk. While a command writes, what is in use may have become more than it was when it
// was looked at, which the system refuses.
func leave(room uint64) error {
	for end := time.Now().Add(10 * time.Second); ; {
		err := unix.Mount("", ".", "", unix.MS_REMOUNT, fmt.Sprint("size=", max(1, onDisk()+room)))
		if !errors.Is(err, unix.EINVAL) || time.Now().After(end) {
			return err
		}
	}
}

// A command that finds the disk full from the start, or whose disk is full from some moment on, says so and where, and leaves
// nothing that the next one takes for whole.
func TestFullDiskInEveryStep(t *testing.T) {
	dir := t.TempDir()
	smallDisk(t, dir)
	workplaceIn(t, dir)
	failed := map[string]int{}
	run := func(t *testing.T, c campaign, after time.Duration, room uint64) {
		if after == 0 {
			require.NoError(t, leave(room))
		}
		cmd := process(t.Context(), c.args...)
		var errs strings.Builder
		cmd.Stderr = &errs
		require.NoError(t, cmd.Start())
		if after > 0 {
			time.Sleep(after)
			require.NoError(t, leave(room))
		}
		err := cmd.Wait()
		require.NoError(t, unix.Mount("", ".", "", unix.MS_REMOUNT, fmt.Sprint("size=", plenty)))
		if err == nil {
			return
		}
		failed[c.name]++
		said := errs.String()
		require.Equal(t, exitBudget, cmd.ProcessState.ExitCode(), "%v: %s", c.args, said)
		require.Contains(t, said, "disk")
		require.Contains(t, said, ".ragft", "where")
	}
	disturb(t, 1,
		func(t *testing.T, c campaign, _ undisturbed, _ *rand.Rand) string {
			run(t, c, 0, 0)
			require.Positive(t, failed[c.name], "%s writes nothing", c.name)
			return "no room at all"
		},
		func(t *testing.T, c campaign, u undisturbed, rng *rand.Rand) string {
			room := uint64(rng.Float64() * float64(u.grew))
			run(t, c, 0, room)
			return fmt.Sprintf("room for %d of %d bytes", room, u.grew)
		},
		func(t *testing.T, c campaign, u undisturbed, rng *rand.Rand) string {
			moment := time.Duration(rng.Float64() * float64(u.took))
			run(t, c, moment, 0)
			return fmt.Sprintf("no room after %v of %v", moment, u.took)
		},
	)
}

// watchDisk finds out by how much what is in use of the disk grows, at most, until grown is called.
func watchDisk() (grown func() uint64) {
	begin, most := onDisk(), make(chan uint64)
	stop := make(chan struct{})
	go func() {
		high := begin
		for {
			high = max(high, onDisk())
			select {
			case <-stop:
				most <- high - begin
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}
