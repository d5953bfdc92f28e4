//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errNotHere = errors.New("this operating system does not tell")

func deviceFlushes(string) (int64, error) { return 0, errNotHere }

func writeBack(string) error { return nil }

func touchPages(int64) error { return nil }

func dropCache(string, time.Time) (int, int64, error) { return 0, 0, errNotHere }

func clientCPU() float64 { return 0 }

func preciseSleep(d time.Duration) { time.Sleep(d) }

func describeMachine(*Machine) {}
